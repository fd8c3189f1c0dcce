//! Reports as text: pure functions; the caller alone writes.
//!
//! Nothing here judges: a renderer reads the report and says what stands in it.

pub mod facts;
pub mod github;
mod hops;
pub mod human;
pub mod json;
pub mod junit;
mod limits;
pub mod lines;
pub mod metrics;
pub mod nagios;
mod page;
pub mod progress;
pub mod prometheus;
mod steps;
pub mod summary;
mod token;
mod tried;
mod verbose;
pub mod words;

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
    /// How much is said.
    pub verbosity: Verbosity,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, ascii: true, verbosity: Verbosity::Normal, width: 80 }
    }
}

/// How much is said.
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

/// Text with everything that a terminal could obey written as `\u{..}`: control
/// characters, bidirectional overrides, invisible and unassigned characters.
///
/// Evidence is escaped where it is received. This is the second lock, for reports that
/// came from elsewhere.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if obeyed(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal could do anything else with the character than show it.
pub(crate) fn obeyed(character: char) -> bool {
    // The standard library knows what is printable; of ASCII it escapes quotes as well.
    !matches!(character, ' '..='~') && character.escape_debug().len() > 1
}

/// The reports' titles, each once: where a title comes again it gets a number, since monitors
/// take two series, checks or cases of one name for one.
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

/// A command in one line: the shell's `\\` at a line's end goes.
pub(crate) fn one_line(command: &str) -> String {
    let parts: Vec<&str> = command.split("\\\n").map(str::trim).collect();
    parts.join(" ")
}

/// A word as a shell takes it, for commands that people copy.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
