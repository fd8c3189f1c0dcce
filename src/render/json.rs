//! Reports as JSON: one target gives an object, several an array.

use std::fmt::Write as _;

use super::obeyed;
use crate::report::Report;

/// Pretty JSON with a line feed at its end.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn render(reports: &[Report]) -> Result<String, serde_json::Error> {
    let text = match reports {
        [one] => serde_json::to_string_pretty(one)?,
        several => serde_json::to_string_pretty(several)?,
    };
    Ok(escape(&text) + "\n")
}

/// The same JSON with everything that a terminal could obey in JSON's own escapes. JSON
/// allows such characters inside strings only, so the value stays the same.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !obeyed(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}
