//! The TLS session is open, and a call gets no answer that can be read.

use crate::diagnose::rules::http::refusal_match::{place, pointer, request, short};
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::http::{HttpCall, HttpOutcome};

/// One way in which a call ends without an answer.
pub(in crate::diagnose) struct Row {
    /// Whether the call ended in this way.
    pub(in crate::diagnose) ended: fn(&HttpOutcome) -> bool,
    /// How sure the finding is.
    pub(in crate::diagnose) confidence: Confidence,
    /// The clause of the first line.
    pub(in crate::diagnose) message: fn(&HttpCall) -> String,
    /// Adds what it means and what to look at.
    pub(in crate::diagnose) facts: fn(FindingBuilder, &View<'_>, &HttpCall) -> FindingBuilder,
}

/// Whether some call ended as `row` says; the first one is reported.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let read = e.http.calls().find(|read| (row.ended)(&read.call.outcome))?;
    let call = read.call;
    let finding =
        FindingBuilder::new(Level::Broken, row.confidence, short(&(row.message)(call), 100))
            .fact(format!("{} {}, ended after {:.0} ms", request(call), place(e), call.took_ms))
            .ruled_out("DNS, TCP and TLS: the session was open when the call was sent")
            .owner("Network")
            .cites(pointer(read.index))
            .check(reading::again(e));
    Some((row.facts)(finding, e, call))
}
