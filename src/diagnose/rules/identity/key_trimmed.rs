//! Something was around the key or token, and was not sent (fact X62): applications send it as it
//! stands, or refuse to.

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::identity::Trimmed;

use super::credential::source;

pub(super) const RULE: Rule = rule!(
    "identity-key-trimmed",
    Identity,
    "A blank or a line end around the key or token was not sent",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (what, clients) = match e.identity.trimmed? {
        Trimmed::LineEnd => (
            "ends with a line end",
            "a line end cannot be in a header: openai for Python (h11: Illegal header value, shown as \
             Connection error), requests (InvalidHeader) and http.client (Invalid header value) send \
             nothing; Node's fetch takes it off",
        ),
        Trimmed::Blanks => (
            "begins or ends with a blank or a tab",
            "openai for Python sends nothing then (h11: Illegal header value, shown as Connection error), \
             nor does requests where the blank comes first (InvalidHeader); Node's fetch takes it off",
        ),
    };
    let source = source(e);
    // A file that an option of this check names is not known to be the application's.
    let of_variables =
        |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_variable = source.bytes().all(of_variables);
    let level = if is_variable { Level::Risk } else { Level::Note };
    let finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        Clause::from(format!("{source} {what}, which this check did not send"))
            .or(format!("{source} {what}"))
            .or(format!("the key or token {what}")),
    );
    let finding = if is_variable { finding } else { finding.caveat() };
    Some(
        finding
            .reasoning("the value was read here; applications use it as it stands, unless they trim it")
            .reasoning(clients)
            .cites("/identity/trimmed")
            .owner("Application")
            .step(
                Step::local(format!(
                    "write the value into {source} without it, e.g. with printf %s in place of echo, and \
                     restart what reads it"
                ))
                .undo("write the former value again"),
            )
            .check(reading::again(e)),
    )
}
