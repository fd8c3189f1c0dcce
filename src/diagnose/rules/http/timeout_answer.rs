//! The service reports that its own processing took too long (fact H22).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::Step;

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule = rule!(
    "http-timeout-answer",
    Http,
    "The service reports that the operation timed out",
    Code(check)
)
.about(crate::diagnose::About::Load)
.short("408: the service's own processing timed out");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let mut finding = refusal.finding(
        refusal.level(e),
        refusal.confidence(),
        format!(
            "the service answers {}: its own processing of {} timed out",
            refusal.answer.status,
            refusal.what()
        ),
    );
    if let Some(line) = refusal.header_line("apim-request-id") {
        finding = finding.fact(line);
    }
    Some(
        finding
            .reasoning(format!(
                "the answer, which came after {:.0} ms, reports it; the network carried it",
                refusal.call.took_ms
            ))
            .ruled_out("a silent network: an answer came")
            .owner("Azure platform")
            .step(Step::inspect(
                "check again; if the error persists, open a ticket with the \
                             apim-request-id",
            ))
            .check(reading::again(e)),
    )
}
