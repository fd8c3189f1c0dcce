//! The service itself fails: 5xx in its error format, or without a sign of something in front
//! (H24).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::host_kind::host_kind;
use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-server-error",
    Http,
    "The service answers with an error of its own (5xx)",
    Code(check)
)
.about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let own = refusal.own_headers();
    let confidence = if own { Confidence::Proved } else { Confidence::Inferred };
    let status = refusal.answer.status;
    let mut finding = refusal.finding(
        refusal.level(e),
        confidence,
        match own {
            true => format!("the service answers {status} for {}", refusal.what()),
            false => {
                format!("{status} for {}; which server sent it is not certain", refusal.what())
            }
        },
    );
    for name in ["apim-request-id", "x-ms-region", "retry-after"] {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    finding = finding.reasoning(if own {
        "the service's own headers are in the answer"
    } else {
        "nothing in the answer names a proxy or gateway in front"
    });
    Some(
        finding
            .ruled_out("DNS, TCP and TLS: the call was answered")
            .owner("Azure platform")
            .inspect(
                format!("see {}", host_kind(e).name()),
                match host_kind(e).is_gateway() {
                    true => host_kind(e).show(e),
                    false => "az resource show --ids <account resource id>/providers/\
                          Microsoft.ResourceHealth/availabilityStatuses/current \
                          --api-version 2023-07-01-preview --query properties"
                        .to_owned(),
                },
            )
            .step(Step::inspect(
                "check again; if the error persists, open a ticket with the \
                             apim-request-id",
            ))
            .check(reading::again(e)),
    )
}
