//! What of a variable's value this program reads past, and the application does not.

use crate::evidence::ValueFault;

/// Characters that nothing shows: soft hyphen, zero-width ones, joiners, directions, the byte order mark,
/// and control characters but tabs and line ends.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\r' | '\n')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// What is around a target, and no part of it.
pub(super) fn is_around(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// What of the value has to be left out or added before a call can be made with it, in the order in
/// which it stands.
pub(super) fn faults(value: &str) -> Vec<ValueFault> {
    let plain = value.trim_matches(is_around);
    let (_, rest) = plain.split_once("://").unwrap_or(("", plain));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let leading = value.starts_with(|c: char| c.is_whitespace() && !c.is_control());
    let blank = |c: char| c.is_whitespace() && !c.is_control();
    let all = [
        (value.contains(['\r', '\n']), ValueFault::LineEnd),
        (value.contains('\t'), ValueFault::Tab),
        (leading, ValueFault::LeadingBlank),
        (value.trim_start_matches(is_around).contains(blank), ValueFault::Blank),
        (value.contains(is_invisible), ValueFault::Invisible),
        (!plain.contains("://"), ValueFault::NoScheme),
        (host.ends_with('.'), ValueFault::FinalDot),
        (rest.contains('?'), ValueFault::Query),
        (rest.contains('#'), ValueFault::Fragment),
    ];
    all.into_iter().filter_map(|(is, fault)| is.then_some(fault)).collect()
}
