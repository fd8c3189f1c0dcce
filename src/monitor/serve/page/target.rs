//! One target: its last report in full, its last walks.

use maud::{Markup, html};

use super::picture::picture;
use super::{ago, badge, class, frame, milliseconds, query};
use crate::diagnosis::{Finding, Level};
use crate::inventory::Entry;
use crate::monitor::serve::past::{TIMED, Track};
use crate::render::{Style, human};
use crate::report::Report;

/// The page.
pub(in crate::monitor::serve) fn page(entry: &Entry, track: &Track) -> Markup {
    let walk = track.walks.back();
    let now = format!("probe?{}&debug=true", query("target", &entry.name));
    frame(
        &entry.name,
        "",
        true,
        &html! {
            h1 { (entry.name) }
            p { (badge(walk.map(|walk| walk.state))) " "
                @if let Some(walk) = walk { (ago(walk.at)) ", " }
                a href=(now) { "walk it now" } }
            @if !entry.labels.is_empty() {
                ul.labels {
                    @for (name, value) in &entry.labels { li { (name) "=" (value) } }
                }
            }
            @if let Some(report) = &track.report { (seen(report)) }
            @else if walk.is_some() { p { (track.line) } }
            @if walk.is_some() { (walks(track)) }
        },
    )
}

fn seen(report: &Report) -> Markup {
    let style = Style { ascii: false, ..Style::default() };
    let text = human::render(std::slice::from_ref(report), style);
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    html! {
        pre tabindex="0" { (text.trim()) }
        @if !findings.is_empty() {
            h2 { "Findings" }
            ul.findings {
                @for finding in findings {
                    li class=(level(finding.level)) {
                        a href={ "finding/" (finding.id) } { (finding.id) }
                        " " (finding.says)
                        @if let Some(cause) = &finding.explained_by {
                            " (explained by " (cause) ")"
                        }
                    }
                }
            }
        }
    }
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Broken => "broken",
        Level::Risk => "risk",
        Level::Note => "note",
    }
}

fn walks(track: &Track) -> Markup {
    html! {
        h2 { "Last walks" }
        div.past.wide { (picture(&track.walks)) }
        div.scrolls tabindex="0" {
            table {
                thead { tr {
                    th { "when" } th { "state" } th { "cause" } th.number { "took" }
                    @for hop in TIMED { th.number { (hop.name()) } }
                } }
                tbody {
                    @for walk in track.walks.iter().rev() {
                        tr class=(class(Some(walk.state))) {
                            td { (ago(walk.at)) }
                            td { (walk.state.words()) }
                            td {
                                @if let Some(cause) = &walk.cause {
                                    a href={ "finding/" (cause) } { (cause) }
                                }
                            }
                            td.number { (milliseconds(walk.took_ms)) }
                            @for took in walk.hops_ms {
                                td.number { @if let Some(ms) = took { (milliseconds(ms)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
