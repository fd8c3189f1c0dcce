//! What may be a secret in a text that a person pastes: a key has no name here that it could be
//! compared with.

use crate::secret::{MARK, looks_like_a_key};

/// What names whose value is secret end with, in lower case and without `-` and `_`.
const ENDINGS: &[&str] = &[
    "key",
    "secret",
    "password",
    "pwd",
    "token",
    "assertion",
    "identityheader",
    "signature",
    "sig",
    "authorization",
    "bearer",
    "basic",
];

/// `text` without what may be a key, a token or a password: the value of a name that says so, and
/// every word that has the form of one.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    by_form(&by_name(text))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The values of the names.
fn by_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_name) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c| !is_name(c)).unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        out.push_str(name);
        rest = after;
        let lower = name.to_ascii_lowercase();
        let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
        if !ENDINGS.iter().any(|ending| plain.ends_with(ending)) {
            continue;
        }
        // A scheme is followed by a space, any other name by a sign and perhaps quotes.
        let scheme = ["bearer", "basic"].contains(&lower.as_str());
        let between = after.find(|c: char| !"\"'\\:= ".contains(c)).unwrap_or(after.len());
        let (sign, value) = after.split_at(between);
        let assigned = sign.contains([':', '=']) || (scheme && sign.starts_with(' '));
        if !assigned {
            continue;
        }
        out.push_str(sign);
        // Schemes have parts of their own, each of which may be secret.
        if plain.ends_with("authorization") {
            let end = value.find(['"', '\'', '\n', '\r']).unwrap_or(value.len());
            out.push_str(MARK);
            rest = &value[end..];
            continue;
        }
        let end = value.find(|c: char| c.is_whitespace() || "\"'&;,\\<>{}".contains(c));
        let (value, after) = value.split_at(end.unwrap_or(value.len()));
        // The scheme of an authorization is a name itself; a realm is not a secret.
        let next = value.to_ascii_lowercase();
        match ["bearer", "basic"].contains(&next.as_str()) || value.is_empty() {
            true => rest = &rest[between..],
            false if scheme && value.contains('=') && sign == " " && value.contains("realm") => {
                out.push_str(value);
                rest = after;
            }
            false => {
                out.push_str(MARK);
                rest = after;
            }
        }
    }
    out + rest
}

/// Words in the form of a key or a token.
fn by_form(text: &str) -> String {
    let joined = |c: char| c.is_ascii_alphanumeric() || "~._-+=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(joined) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let end = from.find(|c| !joined(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let token = word.starts_with("eyJ") && word.len() >= 20;
        out.push_str(if token || looks_like_a_key(word) { MARK } else { word });
        rest = after;
    }
    out + rest
}
