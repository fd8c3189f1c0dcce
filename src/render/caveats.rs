//! The caveats of a report: what a working path does not prove, and which clients differ.

use super::text_writer::TextWriter;
use crate::diagnosis::{Caveat, Finding, Level, State};
use crate::report::Report;
use crate::sorting;

/// Caveats on the default screen, at most.
const MOST: usize = 4;

/// The caveats that readers must see, the most important first: different results of other clients
/// before what was not tested; within each, in the order of the findings.
///
/// If the path is broken, only those that concern the hops up to the break.
pub(super) fn of(report: &Report) -> Vec<&Finding> {
    let cause = report.verdict.cause.as_deref();
    let green = matches!(report.verdict.state, State::Works | State::AtRisk);
    let bears = |f: &Finding, caveat: Caveat| {
        green || caveat == Caveat::Differs && report.verdict.broken_hop.is_none_or(|h| f.hop <= h)
    };
    let mut all: Vec<(Caveat, &Finding)> = report
        .findings
        .iter()
        .filter(|f| f.explained_by.is_none() && cause != Some(f.id.as_str()))
        // Findings above a note have a line of their own.
        .filter(|f| f.level == Level::Note)
        .filter_map(|f| Some((f.caveat?, f)))
        .filter(|(caveat, f)| bears(f, *caveat))
        .collect();
    sorting::by_key(&mut all, |(caveat, _)| *caveat);
    all.into_iter().map(|(_, finding)| finding).collect()
}

/// The lines of the default screen; with `all`, every caveat.
pub(super) fn lines(report: &Report, all: bool) -> Vec<String> {
    let caveats = of(report);
    let shown = if all { caveats.len() } else { MOST };
    let mut lines: Vec<String> = caveats.iter().take(shown).map(|f| f.headline.clone()).collect();
    if caveats.len() > lines.len() {
        lines.push(format!("and {} more (-v)", caveats.len() - lines.len()));
    }
    lines
}

/// The block in the report for people.
pub(super) fn block(writer: &mut TextWriter, report: &Report, all: bool) {
    writer.set_label("limits");
    for line in lines(report, all) {
        writer.write_text(&line);
    }
    writer.set_label("");
}
