//! Texts: each word is looked at, and every word that is not known to be harmless is replaced.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::inside::{self, Inside};
use super::{Anonymiser, known, names};
use crate::evidence::text::is_guid;

/// Signs between the words of a text.
const BETWEEN: &str = " \"'`()<>,;|{}=&?#![]\u{201c}\u{201d}\u{2018}\u{2019}";

/// How often a text may be percent-encoded; what is left is replaced.
const ENCODED: usize = 4;

/// Whose words a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Sentences: an ordinary word stays, also where a resource has it for a name.
    Sentence,
    /// What a user typed: a resource's name is replaced, whatever it is.
    Typed,
    /// Names of an owner, as a certificate has them: only those of public authorities stay.
    Owner,
}

impl Anonymiser {
    /// A text with what it names replaced.
    pub(super) fn prose(&mut self, text: &str, whose: Whose) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = inside::spelt(rest) {
            out.push_str(&self.timed(&rest[..at.start], whose));
            out.push_str(&self.words.replace(&rest[at.clone()], "id"));
            rest = &rest[at.end..];
        }
        out + &self.timed(rest, whose)
    }

    fn timed(&mut self, text: &str, whose: Whose) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = inside::offset(rest) {
            out.push_str(&self.chunks(&rest[..at.start], whose));
            let none = rest[at.clone()].chars().map(|c| if c.is_ascii_digit() { '0' } else { c });
            out.extend(none);
            rest = &rest[at.end..];
        }
        out + &self.chunks(rest, whose)
    }

    fn chunks(&mut self, text: &str, whose: Whose) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut in_url = false;
        while let Some(first) = rest.chars().next() {
            // What escapes a control character (`\u{1b}`).
            if let Some(end) = rest.strip_prefix("\\u{").and_then(|inner| inner.find('}')) {
                let escape = &rest[..end + 4];
                out.push_str(escape);
                rest = &rest[escape.len()..];
                continue;
            }
            if is_between(first) {
                in_url &= !first.is_whitespace() && !"\"'`<>".contains(first);
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let end = rest.find(is_between).unwrap_or(rest.len());
            let end = rest.find("\\u{").filter(|escape| *escape > 0).map_or(end, |e| e.min(end));
            let quoted = out.ends_with(['\'', '"']) && rest[end..].starts_with(['\'', '"']);
            let whose = if quoted || in_url { Whose::Typed } else { whose };
            let chunk = &rest[..end];
            let new = match in_url && is_value(&out) && self.words.is_ordinary(chunk) {
                true if chunk.contains(char::is_alphabetic) => self.words.replace(chunk, "word"),
                _ => self.chunk(chunk, whose),
            };
            out.push_str(&new);
            in_url |= chunk.contains("://");
            rest = &rest[end..];
        }
        out
    }

    /// A text without blanks and quotes: an address, a name, a URL, a path, or a word.
    pub(super) fn chunk(&mut self, text: &str, whose: Whose) -> String {
        let inner = text.trim_start_matches([':', '-', '@', '+', '^', '\u{2026}']);
        let front = &text[..text.len() - inner.len()];
        let bare = inner.trim_end_matches(['.', ':', '-', '\u{2026}']);
        if !bare.contains(char::is_alphanumeric) {
            return text.to_owned();
        }
        let back = &inner[bare.len()..];
        let new = self.bare(bare, whose);
        format!("{front}{new}{back}")
    }

    fn bare(&mut self, text: &str, whose: Whose) -> String {
        if let Some(address) = self.address(text) {
            return address;
        }
        if is_guid(text) {
            return self.words.id(text);
        }
        let ordinary = match whose {
            Whose::Sentence => {
                !self.words.is_short_name_in_capitals(text) && self.words.is_ordinary(text)
            }
            Whose::Typed => !self.words.is_short_name(text) && self.words.is_ordinary(text),
            Whose::Owner => self.words.is_authority(text),
        };
        if (!ordinary || whose != Whose::Sentence || self.words.is_short_name(text))
            && let Some(found) = self.words.replacement(text)
        {
            return found;
        }
        if is_encoded(text) {
            return self.encoded(text, whose);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return self.chunk(scheme, Whose::Sentence) + "://" + &self.authority(rest);
        }
        let drive = text.as_bytes().get(1) == Some(&b':')
            && text.as_bytes().get(2).is_some_and(|b| b"\\/".contains(b));
        if is_resource_id(text) {
            return self.azure_path(text);
        }
        if text.starts_with(['/', '~', '\\']) || text.starts_with("./") || drive {
            return self.path(text);
        }
        if let Some(new) = self.inside(text, whose) {
            return new;
        }
        if ordinary && !names::is_name(text) {
            return text.to_owned();
        }
        if text.contains(is_joint) {
            return self.joined(text, whose);
        }
        if text.contains('.') {
            return self.dotted(text);
        }
        self.word(text)
    }

    /// An address, with a port, a prefix or an interface where it has one.
    pub(super) fn address(&mut self, text: &str) -> Option<String> {
        if !text.contains(['.', ':']) {
            return None;
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(self.addresses.address(address).to_string());
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Some(
                SocketAddr::new(self.addresses.address(socket.ip()), socket.port()).to_string(),
            );
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Some(self.addresses.network(network).to_string());
        }
        let (address, scope) = text.split_once('%')?;
        let address = address.parse::<Ipv6Addr>().ok()?;
        if is_encoded(text) && !address.is_unicast_link_local() {
            return None;
        }
        let address = self.addresses.address(address.into());
        Some(format!("{address}%{}", self.interface(scope)))
    }

    /// A text with addresses inside it, if it has any.
    fn inside(&mut self, text: &str, whose: Whose) -> Option<String> {
        // A reversed address is a name.
        if names::is_reversed(text) {
            return None;
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((at, what)) = inside::first(rest) {
            let found = &rest[at.clone()];
            let new = match what {
                Inside::V4(address) => self.addresses.address(address.into()).to_string(),
                Inside::V6(address) => self.addresses.address(address.into()).to_string(),
                Inside::Hex => self.words.replace(found, "id"),
                Inside::Hardware => self.words.replace_by(found, "card", |n| {
                    let [_, a, b, c] = n.to_be_bytes();
                    format!("02:00:00:{a:02x}:{b:02x}:{c:02x}")
                }),
            };
            out.push_str(&self.chunks(&rest[..at.start], whose));
            out.push_str(&new);
            rest = &rest[at.end..];
        }
        (rest.len() < text.len()).then(|| out + &self.chunks(rest, whose))
    }

    /// What follows the scheme of a URL: user, host, port and path.
    fn authority(&mut self, text: &str) -> String {
        let (authority, path) = text.split_at(text.find(['/', '\\']).unwrap_or(text.len()));
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
        let mut new = String::new();
        if let Some(user) = user {
            let parts = user.split(':').map(|part| match part.bytes().all(|b| b == b'*') {
                true => part.to_owned(),
                false => self.words.replace(part, "user"),
            });
            new.push_str(&(parts.collect::<Vec<_>>().join(":") + "@"));
        }
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (host, None),
        };
        new.push_str(&self.host(host));
        if let Some(port) = port {
            new.push_str(&format!(":{port}"));
        }
        new + &self.path(path)
    }

    /// A host: an address, a name, or a pattern of either.
    pub(super) fn host(&mut self, text: &str) -> String {
        if let Some(address) = self.address(text) {
            return address;
        }
        if is_guid(text) {
            return self.words.id(text);
        }
        let plain = |c: char| c.is_alphanumeric() || "-._*".contains(c);
        match text.chars().all(plain) {
            true => self.inside(text, Whose::Typed).unwrap_or_else(|| self.name(text)),
            false => self.prose(text, Whose::Typed),
        }
    }

    /// A path of files or of a URL: the segments that every system has stay.
    pub(super) fn path(&mut self, text: &str) -> String {
        if is_resource_id(text) {
            return self.azure_path(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut before = String::new();
        for piece in text.split_inclusive(['/', '\\']) {
            let segment = piece.trim_end_matches(['/', '\\']);
            let lower = segment.to_ascii_lowercase();
            let new = match known::kind_after(&before) {
                Some(kind) if !lower.is_empty() && !is_guid(segment) => {
                    self.words.replace(segment, kind)
                }
                _ => self.chunk_of_path(segment),
            };
            out.push_str(&new);
            out.push_str(&piece[segment.len()..]);
            before = lower;
        }
        out
    }

    fn chunk_of_path(&mut self, segment: &str) -> String {
        match segment.strip_prefix('~') {
            Some("") => segment.to_owned(),
            Some(user) => format!("~{}", self.words.replace(user, "user")),
            None => self.chunk(segment, Whose::Typed),
        }
    }

    /// A text that signs join: `host:port`, `user@host`, `a/b`.
    fn joined(&mut self, text: &str, whose: Whose) -> String {
        if let Some((user, host)) = text.rsplit_once('@')
            && host.contains('.')
            && !user.is_empty()
        {
            let user = match known::LABELS.contains(&user) {
                true => user.to_owned(),
                false => self.words.replace(user, "user"),
            };
            return format!("{user}@{}", self.host(host));
        }
        let parts = text.split_inclusive(is_joint).map(|part| {
            let word = part.trim_end_matches(is_joint);
            self.chunk(word, whose) + &part[word.len()..]
        });
        parts.collect()
    }

    /// A text with dots that is no address: a name, a file, or a name of code.
    fn dotted(&mut self, text: &str) -> String {
        if text.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()) {
            return self.word(text);
        }
        let (stem, end) = text.rsplit_once('.').unwrap_or((text, ""));
        if known::FILES.contains(&end.to_ascii_lowercase().as_str()) {
            return format!("{}.{end}", self.chunk(stem, Whose::Typed));
        }
        self.name(text)
    }

    fn word(&mut self, text: &str) -> String {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let hash = text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (digits > 3 && text.len() >= 8) || hash {
            true => self.words.id(text),
            false => self.words.replace(text, "word"),
        }
    }

    /// A text with bytes as `%2F`, encoded again where it changed.
    fn encoded(&mut self, text: &str, whose: Whose) -> String {
        let mut plain = text.to_owned();
        for _ in 0..ENCODED {
            plain = decoded(&plain);
        }
        if is_encoded(&plain) {
            return self.words.replace(text, "word");
        }
        let new = self.prose(&plain, whose);
        if new == plain {
            return text.to_owned();
        }
        let mut out = String::with_capacity(new.len());
        for byte in new.bytes() {
            match byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte) {
                true => out.push(char::from(byte)),
                false => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    }

    /// The name of an interface, where it is none that a system gives.
    pub(super) fn interface(&mut self, name: &str) -> String {
        if let Some(id) = name.strip_prefix("br-").filter(|id| id.len() == 12) {
            return self
                .words
                .replace_by(&format!("br-{id}"), "bridge", |n| format!("br-{n:012x}"));
        }
        let lower = name.to_ascii_lowercase();
        let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit());
        // enp0s31f6, but not enx001122334455, which holds the hardware's address.
        let slot = name.len() <= 10
            && !name.contains('.')
            && ["enp", "ens", "eno", "wlp"].iter().any(|p| lower.starts_with(p));
        match known::INTERFACES.contains(&stem) && name.len() - stem.len() <= 4 || slot {
            true => name.to_owned(),
            false => self.words.replace(name, "interface"),
        }
    }
}

/// Whether the value of a parameter of a URL comes next, other than the version of the API.
fn is_value(before: &str) -> bool {
    before.ends_with('=') && !before.ends_with("api-version=")
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || c.is_control() || BETWEEN.contains(c)
}

/// Whether a text is the id of a resource in Azure.
fn is_resource_id(text: &str) -> bool {
    let start = "/subscriptions/";
    text.get(..start.len()).is_some_and(|first| first.eq_ignore_ascii_case(start))
}

/// Whether a sign joins words.
fn is_joint(c: char) -> bool {
    !c.is_alphanumeric() && !"-._*".contains(c)
}

fn hex_byte(bytes: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(bytes.get(..2)?).ok()?;
    u8::from_str_radix(text, 16).ok()
}

fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| bytes[at] == b'%' && hex_byte(&bytes[at + 1..]).is_some())
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match hex_byte(&bytes[at + 1..]).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
