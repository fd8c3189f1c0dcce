//! The nameserver lines of resolv.conf, as the C library reads them (fact D100): an IPv4 address in
//! any form of inet_aton(3), so that `10.1.10` is 10.1.0.10 and `010.1.0.10` is 8.1.0.10.

use std::net::{Ipv4Addr, Ipv6Addr};

use resolv_conf::ScopedIp;

const KEYWORD: &str = "nameserver";

/// The library that reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolverLibrary {
    /// glibc: words end at a blank or a tab, and a carriage return is a part of the word.
    Glibc,
    /// musl: words end at any white space.
    Musl,
}

impl ResolverLibrary {
    /// The one of a library's name, as [`crate::platform::lookup_by`] has it.
    #[must_use]
    pub fn of(name: Option<&str>) -> Self {
        if name.is_some_and(|name| name.starts_with("musl")) { Self::Musl } else { Self::Glibc }
    }

    fn ends_word(self, c: char) -> bool {
        match self {
            Self::Glibc => matches!(c, ' ' | '\t'),
            Self::Musl => c.is_ascii_whitespace() || c == '\u{b}',
        }
    }
}

/// The nameservers, in order, and the numbers of the lines whose address is not accepted.
pub(super) fn read(text: &str, library: ResolverLibrary) -> (Vec<ScopedIp>, Vec<u32>) {
    let (mut all, mut passed_over) = (Vec::new(), Vec::new());
    for (line, number) in text.split('\n').zip(1..) {
        if !is_one(line) {
            continue;
        }
        match of_line(line, library) {
            Some(ip) => all.push(ip),
            None => passed_over.push(number),
        }
    }
    (all, passed_over)
}

/// The numbers of the lines whose address is accepted and has a part in octal.
pub(super) fn in_octal(text: &str, library: ResolverLibrary) -> Vec<u32> {
    let has_octal = |line: &str| {
        let word = line.split_whitespace().nth(1).unwrap_or_default();
        let octal = |part: &str| {
            part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit())
        };
        word.split('.').any(octal) && matches!(of_line(line, library), Some(ScopedIp::V4(_)))
    };
    let lines = text.split('\n').zip(1..).filter(|(line, _)| has_octal(line));
    lines.map(|(_, number)| number).take(32).collect()
}

/// Whether the line names a nameserver to a person: the library looks for it at the line's beginning
/// alone.
pub(super) fn is_one(line: &str) -> bool {
    line.split_whitespace().next() == Some(KEYWORD)
}

fn of_line(line: &str, library: ResolverLibrary) -> Option<ScopedIp> {
    let rest = line.strip_prefix(KEYWORD)?;
    let word = rest.split(|c| library.ends_word(c)).find(|word| !word.is_empty())?;
    if let Some(address) = inet_aton(word) {
        return Some(ScopedIp::V4(address));
    }
    let (address, scope) = word.split_once('%').map_or((word, ""), |parts| parts);
    let address: Ipv6Addr = address.parse().ok()?;
    Some(ScopedIp::V6(address, (!scope.is_empty()).then(|| scope.to_owned())))
}

/// An address of one to four parts, each in decimal, octal or hexadecimal; the last part fills what
/// the others leave (inet_aton(3)).
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').take(5).map(number).collect::<Option<_>>()?;
    let (last, before) = parts.split_last()?;
    let room = u32::try_from(before.len()).ok().filter(|n| *n < 4)? * 8;
    if before.iter().any(|part| *part > 0xff) || *last > u32::MAX >> room {
        return None;
    }
    let high = before.iter().fold(0_u64, |value, part| value << 8 | u64::from(*part));
    let value = high << (32 - room) | u64::from(*last);
    u32::try_from(value).ok().map(Ipv4Addr::from)
}

/// A number as strtoul(3) reads it with base 0.
fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        (None, _) => (text, 10),
    };
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_every_form_of_inet_aton() {
        for (text, address) in [
            ("10.1.0.10", Some("10.1.0.10")),
            ("10.1.10", Some("10.1.0.10")),
            ("10.65546", Some("10.1.0.10")),
            ("167837706", Some("10.1.0.10")),
            ("0x0a01000A", Some("10.1.0.10")),
            ("010.001.000.010", Some("8.1.0.8")),
            ("0", Some("0.0.0.0")),
            ("10.1.65535", Some("10.1.255.255")),
            ("255.255.255.255", Some("255.255.255.255")),
            ("10.1.65536", None),
            ("10.256.1", None),
            ("10.1.0.08", None),
            ("10.1.0.0x", None),
            ("10.1.0.10.", None),
            ("10.1.0.10.1", None),
            ("10..0.10", None),
            ("+10.1.0.10", None),
            ("4294967296", None),
            ("", None),
        ] {
            let wanted = address.map(|a| a.parse::<Ipv4Addr>().unwrap());
            assert_eq!(inet_aton(text), wanted, "{text}");
        }
    }

    #[test]
    fn each_library_ends_words_in_its_own_way() {
        let text = "nameserver 10.1.0.10\r\n nameserver 10.1.0.11\nnameserver\t10.1.0.12 # hub\n";
        let of = |library| {
            let (all, passed_over) = read(text, library);
            (all.iter().map(ToString::to_string).collect::<Vec<_>>(), passed_over)
        };
        assert_eq!(of(ResolverLibrary::Glibc), (vec!["10.1.0.12".to_owned()], vec![1, 2]));
        let musl = vec!["10.1.0.10".to_owned(), "10.1.0.12".to_owned()];
        assert_eq!(of(ResolverLibrary::Musl), (musl, vec![2]));
        let octal = "nameserver 10.0.0.1\nnameserver 010.0.0.1\nnameserver 08.0.0.1\n";
        assert_eq!(in_octal(octal, ResolverLibrary::Glibc), [2]);
        assert_eq!(ResolverLibrary::of(Some("musl 1.2.5")), ResolverLibrary::Musl);
        assert_eq!(ResolverLibrary::of(Some("glibc 2.36 by getent")), ResolverLibrary::Glibc);
    }
}
