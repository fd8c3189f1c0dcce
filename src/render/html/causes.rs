//! The causes that several targets share.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::cause::id;
use super::{badge, class};
use crate::diagnosis::State;
use crate::render::text::count;

/// Names that a cause lists, at most.
const MAX_NAMES: usize = 10;

/// A target with a cause.
pub(crate) struct Caused<'a> {
    pub(crate) state: State,
    /// The id of the cause.
    pub(crate) cause: &'a str,
    /// Where it may be shared, as [`crate::report::Report::shared_location`] has it.
    pub(crate) place: Option<&'a str>,
    /// The name of the target.
    pub(crate) name: &'a str,
}

/// The weight of a state, a cause, and where it is.
type Place<'a> = (u8, &'a str, Option<&'a str>);

/// Each cause at one place with its targets, the worst first.
pub(crate) fn causes<'a>(targets: impl Iterator<Item = Caused<'a>>, pages: Option<&str>) -> Markup {
    let mut groups: BTreeMap<Place<'_>, (State, Vec<&str>)> = BTreeMap::new();
    for Caused { state, cause, place, name } in targets {
        let group = groups.entry((state.weight(), cause, place));
        group.or_insert_with(|| (state, Vec::new())).1.push(name);
    }
    groups.retain(|_, (_, names)| names.len() > 1);
    html! {
        @if !groups.is_empty() {
            h2 { "Causes of several targets" }
            ul.causes {
                @for ((_, cause, place), (state, names)) in &groups {
                    li class=(class(Some(*state))) {
                        (badge(Some(*state))) " " (id(cause, pages))
                        @if let Some(place) = place { ", " (place) }
                        ": "
                        (count(names.len() as u64, "target")) ": "
                        (names.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(", "))
                        @if names.len() > MAX_NAMES { " and " (names.len() - MAX_NAMES) " more" }
                    }
                }
            }
        }
    }
}
