//! The line of a finished hop, during the walk and in the report.

use colored::Color;
use textwrap::WordSplitter;
use textwrap::core::display_width;

use super::{Style, escape, paint};
use crate::evidence::Hop;

/// Column at which the fact starts.
pub(super) const FACT_COLUMN: usize = 16;

/// The result of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It works.
    Works,
    /// It works, but something needs attention.
    Care,
    /// It is broken, or shows the symptom of a break.
    Breaks,
    /// It was not done.
    NotDone,
}

impl Mark {
    const fn sign(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Mark::Works, true) => "ok",
            (Mark::Care, true) => " !",
            (Mark::Breaks, true) => "!!",
            (Mark::NotDone, true) => "--",
            (Mark::Works, false) => "\u{2713} ",
            (Mark::Care, false) => "! ",
            (Mark::Breaks, false) => "\u{2717} ",
            (Mark::NotDone, false) => "\u{2013} ",
        }
    }

    pub(super) const fn color(self) -> Color {
        match self {
            Mark::Works => Color::Green,
            Mark::Care => Color::Yellow,
            Mark::Breaks => Color::Red,
            Mark::NotDone => Color::BrightBlack,
        }
    }
}

/// One hop of a walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HopLine<'a> {
    /// The name of the hop.
    pub name: &'static str,
    /// Its result.
    pub mark: Mark,
    /// The most important fact.
    pub fact: &'a str,
    /// The hop whose fault explains this one.
    pub explained_by: Option<Hop>,
    /// Time taken in milliseconds.
    pub took_ms: Option<f64>,
}

/// The line of a hop that has just ended; no line feed at its end.
#[must_use]
pub fn line(hop: Hop, ok: bool, fact: &str, took_ms: f64, style: Style) -> String {
    let mark = if ok { Mark::Works } else { Mark::Breaks };
    let name = hop.name();
    hop_line(&HopLine { name, mark, fact, explained_by: None, took_ms: Some(took_ms) }, style)
}

/// The line of a hop: mark, name, fact, time at the right. A long fact goes on in the
/// lines below; no line feed at the end.
#[must_use]
pub fn hop_line(walk: &HopLine<'_>, style: Style) -> String {
    let time = walk.took_ms.map(milliseconds).unwrap_or_default();
    let room = style.width.saturating_sub(FACT_COLUMN + 2);
    let fact = escape(walk.fact);
    let explained = walk.explained_by.map(|hop| format!("(caused by {})", hop.name()));
    // The cause follows the fact if there is room, else it is on the next line.
    let whole = explained.as_ref().map(|cause| format!("{fact}  {cause}"));
    let fits = |whole: &String| display_width(whole) + display_width(&time) <= room;
    let (lines, below) = match whole.filter(fits) {
        Some(whole) => (vec![whole], None),
        None => (wrap(&fact, room.saturating_sub(display_width(&time)).max(20)), explained),
    };
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let gap = (style.width - FACT_COLUMN.min(style.width))
        .saturating_sub(display_width(&first) + display_width(&time))
        .max(2);
    let mut text = format!(
        "  {}  {:<10}{first}",
        paint(walk.mark.sign(style.ascii), walk.mark.color(), style),
        walk.name,
    );
    if !time.is_empty() {
        text.push_str(&" ".repeat(gap));
        text.push_str(&paint(&time, Color::BrightBlack, style));
    }
    for more in lines.chain(below) {
        text.push('\n');
        text.push_str(&" ".repeat(FACT_COLUMN));
        text.push_str(&more);
    }
    text
}

/// Lines of at most `width` columns; a word is broken only when it is longer than a line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    // Ids and names contain hyphens, at which they are not broken.
    let options = textwrap::Options::new(width).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A time for people: `41 ms`, `12.0 s`.
pub(crate) fn milliseconds(took_ms: f64) -> String {
    // A report from elsewhere may contain any number.
    let took_ms = took_ms.clamp(0.0, 1e8);
    if took_ms < 1.0 {
        "<1 ms".to_owned()
    } else if took_ms < 9_999.5 {
        format!("{took_ms:.0} ms")
    } else {
        format!("{:.1} s", took_ms / 1000.0)
    }
}
