//! Other users of the machine can read the secret's file.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::credential::source;

pub(super) const RULE: Rule = rule!(
    "identity-key-file-open",
    Identity,
    "Other users can read the file with the secret",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let mode = e.identity.file_mode_open.as_deref()?;
    let file = source(e);
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            format!("other users can read {file} (mode {mode})"),
        )
        .known_by("the mode of the file says so")
        .read_at("/identity/file_mode_open")
        .owner("Application")
        .act(
            Step::local("let its owner alone read it, if no other user's program needs it")
                .command(format!("chmod 600 {}", reading::word(file)))
                .undo(format!("chmod {mode} {}", reading::word(file))),
        ),
    )
}
