//! Other users of the machine can read the secret's file.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::credential::source;

pub(super) const RULE: Rule = rule!(
    "identity-key-file-open",
    Identity,
    "Other users can read the file with the secret",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let mode = e.identity.file_mode_open.as_deref()?;
    let file = source(e);
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            format!("other users can read {file} (mode {mode})"),
        )
        .reasoning("the mode of the file says so")
        .cites("/identity/file_mode_open")
        .owner("Application")
        .step(
            Step::local("let its owner alone read it, if no other user's program needs it")
                .command(format!("chmod 600 {}", reading::word(file)))
                .undo(format!("chmod {mode} {}", reading::word(file))),
        ),
    )
}
