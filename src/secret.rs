//! A value that nothing can print: keys, tokens, passwords.
//!
//! No `Display`, no `Clone`, no `Serialize`; `Debug` says `[secret]`; the memory is wiped
//! when it is dropped. Only the wire may look inside.

mod forms;
mod prose;

use std::sync::OnceLock;

use zeroize::Zeroizing;

use forms::Forms;

/// Values shorter than this are left alone in texts: they would hide half of every text and are
/// no secrets.
const SHORTEST: usize = 4;
/// A secret of this many letters and digits is long: a piece of it in a text is no coincidence.
const LONG: usize = 16;

/// What a text shows in the place of a secret.
pub const MARK: &str = "[secret]";

/// A key, token or password.
pub struct Secret {
    value: Zeroizing<String>,
    /// What a text is searched for, made when the first text comes.
    forms: OnceLock<Forms>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MARK)
    }
}

impl Secret {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self { value: Zeroizing::new(value), forms: OnceLock::new() }
    }

    /// The value, for writing it to the one peer that it is meant for, and for judging its form.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.value
    }

    /// `text` with this secret replaced by `[secret]` wherever it shows: peers echo.
    ///
    /// Found in any letter case, with anything but letters and digits between its characters,
    /// escaped as URLs, HTML, JSON and programs do, and in base64, base32 and hexadecimal; of a
    /// long one also each piece of eight characters. Values shorter than four characters are
    /// left alone, and so is an ordinary word of a sentence that a value of less than eight
    /// letters, or a piece of a long value, happens to be.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.value.len() < SHORTEST || text.is_empty() {
            return text.to_owned();
        }
        self.forms.get_or_init(|| Forms::of(&self.value)).redact(text)
    }

    /// Whether a text that the user typed holds this value, in whatever letter case. A value
    /// of less than sixteen characters may be an ordinary word, and is not looked for.
    #[must_use]
    pub fn is_contained_in(&self, text: &str) -> bool {
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
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    // Client secrets of Entra ID hold a tilde, and these between their letters and digits.
    let of_entra = word.contains('~');
    let joins = |c: char| of_entra && "~._-".contains(c);
    !word.contains('/') && word.split(|c: char| !c.is_ascii_alphanumeric() && !joins(c)).any(run)
}

/// Whether a word can hardly be anything but a key: people do not give names of that form. Keys are
/// 32 hexadecimal digits (accounts), or 40 and more letters of both cases and digits in a row (search
/// services, storage accounts, accounts since 2024, other vendors).
#[must_use]
pub fn has_form_of_a_key(word: &str) -> bool {
    holds_long_key(word) || word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text holds a key of the longer form of [`has_form_of_a_key`], a token, or a signature as
/// shared access signatures have one.
#[must_use]
pub fn holds_long_key(text: &str) -> bool {
    let words = |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c));
    let token = |word: &str| word.starts_with("eyJ") && word.contains(".eyJ");
    if text.split(words).any(token) || holds_signature(text) {
        return true;
    }
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
        run.len() >= 40
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
    })
}

/// Whether a text holds the signature of a shared access signature (fact Z29).
#[must_use]
pub(crate) fn holds_signature(text: &str) -> bool {
    let signature = |part: &str| {
        part.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("sig") && !value.is_empty()
        })
    };
    text.split(['?', '&', ';', '#']).any(signature)
}

/// Whether a text has a value that its own name says is a secret, as the parts of a connection string
/// have one (`;AccountKey=...`).
#[must_use]
pub(crate) fn names_a_secret(text: &str) -> bool {
    const NAMES: &[&str] = &["key", "secret", "token", "password", "pwd", "signature"];
    let secret = |part: &str| {
        part.split_once('=').is_some_and(|(name, value)| {
            let name = name.trim().to_ascii_lowercase();
            !value.is_empty() && NAMES.iter().any(|end| name.ends_with(end))
        })
    };
    text.split(['?', '&', ';', '#', '/']).any(secret)
}

/// The secrets of one walk, all of which are taken out of every text of a peer before it is
/// escaped, cut and kept: a peer may echo what another one was sent.
#[derive(Debug, Clone, Default)]
pub struct Redactor<'a>(Vec<&'a Secret>);

impl<'a> Redactor<'a> {
    /// A redactor of these secrets.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// These and one more.
    #[must_use]
    pub fn with(mut self, secret: impl Into<Option<&'a Secret>>) -> Self {
        self.0.extend(secret.into());
        self
    }

    /// `text` without any of the secrets; see [`Secret::redact`].
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const KEY: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";

    fn redacted(value: &str, text: &str) -> String {
        Secret::new(value.to_owned()).redact(text)
    }

    #[test]
    fn debug_and_echo_show_nothing() {
        let secret = Secret::new("canary-1234".to_owned());
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.redact("key=canary-1234!"), "key=[secret]!");
        assert_eq!(secret.redact("key=CANARY 1234!"), "key=[secret]!");
        assert_eq!(redacted("abc", "abc abc"), "abc abc");
        assert_eq!(redacted("p\u{e4}ss", "say p\u{e4}ss"), "say [secret]");
    }

    #[test]
    fn a_key_is_known_by_its_form_and_a_long_name_is_none() {
        let search = "3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9lO2qU4wXz6A";
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2ln";
        let signature = "sv=2022-11-02&ss=b&sig=aB3dE5fG7h%3D";
        let marked = [format!("sk-{search}"), format!("{search}==")];
        for key in [KEY, search, token, signature, &marked[0], &marked[1]] {
            assert!(has_form_of_a_key(key), "{key}");
        }
        for name in [
            "gpt-4o-mini-2024-07-18",
            "contosoproductionwesteuropeopenaiaccount0001",
            "11111111-2222-3333-4444-555555555555",
            "eyJlike.contoso.example",
            "sig=",
            "9f8e7d6c5b4a39281706f5e4d3c2b1a0.contoso.example",
        ] {
            assert!(!has_form_of_a_key(name), "{name}");
        }
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
            assert_eq!(redacted(KEY, &format!("<{text}>")), shown);
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
            let shown = redacted(token, &format!("it said {echo} to us"));
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
            let shown = redacted(&basic, &format!("denied for {echo}."));
            assert!(shown.starts_with("denied for "), "{shown}");
            assert!(!shown.to_lowercase().contains("canary"), "{shown}");
            assert!(!shown.contains(&basic[6..20]), "{shown}");
        }
        assert_eq!(redacted(&basic, "Basic realm=\"user\""), "Basic realm=\"user\"");
    }

    #[test]
    fn a_key_in_the_place_of_a_name_is_known() {
        let secret = Secret::new(KEY.to_owned());
        assert!(secret.is_contained_in(&format!("https://{}.corp/", KEY.to_uppercase())));
        assert!(
            !secret.is_contained_in("myacct")
                && !Secret::new("test".into()).is_contained_in("test")
        );
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
        assert_eq!(redacted(KEY, text), text);
    }

    #[test]
    fn words_of_a_sentence_stay_and_a_value_of_words_does_not_show() {
        let value = "canary-assertion-signature";
        let sentence = "AADSTS50013: Assertion failed signature validation.";
        assert_eq!(redacted(value, sentence), sentence);
        for echo in [value, "CANARY assertion signature", "canary-assertion", "n-signature"] {
            let shown = redacted(value, &format!("refused: {echo}, sorry"));
            assert!(!shown.to_lowercase().contains("signature"), "{shown}");
            assert!(!shown.to_lowercase().contains("assertion"), "{shown}");
        }
        assert_eq!(redacted("test", "the latest test failed"), "the latest test failed");
        for echo in ["bob:test@proxy", "password=test", "'test'", "password: test", "%74est"] {
            assert!(redacted("test", echo).contains("[secret]"), "{echo}");
        }
        // Eight characters and more never show, also as an ordinary word.
        assert_eq!(redacted("password", "the password was"), "the [secret] was");
    }

    #[test]
    fn an_echo_in_escapes_is_seen() {
        let dressed = |dress: fn(char) -> String| KEY.chars().map(dress).collect::<String>();
        let every_third = |escape: fn(char) -> String| {
            KEY.chars().enumerate().fold(String::new(), |mut text, (at, c)| {
                match at % 3 {
                    0 => text.push_str(&escape(c)),
                    _ => text.push(c),
                }
                text
            })
        };
        let json = |c: char| format!("\\u{:04x}", u32::from(c));
        let html = |c: char| format!("&#{};", u32::from(c));
        let html_hex = |c: char| format!("&#x{:X};", u32::from(c));
        let rust = |c: char| format!("\\u{{{:x}}}", u32::from(c));
        let c_language = |c: char| format!("\\x{:02x}", u32::from(c));
        let percent = |c: char| format!("%{:02x}", u32::from(c));
        let twice = |c: char| format!("%25{:02x}", u32::from(c));
        let both = |c: char| format!("&amp;#{};", u32::from(c));
        for echo in [
            dressed(json),
            dressed(html),
            dressed(html_hex),
            dressed(rust),
            dressed(c_language),
            dressed(percent),
            dressed(twice),
            dressed(both),
            every_third(json),
            every_third(html),
            every_third(percent),
            dressed(|c| format!("{c}\u{200b}")),
            dressed(|c| format!("{c}\r\n")),
            dressed(|c| format!("{c}\u{0}\u{1b}")),
            dressed(|c| format!("{c}\\u200b")),
            dressed(|c| format!("{c}&shy;")),
            dressed(|c| format!("{c}&#8203;")),
        ] {
            let shown = redacted(KEY, &format!("it said '{echo}' to us"));
            assert_eq!(shown.matches("[secret]").count(), 1, "{echo}: {shown}");
            assert!(shown.len() < 50, "{echo}: {shown}");
        }
    }

    #[test]
    fn base32_and_hexadecimal_are_seen_at_every_alignment() {
        use data_encoding::{BASE32, BASE32HEX, HEXUPPER};
        for value in [KEY, "canary-1234"] {
            for before in ["", "a", "ab", "abc", "abcd", "user:"] {
                let plain = format!("{before}{value}!x");
                for code in [BASE32.encode(plain.as_bytes()), BASE32HEX.encode(plain.as_bytes())] {
                    let shown = redacted(value, &code);
                    let left = shown.replace("[secret]", "").replace('=', "");
                    assert!(left.len() <= 16, "{value} in {code}: {shown}");
                }
                let code = HEXUPPER.encode(plain.as_bytes());
                let shown = redacted(value, &code);
                assert_eq!(shown.len(), "[secret]".len() + 2 * (before.len() + 2), "{shown}");
            }
        }
    }

    #[test]
    fn a_short_password_is_seen_in_base64() {
        let password = "canary-1234";
        let shown = redacted(password, &STANDARD.encode(format!("bob:{password}")));
        assert!(shown.contains("[secret]"), "{shown}");
    }

    #[test]
    fn every_secret_of_a_walk_is_taken_out() {
        let (key, password) = (Secret::new(KEY.into()), Secret::new("hunter-22".into()));
        let redactor = Redactor::new([&key, &password]);
        assert_eq!(redactor.redact(&format!("{KEY} hunter22")), "[secret] [secret]");
        assert!(!format!("{redactor:?}").contains("hunter"));
    }
}
