//! The hops in a table, a row each.

use maud::{Markup, html};

use crate::evidence::Hop;
use crate::render::fact_lines::Fact;
use crate::render::progress::{Mark, milliseconds};
use crate::render::{azure, hop_table, path};
use crate::report::Report;

/// The CSS class of a mark, which determines its colour.
pub(super) const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Works => "works",
        Mark::Care => "risk",
        Mark::Breaks => "broken",
        Mark::NotDone => "none",
    }
}

/// The table, with the walks in parallel at its end.
pub(super) fn hops(report: &Report) -> Markup {
    html! {
        table.hops {
            thead { tr { th { "hop" } th { "state" } th { "fact" } th.number { "time" } } }
            tbody {
                @for hop in Hop::ALL {
                    (row(hop.name(), &hop_table::fact(report, hop), hop_table::explained_by(report, hop)))
                }
                @if let Some(fact) = azure::fact(&report.evidence) { (row(azure::NAME, &fact, None)) }
            }
            @for (heading, hops) in path::parallel(&report.evidence) {
                tbody {
                    tr { th.parallel colspan="4" { (heading) } }
                    @for (hop, fact) in hops { (row(hop.name(), &fact, None)) }
                }
            }
        }
    }
}

fn row(name: &str, fact: &Fact, explained_by: Option<Hop>) -> Markup {
    html! {
        tr class=(class(fact.mark)) {
            th scope="row" { (name) }
            td.state { (hop_table::word(fact.mark)) }
            td {
                (fact.text)
                @if let Some(cause) = explained_by { " (caused by " (cause.name()) ")" }
                @for note in &fact.notes { div.note { (note) } }
            }
            td.number { @if let Some(ms) = fact.took_ms { (milliseconds(ms)) } }
        }
    }
}
