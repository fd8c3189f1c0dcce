//! The deployment refused an empty question, so it exists (fact G2c).

use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Sure};

use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-deployment-inferred",
    Http,
    "The deployment answers: it refused an empty question",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let deployment = e.asked.deployment.as_deref().unwrap_or("it");
    let kind = said.answer.error.as_ref().and_then(|error| error.kind.as_deref());
    let answers = kind == Some("invalid_request_error");
    let known = if answers {
        "an invalid_request_error comes from behind the deployment: it read the empty question"
    } else {
        "the deployment was found; this operation is not its own, or it refused the empty question"
    };
    Some(
        said.because(
            Level::Note,
            Sure::Inferred,
            format!("the deployment {deployment} is there: it refused an empty question"),
        )
        .known_by(known)
        .known_by("no token was used; a completion itself was not made"),
    )
}
