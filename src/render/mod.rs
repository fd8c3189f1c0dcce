//! Reports as text: pure functions; the caller alone writes.
//!
//! Nothing here judges: a renderer shows what the report contains.

pub mod application;
pub mod audit;
mod azure;
mod caveats;
pub mod command;
pub mod comparison;
pub mod csv;
mod experiments;
mod fact;
pub mod fact_lines;
pub mod github;
mod hop_table;
pub mod html;
pub mod human;
pub mod json;
pub mod json_lines;
pub mod junit;
pub mod markdown;
pub mod metrics;
pub mod nagios;
pub mod pasted;
mod path;
pub mod progress;
pub mod prometheus;
pub mod repeated;
mod steps;
pub mod summary;
pub mod text;
mod text_writer;
mod token_request;
mod verbose;

use std::borrow::Cow;
use std::collections::BTreeSet;

use colored::Color;

use crate::report::Report;

/// How text for people looks. Given by the caller; nothing here looks at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour. Colour repeats what the words say.
    pub color: bool,
    /// Marks in ASCII (`ok`, `!!`, `--`).
    pub ascii: bool,
    /// How much is shown.
    pub verbosity: Verbosity,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, ascii: true, verbosity: Verbosity::Normal, width: 80 }
    }
}

/// How much is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// The first line alone.
    Quiet,
    /// The cause, the fix, the walk.
    #[default]
    Normal,
    /// All evidence.
    Verbose,
}

/// Text in a colour, or as it is when the style has none.
///
/// `colored`'s own strings ask the process for its terminal and environment; here the
/// style alone decides.
pub(crate) fn paint(text: &str, color: Color, style: Style) -> String {
    if style.color && !text.is_empty() {
        format!("\u{1b}[{}m{text}\u{1b}[0m", color.to_fg_str())
    } else {
        text.to_owned()
    }
}

/// Text in which everything that could control a terminal is written as `\u{..}`: control
/// characters, bidirectional overrides, invisible and unassigned characters.
///
/// Evidence is escaped where it is received. This is for reports that come from elsewhere.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_terminal_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_terminal_control(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal could do anything with the character except show it.
pub(crate) fn is_terminal_control(character: char) -> bool {
    // The standard library knows what is printable; of ASCII it escapes quotes as well.
    !matches!(character, ' '..='~') && character.escape_debug().len() > 1
}

/// Unique titles of the reports: a repeated title gets a number, since monitors treat two series,
/// checks or cases of one name as the same.
pub(crate) fn titles(reports: &[Report]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let one = |report: &Report| {
        let title = report.title();
        let numbered = (2..).map(|number| format!("{title} ({number})"));
        let free = std::iter::once(title.to_owned()).chain(numbered).find(|t| !taken.contains(t));
        let free = free.unwrap_or_default();
        taken.insert(free.clone());
        free
    };
    reports.iter().map(one).collect()
}

/// A word quoted for a shell, for commands that people copy.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
