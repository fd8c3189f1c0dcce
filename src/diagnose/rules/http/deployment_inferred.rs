//! The deployment refused an empty request, so it exists (fact G2c).

use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level};

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-deployment-inferred",
    Http,
    "The deployment answers: it refused an empty request",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let deployment = e.options.deployment.as_deref().unwrap_or("it");
    let kind = refusal.answer.error.as_ref().and_then(|error| error.kind.as_deref());
    let answers = kind == Some("invalid_request_error");
    let known = if answers {
        "an invalid_request_error comes from the deployment itself: it read the empty request"
    } else {
        "the deployment was found; it does not support this operation, or it refused the empty \
         request"
    };
    Some(
        refusal
            .finding(
                Level::Note,
                Confidence::Inferred,
                format!("the deployment {deployment} exists: it refused an empty request"),
            )
            .reasoning(known)
            .reasoning("no completion was made, so no tokens were consumed"),
    )
}
