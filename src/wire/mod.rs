//! All network I/O: one hop, once, with a deadline, bounded in size.
//!
//! Nothing here decides what is done next, judges what came back, or retries anything but a
//! DNS datagram. A failure of the network is a value.

pub mod ca_bundles;
mod certificate;
mod coding;
pub mod connect;
pub mod dns;
mod error_body;
pub mod first_byte_probe;
pub mod hello;
pub mod http;
pub mod metered;
#[cfg(test)]
mod mutations;
pub mod pace;
mod page;
mod payload;
pub mod peer_limit;
pub mod proxy;
pub mod reference_client;
pub mod roots;
pub mod session;
pub mod tally;
pub mod tls;
pub mod tls_request;
pub mod trace;
mod xml;

use std::io;

use crate::evidence::tcp::{Icmp, IcmpMeaning};
use crate::evidence::text::clean;
pub(crate) use crate::files::words;
use crate::platform::IcmpError;
use crate::secret::{MARK, Redactor};

/// Characters that are searched for secrets beyond eight times a text's limit.
const REDACT_AHEAD: usize = 4 << 10;

/// Characters at the end of a text that was cut before it was searched: half a secret may be there,
/// which is too short to be known as a part of one.
const HALF_A_SECRET: usize = 64;

/// A part of a link's query that has no name is a value from this length on, in bytes.
const LONG_VALUE: usize = 16;

/// An ICMP error as evidence.
#[must_use]
pub(crate) fn icmp(error: IcmpError) -> Icmp {
    Icmp {
        meaning: error.meaning,
        from: error.from,
        code: error.code.map(|(kind, code)| format!("{kind}/{code}")),
    }
}

/// The meaning of an errno that this machine's own kernel gave.
#[must_use]
pub(crate) fn local_icmp(error: &io::Error) -> Option<Icmp> {
    let meaning = match error.kind() {
        io::ErrorKind::NetworkUnreachable => IcmpMeaning::NetUnreachable,
        io::ErrorKind::HostUnreachable => IcmpMeaning::HostUnreachable,
        _ => return None,
    };
    Some(Icmp { meaning, from: None, code: None })
}

/// Text of a peer, redacted, escaped and bounded. It is redacted before it is escaped and cut: an
/// escape could hide a secret from the search, a cut could leave half of one.
pub(crate) fn redacted(text: &str, limit: usize, redactor: &Redactor<'_>) -> String {
    redacted_start(text, false, limit, redactor)
}

/// The same of a text whose end may be missing (`cut`).
pub(crate) fn redacted_start(
    text: &str,
    cut: bool,
    limit: usize,
    redactor: &Redactor<'_>,
) -> String {
    // What lies far beyond the limit is not searched.
    let far = text.char_indices().nth(REDACT_AHEAD + limit * 8).map(|(at, _)| at);
    let redacted = redactor.redact(text.get(..far.unwrap_or(text.len())).unwrap_or_default());
    if far.is_none() && !cut {
        return clean(&redacted, limit);
    }
    // A text that is secrets throughout becomes so short that its end comes into view.
    let last = redacted.rfind(MARK).map_or(0, |at| at + MARK.len());
    let whole = redacted.char_indices().rev().nth(HALF_A_SECRET).map_or(0, |(at, _)| at);
    clean(redacted.get(..whole.max(last)).unwrap_or_default(), limit)
}

/// A peer's text without the values in the queries of its links, and without the user and password in
/// them: a link to somewhere else may carry a credential that is none of this walk, such as a
/// signature, a code or a session, and says as well without it where it leads.
pub(crate) fn without_link_values(text: &str) -> String {
    // Without one of these no link has a value.
    if !text.contains(['=', '@', '?', '#']) {
        return text.to_owned();
    }
    let ends = |c: char| c.is_whitespace() || "\"'<>`".contains(c);
    text.split_inclusive(ends).map(without_values).collect()
}

/// The same of one word.
fn without_values(word: &str) -> String {
    let (link, end) = match word.char_indices().next_back() {
        Some((at, c)) if c.is_whitespace() || "\"'<>`".contains(c) => word.split_at(at),
        _ => (word, ""),
    };
    let (scheme, rest) = match link.find("://").or_else(|| link.starts_with("//").then_some(0)) {
        Some(at) => link.split_at(at + link[at..].find("//").unwrap_or_default() + 2),
        None => ("", link),
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#', ';']).unwrap_or(rest.len()));
    let host = match host.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{MARK}@{host}"),
        _ => host.to_owned(),
    };
    let (path, query) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    // A path may have values of its own (RFC 3986, section 3.3).
    let path: String = match scheme {
        "" => path.to_owned(),
        _ => path.split_inclusive('/').map(|part| unvalued(part, &[';', '/'])).collect(),
    };
    let query = unvalued(query, &['&', ';', '#']);
    format!("{scheme}{host}{path}{query}{end}")
}

/// A text of parts that end in one of `marks`, each without its value.
fn unvalued(text: &str, marks: &[char]) -> String {
    let parts = text.split_inclusive(marks).map(|part| {
        let value = part.trim_end_matches(marks);
        let after = &part[value.len()..];
        match value.split_once('=') {
            Some((_, "")) => part.to_owned(),
            // What a service refuses is often the version that was asked for.
            Some(("?api-version" | "api-version", value)) if is_api_version(value) => {
                part.to_owned()
            }
            Some((name, _)) => format!("{name}={MARK}{after}"),
            None if value.len() > LONG_VALUE && value.starts_with(['?', '#']) => {
                format!("{}{MARK}{after}", &value[..1])
            }
            None => part.to_owned(),
        }
    });
    parts.collect()
}

/// Whether a value is a version of an API of Azure: a date, perhaps with a word, or a number.
fn is_api_version(value: &str) -> bool {
    let (date, word) = match value.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _, ..] => value.split_at_checked(10).unwrap_or_default(),
        [b'v', number @ ..] => return !number.is_empty() && number.iter().all(u8::is_ascii_digit),
        _ => return false,
    };
    date.bytes().all(|c| c.is_ascii_digit() || c == b'-') && ["", "-preview"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_link_shows_where_it_leads_and_no_value() {
        for (text, shown) in [
            (
                "https://a.blob.core.windows.net/x?sv=2022&sig=Q7hun%2F&flag",
                "https://a.blob.core.windows.net/x?sv=[secret]&sig=[secret]&flag",
            ),
            ("/login?next=/a/b?c&token=Q7hun/ter2", "/login?next=[secret]&token=[secret]"),
            ("https://b/#access_token=Q7", "https://b/#access_token=[secret]"),
            ("https://u:Q7@b:8443/p;session=Q7/q", "https://[secret]@b:8443/p;session=[secret]/q"),
            ("//u@b/p", "//[secret]@b/p"),
            ("/x?api-version=2024-10-2Q7", "/x?api-version=[secret]"),
            ("login?Q7hunter2zebraQ7hunter2", "login?[secret]"),
            (
                r#"<a href="https://p.example/?t=Q7&amp;u=Q7">log in</a> to a@b.example; why?"#,
                r#"<a href="https://p.example/?t=[secret]&amp;u=[secret]">log in</a> to a@b.example; why?"#,
            ),
        ] {
            assert_eq!(without_link_values(text), shown);
        }
        for same in [
            "text/html; charset=utf-8",
            "Basic realm=\"x\"",
            "https://portal.example/a?",
            "/openai/models?api-version=2024-10-21",
            "https://a/?api-version=2025-04-01-preview&api-version=v1",
        ] {
            assert_eq!(without_link_values(same), same);
        }
    }

    #[test]
    fn a_text_of_secrets_shows_no_part_of_the_one_that_a_cut_goes_through() {
        for secret in ["pass-word.1", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"] {
            let value = Secret::new(secret.to_owned());
            let redactor = Redactor::new([&value]);
            // At every place of the cut.
            for shift in 0..=secret.len() {
                let text = format!("{}{}", " ".repeat(shift), secret.repeat(2000));
                let shown = redacted(&text, 300, &redactor);
                assert_eq!(shown.trim(), "[secret]", "{shift}");
                let text: String = text.chars().take(256).collect();
                let shown = redacted_start(&text, true, 80, &redactor);
                assert!(!shown.contains(&secret[..2]), "{shift}: {shown}");
            }
        }
        // What is whole is shown to its end.
        assert_eq!(redacted("denied by policy", 300, &Redactor::default()), "denied by policy");
    }
}
