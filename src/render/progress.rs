//! One finished hop as a line: while the walk runs, and in the walk of a report.

use colored::Color;
use textwrap::WordSplitter;
use textwrap::core::display_width;

use super::{Style, escape, paint};
use crate::evidence::Hop;

/// Column at which the fact begins.
pub(super) const FACT: usize = 16;

/// How a hop went, as its mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It works.
    Works,
    /// It works, but something there needs care.
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
pub struct WalkLine<'a> {
    /// The hop.
    pub hop: Hop,
    /// How it went.
    pub mark: Mark,
    /// The one fact that matters.
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
    walk_line(&WalkLine { hop, mark, fact, explained_by: None, took_ms: Some(took_ms) }, style)
}

/// The line of a hop: mark, name, fact, time at the right. A long fact goes on in the
/// lines below; no line feed at the end.
#[must_use]
pub fn walk_line(walk: &WalkLine<'_>, style: Style) -> String {
    let time = walk.took_ms.map(milliseconds).unwrap_or_default();
    let room = style.width.saturating_sub(FACT + 2);
    let fact = escape(walk.fact);
    let explained = walk.explained_by.map(|hop| format!("explained by {}", hop.name()));
    // "explained by" stands before the time where there is room, else in a line below.
    let beside = explained.as_ref().map(|text| format!("{text}  {time:>11}"));
    let fits = |tail: &str| display_width(&fact) + display_width(tail) <= room;
    let (tail, below) = match beside {
        Some(tail) if fits(&tail) => (tail, None),
        _ => (time, explained),
    };
    let wrapped = wrap(&fact, room.saturating_sub(display_width(&tail)).max(20));
    let mut lines = wrapped.into_iter();
    let first = lines.next().unwrap_or_default();
    let gap = (style.width - FACT.min(style.width))
        .saturating_sub(display_width(&first) + display_width(&tail))
        .max(2);
    let mut text = format!(
        "  {}  {:<10}{first}",
        paint(walk.mark.sign(style.ascii), walk.mark.color(), style),
        walk.hop.name(),
    );
    if !tail.is_empty() {
        text.push_str(&" ".repeat(gap));
        text.push_str(&paint(&tail, Color::BrightBlack, style));
    }
    for more in lines.chain(below) {
        text.push('\n');
        text.push_str(&" ".repeat(FACT));
        text.push_str(&more);
    }
    text
}

/// Lines of at most `width` columns; a word is broken only when it is longer than a line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    // Ids and names hold hyphens: they are not broken there.
    let options = textwrap::Options::new(width).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A time for people: `41 ms`, `12.0 s`.
pub(super) fn milliseconds(took_ms: f64) -> String {
    // A report from elsewhere may hold any number.
    let took_ms = took_ms.clamp(0.0, 1e8);
    if took_ms < 1.0 {
        "<1 ms".to_owned()
    } else if took_ms < 9_999.5 {
        format!("{took_ms:.0} ms")
    } else {
        format!("{:.1} s", took_ms / 1000.0)
    }
}
