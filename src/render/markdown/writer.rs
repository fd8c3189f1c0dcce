//! Blocks of Markdown, with the blank lines between them.

use super::escape::{fenced, text};
use crate::commands::words::one_line;
use crate::render::command::{self, CONTINUED, Shell};
use crate::render::escape;

/// Columns of a command's line.
const WIDTH: usize = 76;

/// Writes blocks. Words are escaped here, unless a name says `raw`.
pub(super) struct Writer {
    out: String,
    /// How far headings are moved down: 1 where a document has several tickets.
    down: usize,
    /// Whether the last block is an item, which the next one follows without a blank line.
    in_list: bool,
    /// The shell that reads the commands.
    shell: Shell,
}

impl Writer {
    pub(super) fn new(down: usize, shell: Shell) -> Self {
        Self { out: String::new(), down, in_list: false, shell }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// A heading: level 1 is a title.
    pub(super) fn heading(&mut self, level: usize, words: &str) {
        self.blank();
        let marks = "#".repeat(level + self.down);
        self.out.push_str(&format!("{marks} {}\n", text(words)));
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, words: &str) {
        self.blank();
        self.out.push_str(&format!("{}\n", text(words)));
    }

    /// An item of a list.
    pub(super) fn item(&mut self, words: &str) {
        if !self.in_list {
            self.blank();
            self.in_list = true;
        }
        self.out.push_str(&format!("- {}\n", text(words)));
    }

    /// Something that is Markdown already: a table.
    pub(super) fn raw_block(&mut self, markdown: &str) {
        self.blank();
        self.out.push_str(markdown);
    }

    /// The first line of a numbered item; its further blocks are three columns in.
    pub(super) fn numbered(&mut self, number: usize, words: &str, mark: &str) {
        self.blank();
        self.out.push_str(&format!("{number}. {}{mark}\n", text(words)));
    }

    /// A further paragraph of a numbered item, behind words of ours.
    pub(super) fn continued(&mut self, before: &str, words: &str, mark: &str) {
        self.blank();
        self.out.push_str(&format!("   {before}{}{mark}\n", text(words)));
    }

    /// An item of a list inside a numbered item.
    pub(super) fn continued_item(&mut self, label: &str, words: &str) {
        if !self.in_list {
            self.blank();
            self.in_list = true;
        }
        self.out.push_str(&format!("   - {label}: {}\n", text(words)));
    }

    /// The same for a command.
    pub(super) fn continued_item_command(&mut self, label: &str, command: &str) {
        if !self.in_list {
            self.blank();
        }
        self.out.push_str(&format!("   - {label}:\n"));
        self.command(5, command);
    }

    /// A command, `indent` columns in; a long one is continued as its shell reads it.
    pub(super) fn command(&mut self, indent: usize, command: &str) {
        self.blank();
        let lines = command::lines(&escape(&one_line(command)), WIDTH, self.shell);
        let further = |(at, line): (usize, &String)| match at {
            0 => line.clone(),
            _ => format!("{}{line}", " ".repeat(CONTINUED)),
        };
        let lines: Vec<String> = lines.iter().enumerate().map(further).collect();
        let info = match self.shell {
            Shell::Posix => "sh",
            Shell::PowerShell => "powershell",
        };
        self.out.push_str(&fenced(indent, info, lines.iter().map(String::as_str)));
    }

    fn blank(&mut self) {
        self.in_list = false;
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }
}
