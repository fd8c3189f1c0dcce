//! Something was around the key or token, and was not sent (fact X62): applications send it as it
//! stands, or refuse to.

use crate::diagnose::{FindingBuilder, Rule, View};
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
            "a line end cannot be in a header: Python's http.client refuses such a value before \
             anything is sent; a client that takes it off itself works",
        ),
        Trimmed::Blanks => (
            "begins or ends with a blank",
            "blanks around a header's value are not part of it (RFC 9110, section 5.5); where a \
             client puts the value into a URL or signs it, they are",
        ),
    };
    let source = source(e);
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            format!("{source} {what}, which this check did not send"),
        )
        .caveat()
        .reasoning("the value was read here; applications use it as it stands, unless they trim it")
        .reasoning(clients)
        .cites("/identity/trimmed")
        .owner("Application")
        .step(Step::local(format!(
            "write the value into {source} without it, e.g. with printf %s in place of echo, and \
             restart what reads it"
        ))),
    )
}
