//! The first page: every target, the worst first.

use std::collections::BTreeMap;
use std::sync::Arc;

use maud::{Markup, html};

use super::picture::picture;
use super::{ago, badge, class, frame, milliseconds, query};
use crate::diagnosis::State;
use crate::inventory::Entry;
use crate::monitor::serve::past::{Past, Track, Walk};
use crate::monitor::serve::targets::Targets;
use crate::render::words;

/// Targets on one page.
const ROWS: usize = 500;
/// Names that a cause lists before it only counts them.
const NAMES: usize = 10;

/// A target with its newest walk.
type Row<'a> = (&'a Arc<Entry>, Option<Walk>);

/// The page, from the target at place `from`.
pub(in crate::monitor::serve) fn page(targets: &Targets, past: &Past, from: usize) -> Markup {
    let newest = past.newest(targets.entries.iter().map(|entry| &entry.name));
    let mut rows: Vec<Row<'_>> = targets.entries.iter().zip(newest).collect();
    // Not walked yet comes between what needs care and what works; what is muted needs no care.
    rows.sort_by_key(|(_, walk)| match walk {
        Some(walk) if walk.muted => 5,
        Some(Walk { state: State::Works, .. }) => 4,
        None => 3,
        Some(walk) => walk.state.weight(),
    });
    let is = |walk: &Option<Walk>| walk.as_ref().map(|walk| walk.state);
    let is_muted = |walk: &Option<Walk>| walk.as_ref().is_some_and(|walk| walk.muted);
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
                @if muted > 0 {
                    li { b { (muted) } " muted" }
                }
            }
            (causes(&rows))
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

/// The causes that several targets share, the worst first; nothing where each has its own.
fn causes(rows: &[Row<'_>]) -> Markup {
    let mut groups: BTreeMap<(u8, &str), (State, Vec<&str>)> = BTreeMap::new();
    for (entry, walk) in rows {
        let Some(walk) = walk.as_ref().filter(|walk| !walk.muted) else { continue };
        let Some(cause) = walk.cause.as_deref() else { continue };
        let group = groups.entry((walk.state.weight(), cause));
        group.or_insert_with(|| (walk.state, Vec::new())).1.push(&entry.name);
    }
    groups.retain(|_, (_, names)| names.len() > 1);
    html! {
        @if !groups.is_empty() {
            h2 { "Causes of several targets" }
            ul.causes {
                @for ((_, cause), (state, names)) in &groups {
                    li class=(class(Some(*state))) {
                        (badge(Some(*state))) " "
                        a href={ "finding/" (cause) } { (cause) } ": "
                        (words::count(names.len() as u64, "target")) ": "
                        (names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", "))
                        @if names.len() > NAMES { " and " (names.len() - NAMES) " more" }
                    }
                }
            }
        }
    }
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
                @for (label, value) in &entry.labels {
                    " " span.label { (label) "=" (value) }
                }
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
                    "It has not been walked since this exporter began. "
                    a href={ "probe?" (query("target", &entry.name)) "&debug=true" } {
                        "walk it now"
                    }
                }
            }
        }
    }
}
