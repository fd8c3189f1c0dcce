//! A value that nothing can print: keys, tokens, passwords.
//!
//! No `Display`, no `Clone`, no `Serialize`; `Debug` says `[secret]`; the memory is wiped
//! when it is dropped. Only the wire may look inside.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Values shorter than this are left alone in texts: they would blot out half of them and are
/// no secrets.
const SHORTEST: usize = 4;
/// A run of this many letters and digits of a long secret is blotted out also when the rest
/// of it does not follow.
const PIECE: usize = 8;
/// A secret of this many letters and digits is long: a piece of it in a text is no chance.
const LONG: usize = 16;

/// A key, token or password.
pub struct Secret {
    value: Zeroizing<String>,
    /// What a text is searched for, made when the first text comes.
    traces: OnceLock<Traces>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl Secret {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self { value: Zeroizing::new(value), traces: OnceLock::new() }
    }

    /// The value, for writing it to the one peer that it is meant for, and for judging its form.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.value
    }

    /// `text` with this secret replaced by `[secret]` wherever it shows: peers echo.
    ///
    /// Found in any letter case and with anything but letters and digits between its
    /// characters; of a long one also each piece of eight characters, as it is, in base64, in
    /// percent encoding and in hexadecimal. Values shorter than four characters are left alone.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        if self.value.len() < SHORTEST || text.is_empty() {
            return text.to_owned();
        }
        self.traces.get_or_init(|| Traces::of(&self.value)).blot(text)
    }

    /// Whether a text that the user typed holds this value, in whatever letter case. A value
    /// of less than sixteen characters may be an ordinary word, and is not looked for.
    #[must_use]
    pub fn stands_in(&self, text: &str) -> bool {
        self.value.len() >= LONG
            && text
                .as_bytes()
                .windows(self.value.len())
                .any(|found| found.eq_ignore_ascii_case(self.value.as_bytes()))
    }
}

/// Whether a word that the user typed may be a key, put where a name belongs: it must not be
/// repeated in a message, nor asked of a name server.
#[must_use]
pub fn looks_like_a_key(word: &str) -> bool {
    let run = |part: &str| {
        part.len() >= 24
            && part.bytes().any(|octet| octet.is_ascii_digit())
            && part.bytes().any(|octet| octet.is_ascii_alphabetic())
    };
    // Client secrets of Entra ID hold a tilde, and these between their letters and digits.
    let joins = |c: char| word.contains('~') && "~._-".contains(c);
    !word.contains('/') && word.split(|c: char| !c.is_ascii_alphanumeric() && !joins(c)).any(run)
}

/// A secret in the forms in which it may show.
struct Traces {
    /// The value as it is.
    exact: Zeroizing<String>,
    /// The letters and digits of a short one, in lower case; empty for a long one.
    whole: Zeroizing<Vec<u8>>,
    /// Every piece of every form of a long one, sorted.
    pieces: Zeroizing<Vec<u64>>,
}

impl Traces {
    fn of(value: &str) -> Self {
        let plain = letters(value.as_bytes());
        // `Basic dXNlcjpwYXNz` shows the password as well as its own base64 does.
        let inside = value.strip_prefix("Basic ").and_then(|code| STANDARD.decode(code).ok());
        let inside = Zeroizing::new(inside.unwrap_or_default());
        let password = inside.splitn(2, |octet| *octet == b':').nth(1).unwrap_or_default();
        if plain.len() < LONG {
            return Self {
                exact: Zeroizing::new(value.to_owned()),
                whole: plain,
                pieces: Zeroizing::default(),
            };
        }
        let mut pieces = Zeroizing::new(Vec::with_capacity(value.len() * 8));
        let mut take = |form: &[u8]| {
            pieces.extend(form.windows(PIECE).filter_map(|piece| piece.try_into().ok()).map(piece));
        };
        take(match value.strip_prefix("Basic ") {
            Some(_) => plain.get(b"basic".len()..).unwrap_or_default(),
            None => &plain,
        });
        for value in [value.as_bytes(), password].into_iter().filter(|v| v.len() >= LONG) {
            take(&letters(value));
            for form in encoded(value) {
                take(&letters(&form));
            }
        }
        pieces.sort_unstable();
        pieces.dedup();
        let exact = match password.len() {
            SHORTEST.. => String::from_utf8_lossy(password).into_owned(),
            _ => value.to_owned(),
        };
        let whole = match password.len() {
            PIECE..LONG => letters(password),
            _ => Zeroizing::default(),
        };
        Self { exact: Zeroizing::new(exact), whole, pieces }
    }

    fn blot(&self, text: &str) -> String {
        let mut marks: Vec<(usize, usize)> =
            text.match_indices(self.exact.as_str()).map(|(at, m)| (at, at + m.len())).collect();
        let (seen, at): (Vec<u8>, Vec<usize>) = text
            .bytes()
            .zip(0..)
            .filter(|(octet, _)| octet.is_ascii_alphanumeric())
            .map(|(octet, at)| (octet.to_ascii_lowercase(), at))
            .unzip();
        let mut mark = |from: usize, length: usize| {
            if let (Some(start), Some(end)) = (at.get(from), at.get(from + length - 1)) {
                marks.push((*start, *end + 1));
            }
        };
        if self.whole.len() >= SHORTEST {
            for (from, found) in seen.windows(self.whole.len()).enumerate() {
                if found == self.whole.as_slice() {
                    mark(from, found.len());
                }
            }
        }
        for (from, found) in seen.windows(PIECE).enumerate() {
            let found = found.try_into().map(piece).unwrap_or_default();
            if self.pieces.binary_search(&found).is_ok() {
                mark(from, PIECE);
            }
        }
        marks.sort_unstable();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for (start, end) in marks {
            if start >= done {
                // Nothing but punctuation between two marks: one echo, written once.
                let between = text.get(done..start).unwrap_or_default();
                if done == 0 || between.bytes().any(|octet| octet.is_ascii_alphanumeric()) {
                    out.push_str(between);
                    out.push_str("[secret]");
                }
            }
            done = done.max(end);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }
}

/// Letters and digits alone, in lower case.
fn letters(octets: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(octets.len()));
    out.extend(
        octets.iter().filter(|o| o.is_ascii_alphanumeric()).map(|octet| octet.to_ascii_lowercase()),
    );
    out
}

/// The encodings that a peer may echo a value in: base64 at each of its three alignments (its
/// two alphabets have the same letters and digits), percent encoding, hexadecimal.
fn encoded(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let mut padded = Zeroizing::new(Vec::with_capacity(value.len() + before));
        padded.resize(before, b' ');
        padded.extend_from_slice(value);
        let code = Zeroizing::new(STANDARD.encode(padded.as_slice()).into_bytes());
        // The first and the last group also hold bits of what stands beside the value.
        let end = code.len().saturating_sub(4);
        let inside = if before == 0 { code.get(..) } else { code.get(4..end) };
        forms.push(Zeroizing::new(inside.unwrap_or_default().to_vec()));
    }
    let hex = |octet: &u8| {
        let digit = |nibble: u8| b"0123456789abcdef".get(usize::from(nibble)).copied();
        [digit(octet >> 4), digit(octet & 15)].into_iter().flatten()
    };
    let mut digits = Zeroizing::new(Vec::with_capacity(value.len() * 2));
    digits.extend(value.iter().flat_map(hex));
    forms.push(digits);
    let mut percent = Zeroizing::new(Vec::with_capacity(value.len() * 3));
    for octet in value {
        match octet {
            o if o.is_ascii_alphanumeric() => percent.push(*o),
            other => percent.extend(hex(other)),
        }
    }
    forms.push(percent);
    forms
}

const fn piece(octets: [u8; PIECE]) -> u64 {
    u64::from_be_bytes(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";

    fn scrub(value: &str, text: &str) -> String {
        Secret::new(value.to_owned()).scrub(text)
    }

    #[test]
    fn debug_and_echo_show_nothing() {
        let secret = Secret::new("canary-1234".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.scrub("key=canary-1234!"), "key=[secret]!");
        assert_eq!(secret.scrub("key=CANARY 1234!"), "key=[secret]!");
        assert_eq!(scrub("abc", "abc abc"), "abc abc");
        assert_eq!(scrub("p\u{e4}ss", "say p\u{e4}ss"), "say [secret]");
    }

    #[test]
    fn an_echo_in_another_dress_is_seen() {
        let upper = KEY.to_uppercase();
        let split = format!("{}\" \\\n + \"{}", &KEY[..16], &KEY[16..]);
        let first = format!("{}...", &KEY[..9]);
        for (text, shown) in [
            (KEY, "<[secret]>"),
            (upper.as_str(), "<[secret]>"),
            (split.as_str(), "<[secret]>"),
            (first.as_str(), "<[secret]...>"),
        ] {
            assert_eq!(scrub(KEY, &format!("<{text}>")), shown);
        }
    }

    #[test]
    fn encodings_of_a_long_secret_leave_no_run_of_it() {
        let token = "ab/cd+ef=gh.ij_kl-mn:op?qr&st%uvwx";
        let code = |text: String| STANDARD.encode(text);
        let percent: String = token.bytes().map(|b| format!("%{b:02X}")).collect();
        for echo in [
            code(token.to_owned()),
            code(format!("api-key: {token}\r\n")),
            code(format!("Bearer {token}")),
            percent,
            url::form_urlencoded::byte_serialize(token.as_bytes()).collect(),
        ] {
            let shown = scrub(token, &format!("it said {echo} to us"));
            assert!(shown.contains("[secret]"), "{shown}");
            assert!(shown.starts_with("it said ") && shown.ends_with(" to us"), "{shown}");
            for run in echo.as_bytes().windows(16).skip(12) {
                let run = String::from_utf8_lossy(run).into_owned();
                let inside = !run.contains('=') && echo.find(&run) < Some(echo.len() - 24);
                assert!(!inside || !shown.contains(&run), "{run} of {echo} in {shown}");
            }
        }
    }

    #[test]
    fn a_proxy_password_is_seen_without_its_frame() {
        let basic = format!("Basic {}", STANDARD.encode("user:canary-1234"));
        for echo in ["canary-1234", "CANARY-1234", &basic, &basic[6..]] {
            let shown = scrub(&basic, &format!("denied for {echo}."));
            assert!(shown.starts_with("denied for "), "{shown}");
            assert!(!shown.to_lowercase().contains("canary"), "{shown}");
            assert!(!shown.contains(&basic[6..20]), "{shown}");
        }
        assert_eq!(scrub(&basic, "Basic realm=\"user\""), "Basic realm=\"user\"");
    }

    #[test]
    fn a_key_in_the_place_of_a_name_is_known() {
        let secret = Secret::new(KEY.to_owned());
        assert!(secret.stands_in(&format!("https://{}.corp/", KEY.to_uppercase())));
        assert!(!secret.stands_in("myacct") && !Secret::new("test".into()).stands_in("test"));
        assert!(looks_like_a_key(KEY));
        for name in ["myacct", "/run/secrets/9f8e7d6c5b4a39281706f5e4d3c2b1a0", "aoai-prod-key.txt"]
        {
            assert!(!looks_like_a_key(name), "{name}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        let text = "Access denied due to Virtual Network/Firewall rules. Request id \
                    0f8fad5b-d9cb-469f-a165-70867728950e, 2024-10-21, East US 2";
        assert_eq!(scrub(KEY, text), text);
    }
}
