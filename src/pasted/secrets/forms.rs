//! What has the form of a secret, whatever name it has.

use crate::secret::{MARK, looks_like_a_key};

/// The beginning and the end of a key as files hold it.
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// A run of base64 is a key from this length on.
const KEY: usize = 32;
/// Changes between letters and digits and between cases that such a run has at least.
const CHANGES: usize = 6;
/// A run of base64 for URLs is random from this length on.
const RANDOM: usize = 40;
/// A part of a path is a word from this many letters on.
const WORD: usize = 5;

/// Without what a terminal takes for colours: it may stand between a name and its value.
pub(super) fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |c: char| c.is_ascii_digit() || c == ';';
        let rest = part.trim_start_matches(digits);
        out.push_str(rest.strip_prefix('m').unwrap_or(part));
    }
    out
}

/// Without private keys in PEM: what is between the lines that begin and end one. Of one that is cut,
/// everything that may be a part of it.
pub(super) fn without_private_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, label, behind)) = begins(rest) {
        let ends = match behind.find(END) {
            Some(at) => at,
            None => behind.find(|c: char| !is_of_pem(c)).unwrap_or(behind.len()),
        };
        out.push_str(before);
        match label.contains("PRIVATE KEY") {
            true => out.push_str(MARK),
            false => out.push_str(&behind[..ends]),
        }
        rest = &behind[ends..];
    }
    out + rest
}

/// The text up to the first beginning, what begins there, and what is behind it.
fn begins(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find(BEGIN)? + BEGIN.len();
    let label = &text[start..start + text[start..].find(DASHES)?];
    let (before, behind) = text.split_at(start + label.len() + DASHES.len());
    Some((before, label, behind))
}

fn is_of_pem(c: char) -> bool {
    c.is_ascii_alphanumeric() || c.is_whitespace() || "+/=\\-:,".contains(c)
}

/// Without what URLs hold between the user and the host, and what proxies are given in the same form
/// without a scheme.
pub(super) fn without_user_info(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    let mut out = String::with_capacity(text.len());
    for run in text.split_inclusive(ends) {
        let mut rest = run;
        // A list of URLs is one run: each ends where the next scheme does.
        while let Some(at) = rest.find("://").map(|at| at + 3) {
            let next = rest[at..].find("://").map_or(rest.len(), |next| at + next);
            out.push_str(&rest[..at]);
            out.push_str(&url(&rest[at..next], &rest[..at]));
            rest = &rest[next..];
        }
        out.push_str(&bare(rest));
    }
    out
}

/// A URL behind its scheme.
fn url(text: &str, scheme: &str) -> String {
    let authority = text.find(['/', '?', '#']).unwrap_or(text.len());
    let Some(at) = text.rfind('@').filter(|_| !scheme.ends_with("file://")) else {
        return text.to_owned();
    };
    // An `@` behind the host is the user's only where a password has a sign that ends a host.
    match (text[..at].find(':'), at < authority) {
        (Some(colon), _) => format!("{}:{MARK}{}", &text[..colon], &text[at..]),
        (None, true) => format!("{MARK}{}", &text[at..]),
        (None, false) => text.to_owned(),
    }
}

/// `user:password@host`, alone or as the value of a name.
fn bare(text: &str) -> String {
    let Some(at) = text.rfind('@') else { return text.to_owned() };
    match text[..at].find(':') {
        Some(colon) if at > colon + 1 && !text[colon..at].contains(['/', '\\']) => {
            format!("{}:{MARK}{}", &text[..colon], &text[at..])
        }
        _ => text.to_owned(),
    }
}

/// Without what elements of XML hold whose name says that it is secret and that have attributes or a
/// prefix; the text of the others has the form of a value.
pub(super) fn without_elements(text: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at + 1);
        out.push_str(before);
        rest = tag;
        let name = &tag[..tag.find(|c| !is_name(c)).unwrap_or(tag.len())];
        let local = name.rsplit(':').next().unwrap_or_default();
        if name.is_empty() || !is_secret(local) {
            continue;
        }
        // A tag that is not closed, or that has nothing in it, holds no text.
        let end = tag.find(['<', '>']).filter(|end| tag[*end..].starts_with('>'));
        let Some(end) = end.filter(|end| !tag[..*end].ends_with('/')) else { continue };
        let inside = &tag[end + 1..];
        let length = inside.find("</").or_else(|| inside.find('\n')).unwrap_or(inside.len());
        if inside[..length].trim().is_empty() || tag[name.len()..end].is_empty() && name == local {
            continue;
        }
        out.push_str(&tag[..=end]);
        out.push_str(MARK);
        rest = &inside[length..];
    }
    out + rest
}

/// Without what a shell gives a program as its input, `program <<< secret`. At the beginning of a line the
/// sign is of a dump of HTTP or of a conflict in a file.
pub(super) fn without_here_strings(text: &str) -> String {
    const SIGN: &str = "<<<";
    let mut parts = text.split(SIGN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut behind_words = ends_in_words(&out, false);
    for part in parts {
        let is_input = behind_words;
        behind_words = ends_in_words(part, behind_words);
        let word = part.trim_start_matches([' ', '\t']);
        let word = word.trim_start_matches('$');
        let ends = |c: char| match word.chars().next().filter(|c| ['"', '\''].contains(c)) {
            Some(quote) => ['\n', '\r', quote].contains(&c),
            None => c.is_whitespace(),
        };
        let from = usize::from(word.starts_with(['"', '\'']));
        let end = word[from..].find(ends).map_or(word.len(), |end| from + end);
        out.push_str(SIGN);
        match is_input && end > from {
            true => {
                out.push_str(&part[..part.len() - word.len() + from]);
                out.push_str(MARK);
                out.push_str(&word[end..]);
            }
            false => out.push_str(part),
        }
    }
    out
}

/// Whether the last line of a text has words of a command; `before`: what it goes on with has some.
fn ends_in_words(text: &str, before: bool) -> bool {
    let is_of_command = |c: char| c.is_alphanumeric() || "(){}\"'`$".contains(c);
    let of_text = text.rfind('\n').map(|at| (at, at + 1));
    // A text in JSON has its ends of lines as `\n` in it.
    let of_json = text.rfind("\\n").map(|at| (at, at + 2));
    let Some((end, start)) = of_text.max(of_json) else {
        return before || text.contains(is_of_command);
    };
    // A command goes on behind a `\` at the end of its line.
    text[..end].trim_end_matches('\r').ends_with('\\') || text[start..].contains(is_of_command)
}

/// Without words in the form of a key or a token.
pub(super) fn without_words_of_keys(text: &str) -> String {
    let base64 = |c: char| c.is_ascii_alphanumeric() || "/+=".contains(c);
    let joined = |c: char| c.is_ascii_alphanumeric() || "~._-+=".contains(c);
    let token = |word: &str| word.starts_with("eyJ") && word.len() >= 20;
    let url_safe = |word: &str| {
        word.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).any(is_random)
    };
    let text = replaced(text, base64, is_base64_of_a_key);
    replaced(&text, joined, |word| token(word) || looks_like_a_key(word) || url_safe(word))
}

/// `text` with the mark in the place of the runs of these characters that are a secret.
fn replaced(text: &str, joined: impl Fn(char) -> bool, secret: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(&joined) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c| !joined(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(if secret(word) { MARK } else { word });
        rest = after;
    }
    out + rest
}

/// Whether a run with `/` in it is the base64 of a key, and not a path: cases and digits change often,
/// and no part is a word.
fn is_base64_of_a_key(run: &str) -> bool {
    let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
    let is_word = |part: &str| part.len() >= WORD && part.bytes().all(|b| b.is_ascii_lowercase());
    run.contains('/')
        && run.len() >= KEY
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && changes(run) >= CHANGES
        && !run.split(['/', '+', '=']).any(is_word)
}

/// Whether a run of base64 for URLs, `-` and `_` in it, is random, as tokens and codes of 256 bits are:
/// nearly every sign is of another kind than the one before it, and names are not so.
fn is_random(run: &str) -> bool {
    run.len() >= RANDOM
        && run.bytes().filter(u8::is_ascii_digit).count() >= 3
        && changes_by_chance(run)
}

/// Whether digits, capitals and other letters follow each other as often as they do by chance.
pub(super) fn changes_by_chance(run: &str) -> bool {
    changes(run) * 5 >= run.len() * 2
}

/// How often a digit, a capital and another letter follow each other.
fn changes(run: &str) -> usize {
    let kind = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let pairs = run.as_bytes().windows(2).filter(|pair| {
        pair.iter().all(u8::is_ascii_alphanumeric) && kind(pair[0]) != kind(pair[1])
    });
    pairs.count()
}
