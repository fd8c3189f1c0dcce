//! What a path that works does not prove, and who gets something else: the caveats of a report.

use super::page::Page;
use crate::diagnosis::{Caveat, Finding, Level, State};
use crate::report::Report;

/// Caveats on the default screen.
const MOST: usize = 4;

/// The caveats that readers must see, the weightiest first: what another client gets comes before
/// what was not tested; within each, in the order of the findings.
///
/// Where the path is broken, only what bears on the hops up to the break is left.
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
        // Those that weigh more than a note have a line of their own.
        .filter(|f| f.level == Level::Note)
        .filter_map(|f| Some((f.caveat?, f)))
        .filter(|(caveat, f)| bears(f, *caveat))
        .collect();
    all.sort_by_key(|(caveat, _)| *caveat);
    all.into_iter().map(|(_, finding)| finding).collect()
}

/// The lines of the default screen; `all` leaves none out.
pub(super) fn lines(report: &Report, all: bool) -> Vec<String> {
    let caveats = of(report);
    let shown = if all { caveats.len() } else { MOST };
    let mut lines: Vec<String> = caveats.iter().take(shown).map(|f| f.says.clone()).collect();
    if caveats.len() > lines.len() {
        lines.push(format!("and {} more (-v)", caveats.len() - lines.len()));
    }
    lines
}

/// The block of a report for people.
pub(super) fn block(page: &mut Page, report: &Report, all: bool) {
    page.label("limits");
    for line in lines(report, all) {
        page.words(&line);
    }
    page.label("");
}
