//! The content of a hop's line.

use super::progress::Mark;

/// The content of a hop's line.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The result of the hop, by its own evidence.
    pub mark: Mark,
    /// The most important fact.
    pub text: String,
    /// A shorter form of it, for a place with one line.
    pub brief: Option<String>,
    /// Details for the lines below.
    pub notes: Vec<String>,
    /// How many of them a reader needs at once: the first ones.
    pub first: usize,
    /// Time taken in milliseconds.
    pub took_ms: Option<f64>,
}

impl Fact {
    pub(super) fn new(mark: Mark, text: impl Into<String>, took_ms: Option<f64>) -> Self {
        Self { mark, text: text.into(), brief: None, notes: Vec::new(), first: 0, took_ms }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With all notes so far among those that a reader needs at once.
    pub(super) fn notes_first(mut self) -> Self {
        self.first = self.notes.len();
        self
    }
}
