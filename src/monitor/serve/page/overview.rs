//! The first page: every target, the worst first.

use crate::sorting;
use std::sync::Arc;

use maud::{Markup, html};

use super::sparkline::sparkline;
use super::{ago, badge, class, frame, milliseconds, query};
use crate::diagnosis::State;
use crate::inventory::Entry;
use crate::monitor::serve::recent_walks::{RecentWalks, TargetWalks, WalkSummary};
use crate::monitor::serve::targets::Targets;
use crate::render::html::{Caused, causes};
use crate::render::text;

/// Seconds after which the page is reloaded.
const RELOAD_SECONDS: &str = "30";
/// Targets on one page.
const ROWS: usize = 500;

/// A target with its newest walk.
type Row<'a> = (&'a Arc<Entry>, Option<WalkSummary>);

/// The page, from the target with index `from`.
pub(in crate::monitor::serve) fn page(
    targets: &Targets,
    recent_walks: &RecentWalks,
    from: usize,
) -> Markup {
    let newest = recent_walks.newest(targets.entries.iter().map(|entry| &entry.name));
    let mut rows: Vec<Row<'_>> = targets.entries.iter().zip(newest).collect();
    // Targets that have not been walked come between bad ones and those that work; muted ones come
    // last.
    sorting::by_key(&mut rows, |(_, walk)| match walk {
        Some(walk) if walk.muted => 5,
        Some(WalkSummary { state: State::Works, .. }) => 4,
        None => 3,
        Some(walk) => walk.state.weight(),
    });
    let is = |walk: &Option<WalkSummary>| walk.as_ref().map(|walk| walk.state);
    let is_muted = |walk: &Option<WalkSummary>| walk.as_ref().is_some_and(|walk| walk.muted);
    let count = |wanted: Option<State>| {
        rows.iter().filter(|(_, walk)| is(walk) == wanted && !is_muted(walk)).count()
    };
    let muted = rows.iter().filter(|(_, walk)| is_muted(walk)).count();
    let counts = [
        (Some(State::Broken), "broken"),
        (Some(State::CannotTell), "cannot tell"),
        (Some(State::AtRisk), "at risk"),
        (Some(State::Works), "works"),
        (None, "not walked yet"),
    ];
    let total = rows.len();
    let last = (from.saturating_add(ROWS)).min(total);
    let shown = rows.get(from..last).unwrap_or_default();
    let unmuted = rows.iter().filter_map(|(entry, walk)| {
        let walk = walk.as_ref().filter(|walk| !walk.muted)?;
        let (cause, place) = (walk.cause.as_deref()?, walk.place.as_deref());
        Some(Caused { state: walk.state, cause, place, name: entry.name.as_str() })
    });
    let title = match count(Some(State::Broken)) {
        0 => "aoai-probe".to_owned(),
        broken => format!("{broken} broken - aoai-probe"),
    };
    frame(
        &title,
        "",
        Some(RELOAD_SECONDS),
        &html! {
            h1 { (text::count(total as u64, "target")) }
            ul.counts {
                @for (wanted, words) in counts {
                    @let number = count(wanted);
                    @if number > 0 {
                        @let one = number == 1 || wanted != Some(State::Works);
                        li class=(class(wanted)) {
                            b { (number) } " " (if one { words } else { "work" })
                        }
                    }
                }
                @if muted > 0 {
                    li { b { (muted) } " muted" }
                }
            }
            (causes(unmuted, Some("finding/")))
            ul.targets {
                @for (entry, _) in shown { (row(entry, &recent_walks.of(&entry.name))) }
            }
            nav {
                @if from > 0 {
                    a href={ "?from=" (from.saturating_sub(ROWS)) } { "the " (ROWS) " before" } " "
                }
                @if last < total {
                    a href={ "?from=" (last) } { (total - last) " more" }
                }
            }
        },
    )
}

fn row(entry: &Entry, walks_of_target: &TargetWalks) -> Markup {
    let walk = walks_of_target.walks.back();
    let state = walk.map(|walk| walk.state);
    html! {
        li class=(class(state)) {
            div.name {
                (badge(state)) " "
                @if walk.is_some_and(|walk| walk.muted) { "(muted) " }
                a href={ "target?" (query("name", &entry.name)) } { (entry.name) }
                @for (label, value) in &entry.labels {
                    " " span.label { (label) "=" (value) }
                }
            }
            @if let Some(walk) = walk {
                div.line {
                    (walks_of_target.line)
                    @if let Some(cause) = &walk.cause {
                        " " a href={ "finding/" (cause) } { "about " (cause) }
                    }
                }
                div.recent_walks {
                    (sparkline(&walks_of_target.walks))
                    span { (milliseconds(walk.took_ms)) ", " (ago(walk.at)) }
                }
            } @else {
                div.line {
                    "Not walked since this exporter started. "
                    a href={ "probe?" (query("target", &entry.name)) "&debug=true" } {
                        "walk it now"
                    }
                }
            }
        }
    }
}
