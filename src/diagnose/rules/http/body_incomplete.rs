//! The answer began, but its body is incomplete.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::refusal_match::find_refusal;

pub(super) const RULE: Rule =
    rule!("http-body-incomplete", Http, "The body of the answer is incomplete", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let read = refusal.answer.body_bytes;
    let mut finding = refusal.finding(
        Level::Risk,
        Confidence::Inferred,
        format!("the answer stopped after {read} bytes of its body"),
    );
    if let Some(line) = refusal.header_line("content-length") {
        finding = finding.fact(line);
    }
    Some(
        finding
            .fact(format!(
                "read in {:.0} ms, deadline {} ms",
                refusal.call.took_ms, e.options.timeout_ms
            ))
            .reasoning(
                "the status and the headers arrived, but not the whole body: packets are lost on \
                 the path, a device cuts long answers, or the answer is larger than this tool \
                 reads",
            )
            .owner("Network")
            .inspect("see whether a longer deadline helps", reading::again_with(e, "--timeout 30"))
            .step(Step::inspect(
                "look for packet loss and for devices on this path that inspect or cut answers",
            ))
            .check(reading::again(e)),
    )
}
