//! What each report concludes.

use crate::compare::row::{Row, keyed, one, unordered};
use crate::diagnosis::Level;

pub(super) const ROWS: &[Row] = &[
    Row::new("verdict.unfinished", "walk that was not made to its end", |r| {
        let words = r.evidence.unfinished.as_deref().unwrap_or("no");
        keyed(words, if r.evidence.unfinished.is_some() { "yes" } else { "no" })
    })
    .outcome(),
    Row::new("verdict.state", "verdict", |r| {
        let hop = r.verdict.broken_hop.map(|hop| format!(" at {}", hop.name())).unwrap_or_default();
        one(format!("{}{hop}", r.verdict.state.words()))
    })
    .outcome(),
    Row::new("verdict.cause", "cause", |r| {
        let id = r.verdict.cause.as_deref().unwrap_or("none");
        keyed(id, id)
    })
    .outcome(),
    Row::new("verdict.findings", "findings above a note", |r| {
        let above = r.findings.iter().filter(|finding| finding.level > Level::Note);
        unordered(above.map(|finding| &finding.id))
    })
    .covered_by(&["verdict.cause"]),
];
