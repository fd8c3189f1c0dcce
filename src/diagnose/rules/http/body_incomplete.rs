//! The answer began well and did not come to its end.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-body-incomplete",
    Http,
    "The body of the answer did not come to its end",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let read = said.answer.body_bytes;
    let mut because = said.because(
        Level::Risk,
        Sure::Inferred,
        format!("the answer stopped after {read} bytes of its body"),
    );
    if let Some(line) = said.header_line("content-length") {
        because = because.seen(line);
    }
    Some(
        because
            .seen(format!(
                "read in {:.0} ms, deadline {} ms",
                said.call.took_ms, e.asked.timeout_ms
            ))
            .known_by(
                "status and headers arrived and the body did not end: packets are lost on the \
                 way, a device cuts long answers, or the answer is larger than is read here",
            )
            .owner("Network")
            .look("see whether a longer deadline helps", reading::again_with(e, "--timeout 30"))
            .act(Step::look(
                "look for loss and for devices that inspect or cut answers on this path",
            ))
            .check(reading::again(e)),
    )
}
