//! Something was around the key or token, and was not sent (fact X62): applications send it as it
//! stands, or refuse to.

use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::identity::Trimmed;

use super::credential::source;

pub(super) const RULE: Rule = rule!(
    "identity-key-trimmed",
    Identity,
    "A blank or a line end around the key or token was not sent",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
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
        Because::new(
            Level::Note,
            Sure::Proved,
            format!("{source} {what}, which this walk did not send"),
        )
        .caveat()
        .known_by("the value was read here; applications use it as it stands, unless they trim it")
        .known_by(clients)
        .read_at("/identity/trimmed")
        .owner("Application")
        .act(Step::local(format!(
            "write the value into {source} without it, e.g. with printf %s in place of echo, and \
             restart what reads it"
        ))),
    )
}
