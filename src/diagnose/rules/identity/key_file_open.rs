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
    let rights = e.identity.file_mode_open.as_deref()?;
    let file = source(e);
    // What it names on Windows is no mode, but groups with every user of the machine in them.
    let groups = e.vantage.os.starts_with("windows");
    let (headline, reasoning, before) = match groups {
        true => (
            format!("every user of the machine can read {file} ({rights})"),
            "the access control list of the file says so",
            "a+r",
        ),
        false => (
            format!("other users can read {file} (mode {rights})"),
            "the mode of the file says so",
            rights,
        ),
    };
    Some(
        FindingBuilder::new(Level::Note, Confidence::Proved, headline)
            .reasoning(reasoning)
            .cites("/identity/file_mode_open")
            .owner("Application")
            .step(
                Step::local("let its owner alone read it, if no other user's program needs it")
                    .command(format!("chmod 600 {}", reading::word(file)))
                    .undo(format!("chmod {before} {}", reading::word(file))),
            ),
    )
}
