//! Two judged reports of one target in, a [`Comparison`] out: the first hop where they differ, what
//! differs, and what explains it. Pure: no I/O, no clock.
//!
//! * `row` is a fact that is compared, and `rows/` has all of them, a file a part. Noise has no row.
//! * `causes/` has what can explain a difference. A cause is only named where one report shows a
//!   path that works and the other one that does not, and only from what the two reports show.
//! * `matching` says which reports of two files belong together.
//!
//! To add a fact, add a row. To add a cause, add a row to the file of its hop in `causes/` and a
//! pair under `fixtures/pairs` that shows it.

mod causes;
mod matching;
mod notes;
mod row;
mod rows;
mod view;

pub use matching::{Matched, NotComparable, OTHER_NAMES, matched, of_one_account, repeated};

use crate::comparison::{Comparison, Difference, Fact, PARTS, Side};
use crate::evidence::Hop;
use crate::report::Report;

/// A report and where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its file, or what else it comes from, for people.
    pub source: &'a str,
    /// The report, judged.
    pub report: &'a Report,
}

/// Compares two reports of one target.
#[must_use]
pub fn compare(a: Named<'_>, b: Named<'_>) -> Comparison {
    let facts = facts(a.report, b.report);
    let first_hop = first_hop(a.report, b.report, &facts);
    let result = match facts.iter().map(|fact| fact.outcome).max() {
        None => Difference::Same,
        Some(false) => Difference::Harmless,
        Some(true) => Difference::Outcome,
    };
    let causes = causes::causes(a.report, b.report, &facts, first_hop);
    let notes = notes::notes(a.report, b.report, result, &causes, &facts, first_hop);
    Comparison {
        target: b.report.title().to_owned(),
        result,
        first_hop,
        a: side(a),
        b: side(b),
        causes,
        notes,
        facts,
    }
}

fn facts(a: &Report, b: &Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    for row in rows::ROWS.iter().copied().flatten() {
        debug_assert!(PARTS.contains(&row.part()), "{} is in no part", row.id);
        let more = row.differences(a, b, &facts);
        facts.extend(more);
    }
    facts
}

/// The first hop with an outcome that differs, or the one before it that only one report calls
/// broken, if a fact of it differs; else the first with any fact that does.
fn first_hop(a: &Report, b: &Report, facts: &[Fact]) -> Option<Hop> {
    let broken = [a.verdict.broken_hop, b.verdict.broken_hop];
    let by_verdict = |hop: Hop| broken[0] != broken[1] && broken.contains(&Some(hop));
    let first = |outcome: bool| {
        let differs = |hop: &Hop| {
            let here = |fact: &&Fact| fact.part == hop.name();
            facts.iter().filter(here).any(|fact| fact.outcome || !outcome || by_verdict(*hop))
        };
        Hop::ALL.into_iter().find(differs)
    };
    first(true).or_else(|| first(false))
}

fn side(named: Named<'_>) -> Side {
    let Report { evidence, verdict, .. } = named.report;
    Side {
        source: named.source.to_owned(),
        target_host: evidence.target.host.clone(),
        vantage_host: evidence.vantage.host.clone(),
        started: evidence.started.clone(),
        state: verdict.state,
        line: verdict.line.clone(),
    }
}
