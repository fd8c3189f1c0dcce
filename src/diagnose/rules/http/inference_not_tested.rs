//! The list answers, and nothing says that a deployment does (fact G5).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Expect;

use super::said::{pointer, request};

pub(super) const RULE: Rule = rule!(
    "http-inference-not-tested",
    Http,
    "Whether this caller may run a deployment was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.http.saw()?;
    let main = hop.main().filter(|call| call.credential_sent && e.http.accepted())?;
    if hop.deployment().is_some() || e.asked.expect == Expect::Closed {
        return None;
    }
    let status = main.answer().map_or(0, |answer| answer.status);
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            "not tested: whether this caller may run a deployment (--deployment)",
        )
        .seen(format!("{} -> {status}; no deployment was called", request(main)))
        .known_by("the right to list models does not carry the right to run one")
        .tells_it(reading::again_with(e, "--deployment <deployment>"))
        .read_at(pointer(0))
        .not_tested(),
    )
}
