//! Steps of rows, as data: words and commands whose words in braces are filled in later.

use crate::diagnosis::Step;

/// A step of a row.
#[derive(Clone, Copy)]
pub(super) struct Do {
    pub(super) says: &'static str,
    command: Option<&'static str>,
    effect: Effect,
}

#[derive(Clone, Copy)]
enum Effect {
    ReadOnly,
    Local,
    Shared { affects: &'static str, undo: &'static str },
}

/// A step that only reads: a command, and what it shows.
pub(super) const fn look(says: &'static str, command: &'static str) -> Do {
    ask(says).command(command)
}

/// A step that only reads, compares, asks or waits.
pub(super) const fn ask(says: &'static str) -> Do {
    Do { says, command: None, effect: Effect::ReadOnly }
}

/// A step that changes this machine, one shell or one service alone.
pub(super) const fn local(says: &'static str) -> Do {
    Do { says, command: None, effect: Effect::Local }
}

/// A step that changes what others use: what for whom, and the way back.
pub(super) const fn shared(says: &'static str, affects: &'static str, undo: &'static str) -> Do {
    Do { says, command: None, effect: Effect::Shared { affects, undo } }
}

impl Do {
    pub(super) const fn command(mut self, command: &'static str) -> Self {
        self.command = Some(command);
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
        let says = words(self.says);
        let step = match self.effect {
            Effect::ReadOnly => Step::look(says),
            Effect::Local => Step::local(says),
            // A way back is mostly a command.
            Effect::Shared { affects, undo } => {
                Step::shared(says, words(affects)).undo(command(undo))
            }
        };
        match self.command {
            Some(text) => step.command(command(text)),
            None => step,
        }
    }
}
