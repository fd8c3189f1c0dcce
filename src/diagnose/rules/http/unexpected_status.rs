//! A status that the service is not known to send for this call.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-unexpected-status",
    Http,
    "A status that is not expected for this call",
    Code(check)
)
.short("the service is not known to send this status");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let status = refusal.answer.status;
    let version = refusal.row.facts == "G2a";
    let message = if version {
        "the v1 path takes no api-version".to_owned()
    } else {
        format!("{status} for {}, which the service is not known to send", refusal.what())
    };
    let known = if version {
        "the service itself reports this"
    } else {
        "the call only asks for a list, and the catalogue does not contain this answer"
    };
    let confidence = if version { Confidence::Proved } else { Confidence::Inferred };
    Some(
        refusal
            .finding(refusal.level(e), confidence, message)
            .reasoning(known)
            .ruled_out("DNS, TCP and TLS: the call was answered")
            .owner("Application")
            .inspect(
                "see the whole answer, without a credential",
                format!(
                    "curl -sv {}",
                    reading::word(&format!("https://{}{}", e.target.host, refusal.call.path))
                ),
            )
            .step(if version {
                Step::local(
                    "omit the api-version from the application's calls under /openai/v1 (keep the \
                     old line to undo it)",
                )
            } else {
                Step::inspect("send the message above to the team that runs the host that answered")
            })
            .check(reading::again(e)),
    )
}
