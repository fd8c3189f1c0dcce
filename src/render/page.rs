//! Text under construction: the one place where words of a report become lines.
//!
//! Whatever comes in is escaped here, so that nothing in a report can move the cursor.

use colored::Color;

use super::progress::{FACT, WalkLine, walk_line, wrap};
use super::{Style, escape, paint};

/// Column at which the text of a block begins.
const BLOCK: usize = 12;

/// Text under construction.
pub(super) struct Page {
    style: Style,
    text: String,
    /// The label that the next line begins with.
    label: String,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new(), label: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line, unless the page is empty or the last line is one.
    pub(super) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line that is never wrapped, its first part in a colour.
    pub(super) fn headline(&mut self, painted: &str, color: Color, rest: &str) {
        self.text.push_str(&paint(&escape(painted), color, self.style));
        self.text.push_str(&escape(rest));
        self.text.push('\n');
    }

    /// The beginning of a line.
    pub(super) fn inline(&mut self, words: &str) {
        self.text.push_str(&escape(words));
    }

    /// Names the block of the lines that follow.
    pub(super) fn label(&mut self, label: &str) {
        self.label = label.to_owned();
    }

    /// Words, wrapped at the block's column.
    pub(super) fn words(&mut self, words: &str) {
        self.indented(0, words);
    }

    /// Words behind a number or a joining word; the lines after the first begin below the words.
    pub(super) fn indented_after(&mut self, before: &str, words: &str) {
        let words = escape(words);
        let indent = before.chars().count();
        let room = self.style.width.saturating_sub(BLOCK + indent).max(20);
        for (number, line) in wrap(&words, room).into_iter().enumerate() {
            match number {
                0 => {
                    self.start(0);
                    self.text.push_str(before);
                }
                _ => self.start(indent),
            }
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// Words, wrapped, `indent` columns further in; the lines after the first two more.
    pub(super) fn indented(&mut self, indent: usize, words: &str) {
        let words = escape(words);
        let hanging = if indent > 0 { 2 } else { 0 };
        let room = self.style.width.saturating_sub(BLOCK + indent + hanging).max(20);
        for (number, line) in wrap(&words, room).into_iter().enumerate() {
            self.start(if number > 0 { indent + hanging } else { indent });
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A command on a line of its own, as it is to be typed: never wrapped, except where a
    /// rule itself goes on in the next line.
    pub(super) fn command(&mut self, indent: usize, before: &str, command: &str) {
        for (number, line) in command.split("\\\n").enumerate() {
            let line = line.trim();
            self.start(if number == 0 { indent } else { indent + 2 });
            let ends = if number + 1 < command.split("\\\n").count() { " \\" } else { "" };
            if number == 0 {
                self.text.push_str(before);
            }
            let shown = format!("{}{ends}", escape(line));
            self.text.push_str(&paint(&shown, Color::Cyan, self.style));
            self.text.push('\n');
        }
    }

    /// A hop's line and the lines below it.
    pub(super) fn walk(&mut self, walk: &WalkLine<'_>, notes: &[String]) {
        self.text.push_str(&walk_line(walk, self.style));
        self.text.push('\n');
        for note in notes {
            let room = self.style.width.saturating_sub(FACT).max(20);
            for line in wrap(&escape(note), room) {
                self.text.push_str(&" ".repeat(FACT));
                self.text.push_str(&line);
                self.text.push('\n');
            }
        }
    }

    /// A line two columns in: `left`, and `right` six columns after it where there is room,
    /// else below.
    pub(super) fn closing(&mut self, left: &str, right: &str) {
        let (left, right) = (escape(left), escape(right));
        self.text.push_str("  ");
        self.text.push_str(&left);
        if !right.is_empty() {
            let length = 2 + left.chars().count() + 6 + right.chars().count();
            self.text.push_str(if length <= self.style.width { "      " } else { "\n  " });
            self.text.push_str(&right);
        }
        self.text.push('\n');
    }

    /// A line two columns in.
    pub(super) fn heading(&mut self, words: &str) {
        for line in wrap(&escape(words), self.style.width.saturating_sub(2).max(20)) {
            self.text.push_str("  ");
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// The indentation of a block's line, with the label if one waits.
    fn start(&mut self, indent: usize) {
        let label = std::mem::take(&mut self.label);
        self.text.push_str("  ");
        if label.is_empty() {
            self.text.push_str(&" ".repeat(BLOCK - 2));
        } else {
            let width = BLOCK - 2;
            self.text.push_str(&format!("{label:<width$}"));
        }
        self.text.push_str(&" ".repeat(indent));
    }
}
