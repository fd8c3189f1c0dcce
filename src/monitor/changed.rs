//! What differs since a path last worked.

use crate::compare::{Named, compare};
use crate::diagnose::diagnose;
use crate::render::comparison;
use crate::report::{self, Report};

/// Facts of a difference that are listed.
const MAX_CHANGES: usize = 3;

/// A report that was kept, judged again; none if it cannot be read.
#[must_use]
pub fn kept(text: &str) -> Option<Report> {
    let evidence = report::read(text.as_bytes()).ok()?.pop()?.evidence;
    let diagnosis = diagnose(&evidence);
    Some(Report::new(evidence, diagnosis))
}

/// What differs between the kept report of a walk that worked and a later one: a few facts of the
/// first hop. Nothing where no outcome differs, or where the kept one cannot be read.
#[must_use]
pub fn changed_since(good: &str, report: &Report) -> Vec<String> {
    let Some(good) = kept(good) else { return Vec::new() };
    let good = Named { source: "last good walk", report: &good };
    let one = compare(good, Named { source: "this walk", report });
    comparison::changes(&one, MAX_CHANGES)
}
