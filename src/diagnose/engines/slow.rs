//! A hop that works, but takes much longer than the path needs.

use crate::diagnose::headline::Clause;
use crate::diagnose::timing::LONG_MS;
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::{Confidence, Level, Step};

/// How one hop is slow.
pub(in crate::diagnose) struct Row {
    /// What was measured; none if the walk did not succeed.
    pub(in crate::diagnose) time: fn(&View<'_>) -> Option<Time>,
    /// Whether the time itself proves where it went.
    pub(in crate::diagnose) confidence: Confidence,
    /// The clause of the first line.
    pub(in crate::diagnose) message: fn(&View<'_>, &Time) -> Clause,
    /// Adds the facts, what they exclude, and how to time it by hand.
    pub(in crate::diagnose) facts: fn(FindingBuilder, &View<'_>, &Time) -> FindingBuilder,
    /// The team.
    pub(in crate::diagnose) owner: fn(&View<'_>) -> &'static str,
    /// Where to look then.
    pub(in crate::diagnose) then: &'static str,
}

/// The time of a hop, in milliseconds.
pub(in crate::diagnose) struct Time {
    /// What it took.
    pub(in crate::diagnose) took_ms: f64,
    /// A round trip, where one is known.
    pub(in crate::diagnose) trip_ms: Option<f64>,
    /// What it took in addition to the round trips that it needs.
    pub(in crate::diagnose) waited_ms: f64,
    /// Segments lost in that time: where there are any, they are the reason (`tcp-loss`).
    pub(in crate::diagnose) lost: u32,
    /// Its place in the evidence.
    pub(in crate::diagnose) place: String,
}

/// Whether a row holds: a second was waited for, and not for a lost segment.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let time = (row.time)(e).filter(|time| time.waited_ms >= LONG_MS && time.lost == 0)?;
    let finding = FindingBuilder::new(Level::Risk, row.confidence, (row.message)(e, &time))
        .cites(&time.place);
    Some(
        (row.facts)(finding, e, &time)
            .owner((row.owner)(e))
            .step(Step::inspect(row.then))
            .check(reading::again(e)),
    )
}
