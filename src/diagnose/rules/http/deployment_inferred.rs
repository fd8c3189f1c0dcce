//! The deployment refused an empty request, so it exists (facts G2c, H93).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level};

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-deployment-inferred",
    Http,
    "The deployment answers: it refused an empty request",
    Code(check)
);

/// The code by which the service refuses an operation that the model of a deployment does not support.
const UNSUPPORTED: &str = "operationnotsupported";

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let deployment = e.options.deployment.as_deref().unwrap_or("it");
    let kind = refusal.answer.error.as_ref().and_then(|error| error.kind.as_deref());
    let answers = kind == Some("invalid_request_error");
    let unsupported =
        refusal.answer.code().is_some_and(|code| code.eq_ignore_ascii_case(UNSUPPORTED));
    if unsupported {
        return Some(
            refusal
                .finding(
                    Level::Note,
                    refusal.confidence(),
                    format!("not tested: what {deployment} is for; its model makes no chat completions"),
                )
                .reasoning(
                    "the service found the deployment, and its model does not support the operation \
                     that was called here: a call for chat completions fails in the same way; one for \
                     embeddings, images or audio was not made",
                )
                .decide_with(account::command(
                    e,
                    "deployment show",
                    &format!(
                        "--deployment-name {} --query \"properties.{{model:model,can:capabilities}}\"",
                        reading::word(deployment)
                    ),
                ))
                .not_tested(),
        );
    }
    let known = if answers {
        "an invalid_request_error comes from the deployment itself: it read the empty request"
    } else {
        "the deployment was found; it refused the empty request"
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
