//! The service answers that its own work took too long (fact H22).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Step;

use super::said::said;

pub(super) const RULE: Rule = rule!(
    "http-timeout-answer",
    Http,
    "The service answers that the operation timed out",
    Code(check)
)
.about(crate::diagnose::About::Load)
.short("408: the service's own processing timed out");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let mut because = said.because(
        said.level(e),
        said.sure(),
        format!(
            "the service answers {}: its own work for {} timed out",
            said.answer.status,
            said.what()
        ),
    );
    if let Some(line) = said.header_line("apim-request-id") {
        because = because.seen(line);
    }
    Some(
        because
            .known_by(format!(
                "the answer came after {:.0} ms and says so itself; the network carried it",
                said.call.took_ms
            ))
            .ruled_out("a silent network: an answer came")
            .owner("Azure platform")
            .act(Step::look("walk again; if it stays, open a ticket and give the apim-request-id"))
            .check(reading::again(e)),
    )
}
