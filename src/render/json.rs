//! Reports as JSON: one target gives an object, several an array.

use std::fmt::Write as _;

use super::is_terminal_control;
use crate::report::{Report, json};

/// Pretty JSON with a line feed at its end.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn render(reports: &[Report]) -> Result<String, serde_json::Error> {
    let text = match reports {
        [one] => json::pretty(one)?,
        several => json::pretty(several)?,
    };
    Ok(escape(&text) + "\n")
}

/// One report on one line, without a line feed.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn compact(report: &Report) -> Result<String, serde_json::Error> {
    Ok(escape(&json::compact(report)?))
}

/// The same, as an array however many there are.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn array(reports: &[Report]) -> Result<String, serde_json::Error> {
    Ok(escape(&serde_json::to_string_pretty(reports)?) + "\n")
}

/// The same JSON with everything that could control a terminal in JSON's own escapes. JSON allows
/// such characters only inside strings, so the value stays the same.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\n' || !is_terminal_control(character) {
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
