//! Text from the network made safe to keep: bounded, control characters escaped.

/// `text` with control characters and direction overrides escaped as `\u{..}`, cut to at
/// most `limit` characters (a cut is marked with ` [...]`).
#[must_use]
pub fn clean(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    let mut characters = text.chars();
    for c in characters.by_ref().take(limit) {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if characters.next().is_some() {
        out.push_str(" [...]");
    }
    out
}

/// [`clean`] for bytes that may not be UTF-8.
#[must_use]
pub fn clean_bytes(bytes: &[u8], limit: usize) -> String {
    let end = bytes.len().min(limit.saturating_mul(4));
    clean(&String::from_utf8_lossy(&bytes[..end]), limit)
}

/// Characters that can move a terminal's cursor, change its state or reorder its text.
#[must_use]
pub const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a text has the form of a GUID: 8-4-4-4-12 hexadecimal digits.
#[must_use]
pub fn is_guid(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    plain && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

/// Seconds since 1970 as RFC 3339, UTC.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|t| t.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// A time for people, in its largest fitting unit: `90 seconds`, `34 days`.
#[must_use]
pub fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The seconds since 1970 of a time as [`rfc3339`] writes it.
#[must_use]
pub fn unix_seconds(text: &str) -> Option<i64> {
    let format = &time::format_description::well_known::Rfc3339;
    Some(time::OffsetDateTime::parse(text, format).ok()?.unix_timestamp())
}

/// Whether a text holds an `@` in any spelling that a URL's reader may take for one: what comes
/// before it may be a password.
#[must_use]
pub fn holds_at_sign(text: &str) -> bool {
    // URL readers pass over tabs and line ends.
    let mut text: String = text.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    text.make_ascii_lowercase();
    // A percent sign may itself be encoded, any number of times.
    while text.contains("%25") {
        text = text.replace("%25", "%");
    }
    text.contains(['@', '\u{ff20}', '\u{fe6b}'])
        || ["%40", "%ef%bc%a0", "%ef%b9%ab"].iter().any(|code| text.contains(code))
}

/// A word that the user typed, to be repeated in a message: as it is where it is a short word,
/// else nothing of it, since it may be a URL with a password.
#[must_use]
pub fn repeatable(word: &str) -> &str {
    let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    // A key is one long run of letters and digits, and words of names are shorter.
    let short = |part: &str| part.len() < 24;
    let runs = word.split(|c: char| !c.is_alphanumeric());
    match word.chars().count() <= 60 && word.chars().all(plain) && runs.into_iter().all(short) {
        true => word,
        false => "[not shown]",
    }
}

/// Whether a text that is no URL to be read may hold the password of one.
#[must_use]
pub fn may_hold_password(text: &str) -> bool {
    let unread = begins_as_url(text) && url::Url::parse(text.trim()).is_err();
    unread || text.contains(':') && holds_at_sign(text)
}

/// Whether a text begins as a URL does, also as one that is mistyped (`https//`, `http;//`).
#[must_use]
pub fn begins_as_url(text: &str) -> bool {
    let text = text.trim_start();
    let word = text.chars().take_while(char::is_ascii_alphanumeric).count();
    let (scheme, rest) = text.split_at(word);
    let known = ["http", "https", "socks", "socks4", "socks4a", "socks5", "socks5h", "ws", "wss"];
    let known = known.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    text.contains("://") || known && rest.starts_with([':', ';', '/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_a_terminal() {
        assert_eq!(clean("a\u{1b}[31mb\n\u{202e}c", 50), "a\\u{1b}[31mb\\u{a}\\u{202e}c");
        assert_eq!(clean("abcdef", 3), "abc [...]");
        assert_eq!(clean_bytes(&[0xff, b'a'], 9), "\u{fffd}a");
    }
}
