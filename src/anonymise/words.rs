//! Names and words: what takes the place of each, and which words identify no one.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use super::{inside, known};
use crate::evidence::text::is_guid;
use crate::texts;

/// Words of messages and of products that the pages of the findings do not have.
const KEPT: &str = include_str!("words.txt");

/// The longest run of digits that stays: ports, codes, years, not ids.
const MOST_DIGITS: usize = 5;
/// The digits of a phone number, at least.
const PHONE_DIGITS: usize = 7;

/// The replacements of one run.
pub(super) struct Words {
    /// By what was there, in lower case.
    replaced: BTreeMap<String, String>,
    /// How many of a kind there are.
    counts: BTreeMap<&'static str, u32>,
}

/// Words that identify no one, in lower case.
static ORDINARY: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let words = texts::all().split(|c: char| !c.is_ascii_alphanumeric());
    // Two letters next to digits are hexadecimal ones.
    let words = words.flat_map(|word| {
        let runs = word.split(|c: char| !c.is_ascii_alphabetic());
        runs.filter(|run| run.len() > 2 || run.len() == word.len())
    });
    let words = words.chain(KEPT.split_whitespace()).map(str::to_ascii_lowercase);
    let mut ordinary: HashSet<String> = words.collect();
    for example in known::EXAMPLES {
        ordinary.remove(*example);
    }
    ordinary
});

impl Words {
    pub(super) fn new() -> Self {
        Self { replaced: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// What takes the place of a name, in every case that it is written in.
    pub(super) fn replace(&mut self, name: &str, kind: &'static str) -> String {
        self.replace_by(name, kind, |number| format!("{kind}-{number}"))
    }

    /// The same in a form of its own, made of a number that nothing else of this kind has.
    pub(super) fn replace_by(
        &mut self,
        name: &str,
        kind: &'static str,
        form: impl FnOnce(u32) -> String,
    ) -> String {
        let name = name.to_ascii_lowercase();
        if let Some(found) = self.replaced.get(&name) {
            return found.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let new = form(*count);
        self.replaced.insert(name, new.clone());
        new
    }

    /// What takes the place of a name, if one was given to it.
    pub(super) fn replacement(&self, name: &str) -> Option<String> {
        self.replaced.get(&name.to_ascii_lowercase()).cloned()
    }

    /// An id in the form that it has: a GUID stays a GUID, and a hash a number of its length.
    pub(super) fn id(&mut self, id: &str) -> String {
        if known::GUIDS.iter().any(|known| known.eq_ignore_ascii_case(id)) {
            return id.to_owned();
        }
        let hex = id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (is_guid(id), hex) {
            (true, _) => {
                self.replace_by(id, "guid", |n| format!("00000000-0000-4000-8000-{n:012x}"))
            }
            (false, true) => {
                self.replace_by(id, "hash", |n| format!("{n:0width$x}", width = id.len()))
            }
            _ => self.replace(id, "id"),
        }
    }

    /// Whether a word identifies no one: one of the program's own texts, a short number, or made
    /// of such parts, as `AzureCliCredential` and `ERR_ACCESS_DENIED` are.
    pub(super) fn is_ordinary(&self, word: &str) -> bool {
        if inside::has_prefix(word) {
            return false;
        }
        if word.bytes().all(|byte| byte.is_ascii_digit() || b".:+-/,TZ_".contains(&byte)) {
            return is_plain_number(word);
        }
        if !word.is_ascii() || self.counts.keys().any(|kind| is_numbered(word, kind)) {
            return false;
        }
        let parts: Vec<&str> = word.split(['-', '_', '.']).collect();
        let short = |part: &&str| part.len() <= 2;
        if parts.len() > 2 && parts.iter().all(short) {
            return false;
        }
        let numbered = word.bytes().any(|byte| byte.is_ascii_digit());
        parts.into_iter().all(|part| self.is_ordinary_part(part, numbered))
    }

    /// Whether a word has two letters that are no word: `BP`, `hq01`.
    pub(super) fn is_short_name(&self, word: &str) -> bool {
        let numbered = known::NUMBERED.contains(&word.to_ascii_lowercase().as_str());
        !numbered && has_two_letters(word, is_known)
    }

    /// Whether a word has two capitals that are no word. In a sentence other pairs of letters may
    /// be words of a language.
    pub(super) fn is_short_name_in_capitals(&self, word: &str) -> bool {
        let capitals = |letters: &str| letters.bytes().all(|byte| byte.is_ascii_uppercase());
        has_two_letters(word, |letters| {
            !capitals(letters) || is_known(letters) || known::KEYS.contains(&letters)
        })
    }

    /// Whether the words of an owner's name are those of public certificate authorities and of
    /// products that inspect TLS, with the numbers of a series, a year or an algorithm.
    pub(super) fn is_authority(&self, word: &str) -> bool {
        word.split(['-', '_', '.']).all(|part| {
            let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
            let digits = &part[letters.len()..];
            match letters.to_ascii_lowercase().as_str() {
                "" if part.len() < word.len() => false,
                "" => digits.len() <= 2 || digits.len() == 4 && digits.starts_with("20"),
                one if known::SERIES.contains(&one) => (1..=2).contains(&digits.len()),
                one => digits.len() <= 4 && known::AUTHORITIES.split_whitespace().any(|w| w == one),
            }
        })
    }

    /// `numbered`: whether the word that this is a part of has digits.
    fn is_ordinary_part(&self, part: &str, numbered: bool) -> bool {
        let runs = runs(part);
        let numbers = runs.iter().filter(|run| run.starts_with(|c: char| c.is_ascii_digit()));
        // Letters and digits in turn are an id, unless most are letters of words.
        let letters: usize = runs.iter().map(|run| if run.len() > 2 { run.len() } else { 0 }).sum();
        if part.len() > 3 && numbers.count() > 1 && letters * 2 < part.len() {
            return false;
        }
        let whole = part.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
        if whole == "aadsts" {
            return true;
        }
        let short = |letters: &str| letters.len() <= 2;
        if part.len() - whole.len() <= MOST_DIGITS && ORDINARY.contains(&whole) && !short(&whole) {
            return true;
        }
        // One or two letters next to digits are how staff and machines are numbered.
        let lower = part.to_ascii_lowercase();
        let known = known::NUMBERED.contains(&lower.as_str());
        let size = match *runs.as_slice() {
            [number, unit] => number.len() <= MOST_DIGITS && known::UNITS.contains(&unit),
            _ => false,
        };
        known
            || size
            || runs.iter().all(|run| match run.starts_with(|c: char| c.is_ascii_digit()) {
                true => run.len() <= MOST_DIGITS,
                false if short(run) => !numbered && run.bytes().all(|b| b.is_ascii_alphabetic()),
                false => self.is_camel(run),
            })
    }

    /// Whether letters are words written together, each with a capital.
    fn is_camel(&self, letters: &str) -> bool {
        let known = |word: &str| ORDINARY.contains(&word.to_ascii_lowercase());
        if known(letters) {
            return true;
        }
        let bytes = letters.as_bytes();
        let mut start = 0;
        let mut words = Vec::new();
        for at in 1..bytes.len() {
            let next = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let rises = bytes[at].is_ascii_uppercase();
            if rises && (bytes[at - 1].is_ascii_lowercase() || next) {
                words.push(&letters[start..at]);
                start = at;
            }
        }
        words.push(&letters[start..]);
        words.len() > 1 && words.iter().all(|word| known(word))
    }
}

/// Whether a text has two letters alone that are not known.
pub(super) fn has_two_letters(text: &str, known: impl Fn(&str) -> bool) -> bool {
    text.split(|c: char| !c.is_alphabetic())
        .any(|letters| letters.chars().count() == 2 && !known(letters))
}

fn is_known(letters: &str) -> bool {
    let lower = letters.to_ascii_lowercase();
    ORDINARY.contains(&lower) || known::LABELS.contains(&lower.as_str())
}

/// Runs of letters and runs of digits.
fn runs(part: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let bytes = part.as_bytes();
    for at in 1..bytes.len() {
        if bytes[at].is_ascii_digit() != bytes[at - 1].is_ascii_digit() {
            runs.push(&part[start..at]);
            start = at;
        }
    }
    if start < part.len() {
        runs.push(&part[start..]);
    }
    runs
}

/// Whether a word is one that this module makes, as in a report that was anonymised before.
fn is_numbered(word: &str, kind: &str) -> bool {
    let rest = word.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether digits and signs are a version, a date or a short number: no long id, no phone number,
/// and no address with other signs between its bytes, as `10-0-0-1`.
fn is_plain_number(text: &str) -> bool {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let lengths: Vec<usize> = runs.map(str::len).collect();
    let bytes = lengths.len() == 4 && lengths.iter().all(|length| *length <= 3);
    let hyphens = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    let joined = hyphens && lengths.len() > 1 && lengths.iter().sum::<usize>() >= PHONE_DIGITS;
    let phone = joined && !matches!(*lengths, [4, 2, 2]);
    let short = lengths.iter().all(|length| *length <= MOST_DIGITS);
    short && !bytes && !phone && lengths.len() <= 8
}
