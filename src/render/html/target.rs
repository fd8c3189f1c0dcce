//! The report on one target: what a reader needs first comes first.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cause::{self, Look};
use super::{badge, class, evidence, hops, path, waterfall};
use crate::diagnosis::Finding;
use crate::render::command::Shell;
use crate::render::{caveats, human, steps};
use crate::report::Report;

/// The report. `number` keeps the ids of several reports on a page apart. `title` is the name of
/// the target where the page has several. `pages` is the path to the pages of the findings, where
/// there are any.
pub(crate) fn target(
    report: &Report,
    number: usize,
    title: Option<&str>,
    pages: Option<&str>,
) -> Markup {
    let state = report.verdict.state;
    let cause = report.cause();
    let rest = report.verdict.line.strip_prefix(state.words()).unwrap_or(&report.verdict.line);
    let look = Look { pages, shell: Shell::of(&report.evidence.vantage.os) };
    html! {
        h2 class={ "verdict " (class(Some(state))) } {
            @if let Some(title) = title { span.name { (title) } " " }
            (badge(Some(state))) (rest)
        }
        @if let Some(until) = &report.muted_until {
            p { "Muted until " (until) ": does not affect the exit status." }
        }
        (labels(&report.labels))
        @if let Some(finding) = cause { (first_aid(finding, look)) }
        div.overview {
            (path::path(report, number))
            (hops::hops(report))
        }
        @if let Some(finding) = cause { (cause::why(finding, look)) (cause::fix(finding, look)) }
        (others(report, look))
        (waterfall::waterfall(&report.evidence))
        (evidence::evidence(&report.evidence))
        p.origin { (human::footer(report)) ", " (human::cost(&report.evidence.cost)) }
    }
}

/// The labels that an inventory gives a target.
pub(crate) fn labels(labels: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !labels.is_empty() {
            ul.labels { @for (name, value) in labels { li { (name) "=" (value) } } }
        }
    }
}

/// Who takes it, how sure the cause is, and the one thing to do next.
fn first_aid(finding: &Finding, look: Look<'_>) -> Markup {
    let owner = finding.fix.as_ref().map(steps::owner_words).filter(|owner| !owner.is_empty());
    html! {
        dl.first {
            @if let Some(owner) = owner { dt { "Owner" } dd { (owner) } }
            dt { "Confidence" } dd { (finding.confidence.word()) }
            @if let Some(next) = steps::next(finding) {
                dt { "Do now" }
                dd {
                    (next.text) (cause::effect(next.effect))
                    @if let Some(command) = next.command { (cause::command(command, look)) }
                }
            }
        }
    }
}

/// Findings other than the cause.
fn others(report: &Report, look: Look<'_>) -> Markup {
    let cause = report.verdict.cause.as_deref();
    let secondary: Vec<&Finding> = report.secondary_findings().collect();
    let rest: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|f| cause != Some(f.id.as_str()) && !f.is_unexplained())
        .collect();
    let limits = caveats::lines(report, true);
    html! {
        @if !secondary.is_empty() {
            h3 { "Also found" }
            @for finding in secondary {
                details {
                    summary { (human::secondary_line(finding)) }
                    (cause::why(finding, look)) (cause::fix(finding, look))
                }
            }
        }
        @if !limits.is_empty() {
            h3 { "Limits" }
            (cause::list(limits.iter()))
        }
        @if !rest.is_empty() {
            details {
                summary { "Symptoms and notes" }
                @for finding in rest {
                    p {
                        (cause::id(&finding.id, look.pages)) ": " (finding.headline)
                        @if let Some(id) = &finding.explained_by { " (explained by " (id) ")" }
                    }
                    (cause::list(finding.facts.iter().chain(&finding.reasoning)))
                }
            }
        }
    }
}
