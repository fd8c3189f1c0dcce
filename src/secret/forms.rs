//! The forms in which a peer may echo a secret, and the search for them in a text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use super::{LONG, MARK, SHORTEST, prose};

/// A run of this many letters and digits of a long secret is redacted also when the rest of it
/// does not follow.
const PIECE: usize = 8;
/// An encoded form of fewer characters would also be found in texts that hold no secret.
const SHORTEST_CODE: usize = 6;
/// A value of letters alone that is shorter than this may be an ordinary word of a sentence.
const SHORTEST_WORD: usize = 8;
/// How many sums of first letters are distinguished.
const BEGINNINGS: usize = 8192;
/// How often a text is unescaped: a proxy's page may quote what another page had quoted.
const UNESCAPED: usize = 3;

/// A secret in the forms in which it may show.
pub(super) struct Forms {
    /// The value as it is.
    exact: Zeroizing<String>,
    /// Whether the value is so short, and of letters alone, that it may be an ordinary word.
    may_be_a_word: bool,
    /// Letters and digits in lower case that are looked for as a whole.
    whole: Vec<Zeroizing<Vec<u8>>>,
    /// Every piece of every form of a long one, sorted.
    pieces: Zeroizing<Vec<u64>>,
    /// How what is looked for begins: a bit for each sum of the first four letters.
    beginnings: Zeroizing<[u64; BEGINNINGS / 64]>,
}

impl Forms {
    pub(super) fn of(value: &str) -> Self {
        // `Basic dXNlcjpwYXNz` shows the password as well as its own base64 does.
        let basic = value.strip_prefix("Basic ");
        let inside = basic.and_then(|code| STANDARD.decode(code).ok()).map(Zeroizing::new);
        let password = inside
            .as_ref()
            .and_then(|inside| inside.splitn(2, |byte| *byte == b':').nth(1))
            .filter(|password| password.len() >= SHORTEST);
        let mut forms = Self {
            exact: Zeroizing::new(match password {
                Some(password) => String::from_utf8_lossy(password).into_owned(),
                None => value.to_owned(),
            }),
            may_be_a_word: false,
            whole: Vec::new(),
            pieces: Zeroizing::default(),
            beginnings: Zeroizing::new([0; BEGINNINGS / 64]),
        };
        forms.may_be_a_word = is_short_word(forms.exact.as_bytes());
        forms.take(basic.unwrap_or(value).as_bytes());
        if let Some(password) = password {
            forms.take(password);
        }
        forms.pieces.sort_unstable();
        forms.pieces.dedup();
        let pieces = forms.pieces.iter().map(|piece| beginning(&piece.to_be_bytes()));
        for at in forms.whole.iter().map(|form| beginning(form)).chain(pieces) {
            forms.beginnings[at / 64] |= 1 << (at % 64);
        }
        forms
    }

    /// Takes in every form of `value`.
    fn take(&mut self, value: &[u8]) {
        let plain = letters(value);
        let long = plain.len() >= LONG;
        let codes = encoded(value).into_iter().filter(|code| code.len() >= SHORTEST_CODE);
        for form in codes.chain([plain].into_iter().filter(|plain| plain.len() >= SHORTEST)) {
            match long {
                true => self.pieces.extend(
                    form.windows(PIECE).filter_map(|piece| piece.try_into().ok()).map(number),
                ),
                false => self.whole.push(form),
            }
        }
    }

    /// Whether a text may show one of the forms: false is certain, and quickly said.
    fn may_be_in(&self, text: &str) -> bool {
        let mut last = 0;
        for byte in text.bytes() {
            // An escape has to be read first.
            if matches!(byte, b'%' | b'\\' | b'&') {
                return true;
            }
            if byte.is_ascii_alphanumeric() {
                last = last << 8 | u32::from(byte.to_ascii_lowercase());
                let at = spread(last);
                if self.beginnings[at / 64] & 1 << (at % 64) != 0 {
                    return true;
                }
            }
        }
        text.contains(self.exact.as_str())
    }

    /// `text` with `[secret]` wherever one of the forms is.
    pub(super) fn redact(&self, text: &str) -> String {
        if !self.may_be_in(text) {
            return text.to_owned();
        }
        let mut marks: Vec<(usize, usize)> = text
            .match_indices(self.exact.as_str())
            .map(|(at, found)| (at, at + found.len()))
            .filter(|mark| !(self.may_be_a_word && prose::is_word(text, *mark)))
            .collect();
        let mut characters: Vec<Byte> =
            text.bytes().zip(0..).map(|(value, at)| Byte { value, from: at, to: at + 1 }).collect();
        for _ in 0..=UNESCAPED {
            self.search(text, &characters, &mut marks);
            match unescaped(&characters) {
                Some(plain) => characters = plain,
                None => break,
            }
        }
        marks.sort_unstable();
        replace(text, &marks)
    }

    /// Marks the places in `original` at which `text`, which is its form without escapes, shows
    /// the secret.
    fn search(&self, original: &str, text: &[Byte], marks: &mut Vec<(usize, usize)>) {
        let (seen, at): (Vec<u8>, Vec<&Byte>) = text
            .iter()
            .filter(|byte| byte.value.is_ascii_alphanumeric())
            .map(|byte| (byte.value.to_ascii_lowercase(), byte))
            .unzip();
        // What may be an ordinary word is left where a sentence has it.
        let mut mark = |from: usize, to: usize, may_be_a_word: bool| {
            if let (Some(first), Some(last)) = (at.get(from), at.get(to - 1)) {
                let found = (first.from, last.to);
                if !(may_be_a_word && prose::is_word(original, found)) {
                    marks.push(found);
                }
            }
        };
        for form in &self.whole {
            let word = is_short_word(form);
            for (from, found) in seen.windows(form.len()).enumerate() {
                if found == form.as_slice() {
                    mark(from, from + found.len(), word);
                }
            }
        }
        if self.pieces.is_empty() {
            return;
        }
        let mut run: Option<(usize, usize)> = None;
        for (from, found) in seen.windows(PIECE).enumerate() {
            let found = found.try_into().map(number).unwrap_or_default();
            if self.pieces.binary_search(&found).is_err() {
                continue;
            }
            run = match run {
                Some((first, to)) if from <= to => Some((first, from + PIECE)),
                ended => {
                    if let Some((first, to)) = ended {
                        mark(first, to, to - first < LONG);
                    }
                    Some((from, from + PIECE))
                }
            };
        }
        if let Some((first, to)) = run {
            mark(first, to, to - first < LONG);
        }
    }
}

/// Whether a form is of letters alone, and too short to be found by no coincidence.
fn is_short_word(form: &[u8]) -> bool {
    form.len() < SHORTEST_WORD && form.iter().all(u8::is_ascii_alphabetic)
}

/// `text` with `[secret]` in the place of what is marked; the marks are sorted.
fn replace(text: &str, marks: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in marks {
        if *start >= done {
            // Nothing but punctuation between two marks: one echo, written once.
            let between = text.get(done..*start).unwrap_or_default();
            if done == 0 || between.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
                out.push_str(between);
                out.push_str(MARK);
            }
        }
        done = done.max(*end);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// A byte of a text, and the bytes of the original text that it was written as.
#[derive(Clone, Copy)]
struct Byte {
    value: u8,
    from: usize,
    to: usize,
}

/// `text` with its escapes read once: `%41`, `\u0041`, `\u{41}`, `\x41`, `&#65;`, `&#x41;`;
/// a named entity is punctuation. None when it has no escape.
fn unescaped(text: &[Byte]) -> Option<Vec<Byte>> {
    let mut plain = Vec::with_capacity(text.len());
    let (mut at, mut changed) = (0, false);
    while let Some(byte) = text.get(at) {
        match escape(text.get(at..).unwrap_or_default()) {
            Some((value, length)) => {
                let to = text.get(at + length - 1).map_or(byte.to, |last| last.to);
                plain.push(Byte { value, from: byte.from, to });
                at += length;
                changed = true;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    changed.then_some(plain)
}

/// The escape at the beginning of `text`: the character and the escape's length. What is no
/// ASCII is punctuation here.
fn escape(text: &[Byte]) -> Option<(u8, usize)> {
    let value = |at: usize| text.get(at).map(|byte| byte.value);
    let run = |from: usize, most: usize, fits: fn(&u8) -> bool| {
        text.iter().skip(from).take(most).take_while(|byte| fits(&byte.value)).count()
    };
    let read = |from: usize, length: usize, radix: u32| {
        let digits: String =
            text.iter().skip(from).take(length).map(|byte| char::from(byte.value)).collect();
        u32::from_str_radix(&digits, radix)
            .ok()
            .map(|code| u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(b' '))
    };
    let hex = |from: usize, length: usize| {
        (run(from, length, u8::is_ascii_hexdigit) == length).then(|| read(from, length, 16))?
    };
    match (value(0)?, value(1)?) {
        (b'%', _) => Some((hex(1, 2)?, 3)),
        (b'\\', b'u') if value(2) == Some(b'{') => {
            let length = run(3, 6, u8::is_ascii_hexdigit);
            let end = (length > 0 && value(3 + length) == Some(b'}')).then_some(length + 4)?;
            Some((read(3, length, 16)?, end))
        }
        (b'\\', b'u' | b'U') => Some((hex(2, 4)?, 6)),
        (b'\\', b'x') => Some((hex(2, 2)?, 4)),
        (b'&', b'#') => {
            let (from, radix) = match value(2)? {
                b'x' | b'X' => (3, 16),
                _ => (2, 10),
            };
            let length = run(from, 8, u8::is_ascii_hexdigit);
            let semicolon = usize::from(value(from + length) == Some(b';'));
            (length > 0).then_some(())?;
            Some((read(from, length, radix)?, from + length + semicolon))
        }
        (b'&', first) if first.is_ascii_alphabetic() => {
            let length = run(1, 31, u8::is_ascii_alphanumeric);
            let name: Vec<u8> = text.iter().skip(1).take(length).map(|byte| byte.value).collect();
            (value(1 + length) == Some(b';')).then_some(())?;
            // The one entity that begins another escape.
            let character = if name.as_slice() == b"amp" { b'&' } else { b' ' };
            Some((character, length + 2))
        }
        _ => None,
    }
}

/// Letters and digits alone, in lower case.
fn letters(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len()));
    out.extend(
        bytes.iter().filter(|b| b.is_ascii_alphanumeric()).map(|byte| byte.to_ascii_lowercase()),
    );
    out
}

/// The encodings that a peer may echo a value in: base64 and base32 at each alignment (both
/// alphabets of base64 have the same letters and digits), and hexadecimal. Only the characters
/// that the value alone decides.
fn encoded(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = Vec::new();
    forms.extend((0..3).map(|before| code(value, before, 6, |bytes| STANDARD.encode(bytes))));
    forms.extend((0..5).map(|before| code(value, before, 5, |bytes| BASE32_NOPAD.encode(bytes))));
    forms
        .extend((0..5).map(|before| code(value, before, 5, |bytes| BASE32HEX_NOPAD.encode(bytes))));
    forms.push(code(value, 0, 4, |bytes| HEXLOWER.encode(bytes)));
    forms
}

/// The letters and digits that `value` has in an encoding of `bits` a character when `before`
/// bytes are in front of it.
fn code(
    value: &[u8],
    before: usize,
    bits: usize,
    encode: impl Fn(&[u8]) -> String,
) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(Vec::with_capacity(value.len() + before));
    padded.resize(before, b' ');
    padded.extend_from_slice(value);
    let code = Zeroizing::new(encode(&padded).into_bytes());
    let first = (before * 8).div_ceil(bits);
    let last = padded.len() * 8 / bits;
    letters(code.get(first..last).unwrap_or_default())
}

/// The sum of a form's first four letters; no form is shorter.
fn beginning(form: &[u8]) -> usize {
    spread(form.iter().take(4).fold(0, |sum, letter| sum << 8 | u32::from(*letter)))
}

/// Spreads four letters over [`BEGINNINGS`] (Knuth's multiplicative hashing).
const fn spread(letters: u32) -> usize {
    (letters.wrapping_mul(2_654_435_761) >> 16) as usize % BEGINNINGS
}

const fn number(piece: [u8; PIECE]) -> u64 {
    u64::from_be_bytes(piece)
}
