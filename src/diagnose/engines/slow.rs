//! A hop that works, and takes much longer than the path needs.

use crate::diagnose::headline::Clause;
use crate::diagnose::timing::LONG_MS;
use crate::diagnose::view::View;
use crate::diagnose::{Because, reading};
use crate::diagnosis::{Level, Step, Sure};

/// How one hop is slow.
pub(in crate::diagnose) struct Row {
    /// What was measured; none where the walk did not go through.
    pub(in crate::diagnose) time: fn(&View<'_>) -> Option<Time>,
    /// Whether the time itself proves where it went.
    pub(in crate::diagnose) sure: Sure,
    /// The clause of the first line.
    pub(in crate::diagnose) says: fn(&View<'_>, &Time) -> Clause,
    /// Adds the facts, what they exclude, and how to time it by hand.
    pub(in crate::diagnose) facts: fn(Because, &View<'_>, &Time) -> Because,
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
    /// What it took beside the round trips that it needs.
    pub(in crate::diagnose) waited_ms: f64,
    /// Segments lost in that time: where there are any, they are the reason (`tcp-loss`).
    pub(in crate::diagnose) lost: u32,
    /// Its place in the evidence.
    pub(in crate::diagnose) place: String,
}

/// Whether a row holds: a second was waited for, and not for a lost segment.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let time = (row.time)(e).filter(|time| time.waited_ms >= LONG_MS && time.lost == 0)?;
    let because = Because::new(Level::Risk, row.sure, (row.says)(e, &time)).read_at(&time.place);
    Some(
        (row.facts)(because, e, &time)
            .owner((row.owner)(e))
            .act(Step::look(row.then))
            .check(reading::again(e)),
    )
}
