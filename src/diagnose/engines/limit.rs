//! A hop that works, but takes longer than the inventory's `slow` allows. The limit is the
//! operator's own; the engine `slow` judges what is slow in general.

use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading, timing};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::WalkLimits;

/// The limit of one hop.
pub(in crate::diagnose) struct Row {
    /// The inventory's limit, in milliseconds.
    pub(in crate::diagnose) limit: fn(&WalkLimits) -> Option<f64>,
    /// What was measured.
    pub(in crate::diagnose) time: fn(&View<'_>) -> Option<Time>,
    /// The first line up to the time, such as "the handshake took".
    pub(in crate::diagnose) message: fn(&View<'_>) -> String,
    /// What was timed.
    pub(in crate::diagnose) what: &'static str,
    /// The team.
    pub(in crate::diagnose) owner: &'static str,
    /// Why and how to time it by hand.
    pub(in crate::diagnose) look: (&'static str, fn(&View<'_>) -> String),
}

/// The time of a hop, in milliseconds.
pub(in crate::diagnose) struct Time {
    /// What it took.
    pub(in crate::diagnose) took_ms: f64,
    /// A round trip, where it is worth a line.
    pub(in crate::diagnose) trip_ms: Option<f64>,
    /// Its place in the evidence.
    pub(in crate::diagnose) place: String,
}

/// Whether a row holds: there is a limit, and the time is above it.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let limit = (row.limit)(&e.options.limits)?;
    let time = (row.time)(e).filter(|time| time.took_ms > limit)?;
    let (took, limit) = (timing::words(time.took_ms), timing::words(limit));
    let message = format!("{} {took}, the limit is {limit}", (row.message)(e));
    let what = row.what;
    let mut finding = FindingBuilder::new(Level::Risk, Confidence::Proved, message)
        .reasoning(format!(
            "the time of {what} was measured; the inventory's limit for it is \
                           {limit}"
        ))
        .cites(&time.place);
    if let Some(trip) = time.trip_ms {
        finding = finding.fact(format!("a round trip takes {}", timing::words(trip)));
    }
    let (why, command) = row.look;
    Some(finding.owner(row.owner).inspect(why, command(e)).check(reading::again(e)))
}
