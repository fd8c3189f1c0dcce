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
    if e.vantage.os.starts_with("windows") {
        return Some(open_on_windows(file, mode));
    }
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

/// The same where an access control list says who may read it.
fn open_on_windows(file: &str, groups: &str) -> FindingBuilder {
    let quoted = format!("'{}'", file.replace('\'', "''"));
    FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        format!("every user of the machine can read {file} ({groups})"),
    )
    .reasoning("the access control list of the file says so")
    .cites("/identity/file_mode_open")
    .owner("Application")
    .inspect("see and keep the rights that it has now", format!("icacls {quoted}"))
    .step(
        Step::local(
            "let the user of the application alone read it, if no other user's program needs it",
        )
        .command(format!("icacls {quoted} /inheritance:r /grant:r \"${{env:USERNAME}}:R\""))
        .undo(format!("icacls {quoted} /reset")),
    )
}
