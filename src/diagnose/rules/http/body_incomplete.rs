//! The answer began, but its body is incomplete.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::http::BODY_LIMIT;

use super::host_kind::host_kind;
use super::refusal_match::find_refusal;

pub(super) const RULE: Rule =
    rule!("http-body-incomplete", Http, "The body of the answer is incomplete", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let read = refusal.answer.body_bytes;
    // What ended before the deadline was ended, by the server or on the way, for every client.
    let deadline = u32::try_from(e.options.timeout_ms).map_or(f64::MAX, f64::from);
    let ended_early = refusal.call.took_ms < deadline * 0.9;
    let mut finding = refusal.finding(
        if ended_early { Level::Broken } else { Level::Risk },
        Confidence::Inferred,
        format!("the answer stopped after {read} bytes of its body"),
    );
    if let Some(line) = refusal.header_line("content-length") {
        finding = finding.fact(line);
    }
    // The limit is this program's own: nothing on the path stopped the answer.
    if usize::try_from(read).is_ok_and(|read| read >= BODY_LIMIT) {
        let mut larger = refusal.finding(
            Level::Risk,
            Confidence::Inferred,
            format!("the answer is larger than the {} MiB that this tool reads", BODY_LIMIT >> 20),
        );
        if let Some(line) = refusal.header_line("content-length") {
            larger = larger.fact(line);
        }
        return Some(
            larger
                .reasoning(
                    "this tool stopped reading there, and the path did not stop the answer; the list \
                     of a service is much shorter, so a gateway or another server may answer here",
                )
                .owner("Application")
                .inspect(
                    format!("see what {} is", e.target.host),
                    host_kind(e).show(e),
                )
                .check(reading::again(e)),
        );
    }
    finding = finding.fact(format!(
        "read in {:.0} ms, deadline {} ms",
        refusal.call.took_ms, e.options.timeout_ms
    ));
    let again = Step::inspect(
        "look for devices on this path that inspect or cut answers, and at the log of what answers there",
    );
    if refusal.answer.payload.is_some() {
        finding = finding.reasoning(
            "what arrived is a whole JSON text, but not the end of the answer as its own headers state \
             it (the last chunk, or the rest of its Content-Length): clients discard such an answer, or \
             wait for the rest",
        );
    }
    if ended_early {
        return Some(
            finding
                .reasoning(
                    "the status and the headers arrived, and the body ended early, long before the \
                     deadline: what answered or a device in between closed the connection, or sent a body \
                     that does not fit its own length; no longer deadline helps",
                )
                .owner("Network")
                .step(again)
                .check(reading::again(e)),
        );
    }
    Some(
        finding
            .reasoning(
                "the status and the headers arrived, but not the whole body in time: packets are lost on \
                 the path, or a device cuts long answers",
            )
            .owner("Network")
            .inspect("see whether a longer deadline helps", reading::again_with(e, "--timeout 30"))
            .step(Step::inspect("look for packet loss"))
            .step(again)
            .check(reading::again(e)),
    )
}
