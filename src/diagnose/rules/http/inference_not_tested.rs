//! The list answers, which does not show that a deployment does (fact G5).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Expect;

use super::refusal_match::{pointer, request};

pub(super) const RULE: Rule = rule!(
    "http-inference-not-tested",
    Http,
    "Not tested: whether this caller may use a deployment",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.http.value()?;
    let main = hop.main().filter(|call| call.credential_sent && e.http.accepted())?;
    let none = reading::service(e).is_some_and(|s| s.has_call() && !s.has_deployments());
    if none || hop.deployment().is_some() || e.options.expect == Expect::Closed {
        return None;
    }
    let status = main.answer().map_or(0, |answer| answer.status);
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            "not tested: whether this caller may use a deployment (--deployment)",
        )
        .fact(format!("{} -> {status}; no deployment was called", request(main)))
        .reasoning("the right to list models does not include the right to use one")
        .decide_with(reading::again_with(e, "--deployment <deployment>"))
        .cites(pointer(0))
        .not_tested(),
    )
}
