//! The path, the api-version or the project is unknown there (facts H17, H19, W9).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::http::Purpose;

use super::answered_by::AnsweredBy;
use super::host_kind::host_kind;
use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-not-found",
    Http,
    "404: the path, the api-version or the project does not exist there",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let path = refusal.call.path.split('?').next().unwrap_or_default();
    let mut finding = refusal
        .finding(
            refusal.level(e),
            Confidence::Inferred,
            format!("404 for {}: {path}", refusal.what()),
        )
        .reasoning(
            "the same text reports three faults: a wrong path, an api-version that does not \
                   exist, and an operation that this api-version does not have",
        );
    if refusal.who() == AnsweredBy::GatewayFrame {
        finding = finding.reasoning(
            "the error format is API Management's, without the service's apim-request-id: a \
             gateway in front may have no such route",
        );
    }
    finding = match refusal.call.purpose {
        Purpose::Project => finding
            .owner("Application")
            .inspect("see the account's projects", account::command(e, "project list", "-o table"))
            .step(Step::local(
                "use the project's own endpoint in the application's configuration (keep the old \
                 line to undo it)",
            )),
        Purpose::ApiList => finding
            .reasoning("an account of another kind does not have this API, and answers so as well")
            .owner("Application")
            .inspect("see which kind of account it is", account::show(e, "kind"))
            .step(Step::inspect(
                "check that --service names the API that the application calls, and that its endpoint \
                 is that of an account of this kind",
            )),
        _ => finding
            .owner("Application")
            .inspect(format!("see what {} is", e.target.host), host_kind(e).show(e))
            .step(Step::inspect(if refusal.call.path.contains(&e.options.api_version) {
                format!(
                    "check the api-version ({}): it is a date of the API, not of a model",
                    e.options.api_version
                )
            } else {
                "check the path of the application's own call".to_owned()
            }))
            .step(Step::inspect(format!(
                "check that {} is the account itself and not another backend",
                e.target.host
            ))),
    };
    if host_kind(e).is_gateway() {
        finding = finding.reasoning(format!(
            "{} is a gateway with its own routes: the API's base path must be part of the URL",
            e.target.host
        ));
    }
    Some(finding.about_a(reading::noun(e)).check(reading::again(e)))
}
