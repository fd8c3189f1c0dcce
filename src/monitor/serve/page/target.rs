//! One target: its last report in full, and its last walks.

use maud::{Markup, html};

use super::sparkline::sparkline;
use super::{ago, badge, class, frame, milliseconds, query};
use crate::inventory::Entry;
use crate::monitor::serve::recent_walks::{TIMED_HOPS, TargetWalks};
use crate::render::html as page_parts;

/// The page.
pub(in crate::monitor::serve) fn page(entry: &Entry, walks_of_target: &TargetWalks) -> Markup {
    let walk = walks_of_target.walks.back();
    let now = format!("probe?{}&debug=true", query("target", &entry.name));
    frame(
        &entry.name,
        "",
        // Evidence that was unfolded stays so.
        None,
        &html! {
            h1 { (entry.name) }
            p {
                @if walks_of_target.report.is_none() { (badge(walk.map(|walk| walk.state))) " " }
                @if let Some(walk) = walk { (ago(walk.at)) " when this page was loaded, " }
                a href=(now) { "walk it now" } }
            @if let Some(report) = &walks_of_target.report {
                (page_parts::target(report, 0, None, Some("finding/")))
            } @else {
                (page_parts::labels(&entry.labels))
                @if walk.is_some() { p { (walks_of_target.line) } }
            }
            @if walk.is_some() { (walks(walks_of_target)) }
        },
    )
}

fn walks(walks_of_target: &TargetWalks) -> Markup {
    html! {
        h2 { "Last walks" }
        div.recent_walks.wide { (sparkline(&walks_of_target.walks)) }
        div.scrolls tabindex="0" {
            table {
                thead { tr {
                    th { "when" } th { "state" } th { "cause" } th.number { "took" }
                    @for hop in TIMED_HOPS { th.number { (hop.name()) } }
                } }
                tbody {
                    @for walk in walks_of_target.walks.iter().rev() {
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
