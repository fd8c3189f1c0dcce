//! Builds text: the only place where words of a report become lines.
//!
//! Everything is escaped here, so that nothing in a report can control the terminal.

use colored::Color;
use textwrap::core::display_width;

use super::command::{self, CONTINUED, Shell};
use super::progress::{FACT_COLUMN, HopLine, hop_line, wrap};
use super::{Style, escape, paint};
use crate::commands::words::one_line;

/// Column at which the text of a block begins.
pub(super) const BLOCK_COLUMN: usize = 12;

/// Builds text.
pub(super) struct TextWriter {
    style: Style,
    text: String,
    /// The label of the next line.
    label: String,
    /// The shell that commands are for.
    shell: Shell,
}

impl TextWriter {
    pub(super) fn new(style: Style) -> Self {
        Self { style, text: String::new(), label: String::new(), shell: Shell::default() }
    }

    /// Sets the shell of the commands that follow.
    pub(super) fn set_shell(&mut self, shell: Shell) {
        self.shell = shell;
    }

    /// The length of the text so far, for [`Self::rows_since`].
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    /// Rows of a screen that the text takes from `begin` on.
    pub(super) fn rows_since(&self, begin: usize) -> usize {
        let text = self.text.get(begin..).unwrap_or_default();
        let width = self.style.width.max(1);
        text.lines().map(|line| display_width(line).div_ceil(width).max(1)).sum()
    }

    /// Lines that words take in a block.
    pub(super) fn lines_of(&self, words: &str) -> usize {
        wrap(&escape(words), self.room(0)).len()
    }

    /// Columns of a block's text, `indent` columns further in.
    pub(super) fn room(&self, indent: usize) -> usize {
        self.style.width.saturating_sub(BLOCK_COLUMN + indent).max(20)
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line, unless the text is empty or ends with one.
    pub(super) fn write_blank_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A line that is never wrapped, with its first part in a colour.
    pub(super) fn write_headline(&mut self, painted: &str, color: Color, rest: &str) {
        self.text.push_str(&paint(&escape(painted), color, self.style));
        self.text.push_str(&escape(rest));
        self.text.push('\n');
    }

    /// What another writer of the same style has finished.
    pub(super) fn write_rendered(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The beginning of a line.
    pub(super) fn write_inline(&mut self, words: &str) {
        self.text.push_str(&escape(words));
    }

    /// Sets the label of the block that follows.
    pub(super) fn set_label(&mut self, label: &str) {
        self.label = label.to_owned();
    }

    /// Words, wrapped at the block's column.
    pub(super) fn write_text(&mut self, words: &str) {
        self.write_indented(0, words);
    }

    /// Words behind a number or a joining word; the lines after the first begin below the words.
    pub(super) fn write_after(&mut self, before: &str, words: &str) {
        let words = escape(words);
        let indent = before.chars().count();
        for (number, line) in wrap(&words, self.room(indent)).into_iter().enumerate() {
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
    pub(super) fn write_indented(&mut self, indent: usize, words: &str) {
        let words = escape(words);
        let hanging = if indent > 0 { 2 } else { 0 };
        for (number, line) in wrap(&words, self.room(indent + hanging)).into_iter().enumerate() {
            self.start(if number > 0 { indent + hanging } else { indent });
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// A text of the block, and another at the end of its first line where there is room for both,
    /// else below.
    pub(super) fn write_both(&mut self, left: &str, right: &str) {
        let (left, right) = (escape(left), escape(right));
        let room = self.room(0);
        let gap = room.saturating_sub(display_width(&left) + display_width(&right));
        if gap < 2 {
            self.write_text(&left);
            self.write_text(&right);
            return;
        }
        self.start(0);
        self.text.push_str(&format!("{left}{:gap$}{right}\n", ""));
    }

    /// A command, from a line of its own on; a long one is continued as its shell reads it.
    pub(super) fn write_command(&mut self, indent: usize, command: &str) {
        let command = escape(&one_line(command)).into_owned();
        let lines = command::lines(&command, self.room(indent), self.shell);
        for (number, line) in lines.iter().enumerate() {
            self.start(if number == 0 { indent } else { indent + CONTINUED });
            self.text.push_str(&paint(line, Color::Cyan, self.style));
            self.text.push('\n');
        }
    }

    /// The line of a hop and its notes.
    pub(super) fn write_hop(&mut self, walk: &HopLine<'_>, notes: &[String]) {
        self.text.push_str(&hop_line(walk, self.style));
        self.text.push('\n');
        let lines: Vec<String> = notes.iter().flat_map(|note| self.note_lines(note)).collect();
        for line in lines {
            self.text.push_str(&format!("{:FACT_COLUMN$}{line}\n", ""));
        }
    }

    fn note_lines(&self, note: &str) -> Vec<String> {
        wrap(&escape(note), self.style.width.saturating_sub(FACT_COLUMN).max(20))
    }

    /// Rows of a screen that the note of a hop takes.
    pub(super) fn note_rows(&self, note: &str) -> usize {
        self.note_lines(note).len()
    }

    /// Rows of a screen that the line of a hop takes.
    pub(super) fn hop_rows(&self, walk: &HopLine<'_>) -> usize {
        hop_line(walk, self.style).lines().count()
    }

    /// A line two columns in: `left`, and `right` six columns after it where there is room,
    /// else below.
    pub(super) fn write_closing(&mut self, left: &str, right: &str) {
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
    pub(super) fn write_heading(&mut self, words: &str) {
        for line in wrap(&escape(words), self.style.width.saturating_sub(2).max(20)) {
            self.text.push_str("  ");
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    /// The indentation of a line in a block, with the pending label.
    fn start(&mut self, indent: usize) {
        let label = std::mem::take(&mut self.label);
        self.text.push_str("  ");
        if label.is_empty() {
            self.text.push_str(&" ".repeat(BLOCK_COLUMN - 2));
        } else {
            let width = BLOCK_COLUMN - 2;
            self.text.push_str(&format!("{label:<width$}"));
        }
        self.text.push_str(&" ".repeat(indent));
    }
}
