//! Steps of rows, as data: words and commands whose words in braces are filled in later.

use crate::diagnosis::Step;

/// A step of a row.
#[derive(Clone, Copy)]
pub(super) struct Do {
    pub(super) message: &'static str,
    command: Option<&'static str>,
    effect: Effect,
    or: bool,
}

#[derive(Clone, Copy)]
enum Effect {
    ReadOnly,
    Local,
    Shared { affects: &'static str, undo: &'static str },
}

/// A step that only reads: a command, and what it shows.
pub(super) const fn look(message: &'static str, command: &'static str) -> Do {
    ask(message).command(command)
}

/// A step that only reads, compares, asks or waits.
pub(super) const fn ask(message: &'static str) -> Do {
    Do { message, command: None, effect: Effect::ReadOnly, or: false }
}

/// A step that changes this machine, one shell or one service alone.
pub(super) const fn local(message: &'static str) -> Do {
    Do { message, command: None, effect: Effect::Local, or: false }
}

/// A step that changes what others use: what for whom, and the way back.
pub(super) const fn shared(message: &'static str, affects: &'static str, undo: &'static str) -> Do {
    Do { message, command: None, effect: Effect::Shared { affects, undo }, or: false }
}

impl Do {
    pub(super) const fn command(mut self, command: &'static str) -> Self {
        self.command = Some(command);
        self
    }

    /// As an alternative to the step before it.
    pub(super) const fn or(mut self) -> Self {
        self.or = true;
        self
    }

    /// Whether it only reads.
    pub(super) const fn only_reads(&self) -> bool {
        matches!(self.effect, Effect::ReadOnly)
    }

    /// The step, its words in braces filled in: by `words` in what people read, by `command` in
    /// what they paste into a shell.
    pub(super) fn filled(
        &self,
        words: impl Fn(&str) -> String,
        command: impl Fn(&str) -> String,
    ) -> Step {
        let message = words(self.message);
        let step = match self.effect {
            Effect::ReadOnly => Step::inspect(message),
            Effect::Local => Step::local(message),
            // A way back is mostly a command.
            Effect::Shared { affects, undo } => {
                Step::shared(message, words(affects)).undo(command(undo))
            }
        };
        let step = if self.or { step.or() } else { step };
        match self.command {
            Some(text) => step.command(command(text)),
            None => step,
        }
    }
}
