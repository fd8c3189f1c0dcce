//! The first page: every target, the worst first.

use std::sync::Arc;

use maud::{Markup, html};

use super::picture::picture;
use super::{ago, badge, class, frame, milliseconds, query};
use crate::diagnosis::State;
use crate::inventory::Entry;
use crate::monitor::serve::past::{Past, Track};
use crate::monitor::serve::targets::Targets;
use crate::render::words;

/// Targets on one page.
const ROWS: usize = 500;

/// The page, from the target at place `from`.
pub(in crate::monitor::serve) fn page(targets: &Targets, past: &Past, from: usize) -> Markup {
    let states = past.states(targets.entries.iter().map(|entry| &entry.name));
    let mut rows: Vec<(&Arc<Entry>, Option<State>)> = targets.entries.iter().zip(states).collect();
    // Not walked yet stands between what needs care and what works.
    rows.sort_by_key(|(_, state)| match state {
        Some(State::Works) => 4,
        None => 3,
        Some(state) => state.weight(),
    });
    let count = |wanted: Option<State>| rows.iter().filter(|(_, is)| *is == wanted).count();
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
    let title = match count(Some(State::Broken)) {
        0 => "aoai-probe".to_owned(),
        broken => format!("{broken} broken - aoai-probe"),
    };
    frame(
        &title,
        "",
        true,
        &html! {
            h1 { (words::count(total as u64, "target")) }
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
            }
            ul.targets {
                @for (entry, _) in shown { (row(entry, &past.of(&entry.name))) }
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

fn row(entry: &Entry, track: &Track) -> Markup {
    let walk = track.walks.back();
    let state = walk.map(|walk| walk.state);
    html! {
        li class=(class(state)) {
            div.name {
                (badge(state)) " "
                @if walk.is_some_and(|walk| walk.muted) { "(muted) " }
                a href={ "target?" (query("name", &entry.name)) } { (entry.name) }
            }
            @if let Some(walk) = walk {
                div.line {
                    (track.line)
                    @if let Some(cause) = &walk.cause {
                        " " a href={ "finding/" (cause) } { "about " (cause) }
                    }
                }
                div.past {
                    (picture(&track.walks))
                    span { (milliseconds(walk.took_ms)) ", " (ago(walk.at)) }
                }
            } @else {
                div.line {
                    "Nobody has asked for it since this exporter began. "
                    a href={ "probe?" (query("target", &entry.name)) "&debug=true" } {
                        "walk it now"
                    }
                }
            }
        }
    }
}
