//! An account of another kind has no list of models: not tested, and not broken (H17, H19).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::services::{self, Kind};

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-list-not-offered",
    Http,
    "This kind of account has no list of models: the call is not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let service = e.target.service_name.as_deref().unwrap_or("this service");
    let apis: Vec<&str> =
        services::all().filter(|one| one.kind == Kind::Api).map(|one| one.id).collect();
    Some(
        refusal.finding(
            Level::Note,
            Confidence::Inferred,
            format!("not tested: {service} lists no models at {}", e.target.host),
        )
        .reasoning(
            "the service answers in its own error format that it has no such resource: the path \
             works, and the credential was not tested",
        )
        .reasoning(format!(
            "--service names the API that the application calls, and a list of that one is asked \
             for: {}",
            apis.join(", ")
        ))
        .decide_with(reading::again_with(e, "--service <API>"))
        .not_tested(),
    )
}
