//! A hop that works, and takes longer than the inventory's `slow` allows. The limit is the
//! operator's own; whether it is slow for everyone is the matter of `slow`.

use crate::diagnose::view::View;
use crate::diagnose::{Because, reading, timing};
use crate::diagnosis::{Level, Sure};
use crate::evidence::AskedLimits;

/// The limit of one hop.
pub(in crate::diagnose) struct Row {
    /// The inventory's limit, in milliseconds.
    pub(in crate::diagnose) limit: fn(&AskedLimits) -> Option<f64>,
    /// What was measured.
    pub(in crate::diagnose) time: fn(&View<'_>) -> Option<Time>,
    /// The first line as far as the time, such as "the handshake took".
    pub(in crate::diagnose) says: fn(&View<'_>) -> String,
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
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let limit = (row.limit)(&e.asked.limits)?;
    let time = (row.time)(e).filter(|time| time.took_ms > limit)?;
    let (took, limit) = (timing::words(time.took_ms), timing::words(limit));
    let says = format!("{} {took}, the limit is {limit}", (row.says)(e));
    let what = row.what;
    let mut because = Because::new(Level::Risk, Sure::Proved, says)
        .known_by(format!("the time of {what} was taken; the inventory's limit for it is {limit}"))
        .read_at(&time.place);
    if let Some(trip) = time.trip_ms {
        because = because.seen(format!("a round trip takes {}", timing::words(trip)));
    }
    let (why, command) = row.look;
    Some(because.owner(row.owner).look(why, command(e)).check(reading::again(e)))
}
