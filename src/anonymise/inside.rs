//! Addresses inside a text, whatever surrounds them: `src10.0.0.1_x`, `10.0.0.1-10.0.0.9`.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The longest form of an IPv6 address, in bytes.
const LONGEST_V6: usize = 45;

/// What names a machine inside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// The address of a network card.
    Hardware,
    /// An address as a number, `0x0A000001`.
    Hex,
}

/// The first of them in a text, and where it is.
pub(super) fn first(text: &str) -> Option<(Range<usize>, Inside)> {
    (0..text.len()).filter(|at| text.is_char_boundary(*at)).find_map(|at| {
        let v6 = || v6(text, at).map(|(end, address)| (end, Inside::V6(address)));
        let v4 = || {
            let (end, numbers) = row(text, at, b".", 4)?;
            let bytes = <[u8; 4]>::try_from(numbers).ok()?;
            Some((end, Inside::V4(Ipv4Addr::from(bytes))))
        };
        let found = v6().or_else(v4);
        let found = found.or_else(|| hardware(text, at).map(|end| (end, Inside::Hardware)));
        let found = found.or_else(|| hex(text, at).map(|end| (end, Inside::Hex)));
        found.map(|(end, what)| (at..end, what))
    })
}

/// The first address that another sign joins, which may be one between words: `10,0,0,1`.
pub(super) fn spelt(text: &str) -> Option<Range<usize>> {
    (0..text.len()).find_map(|at| row(text, at, b",;|/+", 4).map(|(end, _)| at..end))
}

/// Whether a text has the first bytes of an address, `10.0.0.`, or all with other signs.
pub(super) fn has_prefix(text: &str) -> bool {
    (0..text.len()).any(|at| row(text, at, b".-_", 3).is_some())
}

/// Numbers of at most 255 that the same sign joins: where they end, and the numbers.
fn row(text: &str, at: usize, signs: &[u8], count: usize) -> Option<(usize, Vec<u8>)> {
    let bytes = text.as_bytes();
    if at > 0 && bytes[at - 1].is_ascii_digit() {
        return None;
    }
    let mut numbers = Vec::new();
    let (mut end, mut joint) = (at, None);
    loop {
        let digits = bytes[end..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 3 {
            return None;
        }
        numbers.push(text.get(end..end + digits)?.parse().ok()?);
        end += digits;
        if numbers.len() == count {
            return Some((end, numbers));
        }
        let sign = *bytes.get(end).filter(|sign| signs.contains(sign))?;
        if *joint.get_or_insert(sign) != sign {
            return None;
        }
        end += 1;
    }
}

/// The longest IPv6 address from here on. Inside a word it needs more than a path of code
/// (`std::io`) has.
fn v6(text: &str, at: usize) -> Option<(usize, Ipv6Addr)> {
    let rest = &text.as_bytes()[at..];
    let part = |byte: &&u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
    let length = rest.iter().take(LONGEST_V6).take_while(part).count();
    if rest[..length].iter().filter(|byte| **byte == b':').count() < 2 {
        return None;
    }
    let (end, address) = (at + 2..=at + length).rev().find_map(|end| {
        let address = text.get(at..end)?.parse::<Ipv6Addr>().ok()?;
        Some((end, address))
    })?;
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let within = letter(text[..at].chars().next_back()) || letter(text[end..].chars().next());
    let digits = text[at..end].bytes().filter(u8::is_ascii_hexdigit).count();
    let number = text[at..end].bytes().any(|byte| byte.is_ascii_digit());
    (digits > 0 && (!within || digits > 3 && number)).then_some((end, address))
}

/// Six bytes in hex.
fn hardware(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (mut end, mut joint) = (at, None);
    for group in 0..6 {
        let digits = run(end);
        let fits = (1..=2).contains(&digits) || group == 5 && digits > 2;
        if !fits {
            return None;
        }
        end += digits.min(2);
        if group < 5 {
            let sign = *bytes.get(end).filter(|sign| b":-".contains(sign))?;
            if *joint.get_or_insert(sign) != sign {
                return None;
            }
            end += 1;
        }
    }
    Some(end)
}

fn hex(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    let digits = match rest {
        [b'0', b'x' | b'X', digits @ ..] => digits.iter().take_while(|b| b.is_ascii_hexdigit()),
        _ => return None,
    };
    let count = digits.count();
    (count >= 8).then_some(at + 2 + count)
}

/// The first offset from UTC other than none, which tells a region: `+02:00`, `+0530`, `UTC+2`. The
/// digits alone.
pub(super) fn offset(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    text.match_indices(['+', '-']).find_map(|(at, _)| {
        let rest = &bytes[at + 1..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let colon = matches!(digits, 1 | 2) && rest.get(digits) == Some(&b':');
        let before = &text[..at];
        let after_zone = before.get(at.saturating_sub(3)..).is_some_and(|zone| {
            ["GMT", "UTC"].iter().any(|known| known.eq_ignore_ascii_case(zone))
        });
        let whole = before.trim_end_matches(|c: char| c.is_ascii_digit());
        let fraction = whole.strip_suffix(['.', ',']).filter(|_| whole.len() < at);
        let time = fraction.unwrap_or(before).as_bytes();
        let after_time = time.len() >= 3 && time[time.len() - 3] == b':';
        let alone = before.chars().next_back().is_none_or(|c| !c.is_ascii_alphanumeric());
        let (hours, minutes) = match (digits, colon) {
            (4, false) => (2, Some(2..4)),
            (1 | 2, true) => (digits, Some(digits + 1..digits + 3)),
            (1, false) if after_zone => (1, None),
            (2, false) if after_zone || after_time => (2, None),
            _ => return None,
        };
        if !(alone || after_zone || after_time) {
            return None;
        }
        let end = minutes.as_ref().map_or(hours, |minutes| minutes.end);
        let hour: u8 = std::str::from_utf8(rest.get(..hours)?).ok()?.parse().ok()?;
        let minute = minutes.map_or(Some(b"00".as_slice()), |minutes| rest.get(minutes))?;
        let longer = rest.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let real = hour <= 14 && [b"00", b"30", b"45"].iter().any(|known| *known == minute);
        let none = hour == 0 && minute == b"00";
        (real && !none && !longer).then_some(at + 1..at + 1 + end)
    })
}
