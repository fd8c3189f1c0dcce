//! Each hop, as every format shows it: its fact, and the mark that the findings give it.

use super::fact_lines::{self, Fact};
use super::progress::Mark;
use crate::diagnosis::{Finding, Level, State};
use crate::evidence::Hop;
use crate::report::Report;

/// The fact of a hop, with the mark that the findings give it.
pub(super) fn fact(report: &Report, hop: Hop) -> Fact {
    let e = &report.evidence;
    let mut fact = match hop {
        Hop::Vantage => fact_lines::vantage(e),
        Hop::Dns => fact_lines::target_dns(e),
        Hop::Tcp => fact_lines::target_tcp(e),
        Hop::Proxy => fact_lines::proxy(&e.proxy),
        Hop::Tls => fact_lines::tls(&e.tls),
        Hop::Identity => fact_lines::identity(&e.identity),
        Hop::Http => fact_lines::http(&e.http),
    };
    fact.mark = mark(report, hop, fact.mark);
    fact
}

/// A mark in words.
pub(super) const fn word(mark: Mark) -> &'static str {
    match mark {
        Mark::Works => "works",
        Mark::Care => "at risk",
        Mark::Breaks => "broken",
        Mark::NotDone => "not walked",
    }
}

/// The mark of a hop: findings have precedence over the appearance of the evidence. A 403 is a
/// success with `--expect closed`.
fn mark(report: &Report, hop: Hop, by_evidence: Mark) -> Mark {
    let found = report.findings.iter().filter(|f| f.hop == hop).map(|f| f.level).max();
    let judged = matches!(report.verdict.state, State::Works | State::AtRisk);
    match (found, by_evidence) {
        (Some(Level::Broken), _) => Mark::Breaks,
        (_, Mark::Breaks) if !judged => Mark::Breaks,
        (Some(Level::Risk), _) => Mark::Care,
        (_, Mark::Breaks) => Mark::Works,
        (_, mark) => mark,
    }
}

/// The hop whose fault explains everything that is broken at this one.
pub(super) fn explained_by(report: &Report, hop: Hop) -> Option<Hop> {
    let here: Vec<&Finding> =
        report.findings.iter().filter(|f| f.hop == hop && f.level > Level::Note).collect();
    let heaviest = here.iter().map(|f| f.level).max()?;
    let mut causes = here.iter().filter(|f| f.level == heaviest).map(|f| root(report, f));
    let first = causes.next()??;
    (first != hop && causes.all(|cause| cause == Some(first))).then_some(first)
}

/// The hop at the end of the chain of explanations; none for a finding without an explanation.
fn root(report: &Report, finding: &Finding) -> Option<Hop> {
    let mut id = finding.explained_by.as_deref()?;
    // A saved report may contain a cycle of explanations: no chain is longer than the list.
    for _ in &report.findings {
        let cause = report.findings.iter().find(|f| f.id == id)?;
        match &cause.explained_by {
            None => return Some(cause.hop),
            Some(next) => id = next,
        }
    }
    None
}
