//! Pages for people: HTML that works without scripts, loads nothing from elsewhere and can be
//! read on a phone, in the dark too. What comes from reports is escaped by `maud`.
//!
//! Links are relative, so that a proxy may put the whole under a path of its own.

pub(super) mod finding;
pub(super) mod overview;
mod picture;
pub(super) mod target;

use std::time::Instant;

use maud::{DOCTYPE, Markup, html};

use crate::diagnosis::State;

/// The style of every page.
pub(super) const STYLE: &str = include_str!("style.css");
/// The picture of the browser's tab.
pub(super) const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">\
    <path d=\"M2 8h3l2-5 3 10 2-5h2\" fill=\"none\" stroke=\"#2b7de9\" stroke-width=\"2\"/></svg>";
/// Seconds after which the pages that change are loaded again.
const AGAIN: &str = "30";

/// The frame of a page. `up` leads from it to the first page's folder.
fn frame(title: &str, up: &str, again: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if again { meta http-equiv="refresh" content=(AGAIN); }
                title { (title) }
                link rel="stylesheet" href={ (up) "style.css" };
                link rel="icon" type="image/svg+xml" href={ (up) "icon.svg" };
            }
            body {
                header { a href={ (up) "./" } { "aoai-probe" } }
                main { (body) }
                footer { "aoai-probe " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

/// A page that says that there is none.
pub(super) fn missing(says: &str, up: &str) -> Markup {
    frame("not found", up, false, &html! { h1 { "Not found" } p { (says) } })
}

/// The class of a state, which gives its colour.
const fn class(state: Option<State>) -> &'static str {
    match state {
        Some(State::Works) => "works",
        Some(State::AtRisk) => "risk",
        Some(State::Broken) => "broken",
        Some(State::CannotTell) => "unknown",
        None => "none",
    }
}

/// A state's badge: its words say what its colour repeats.
fn badge(state: Option<State>) -> Markup {
    let words = state.map_or("not walked yet", State::words);
    html! { span class={ "badge " (class(state)) } { (words) } }
}

/// How long ago something was, for people.
fn ago(at: Instant) -> String {
    match at.elapsed().as_secs() {
        s @ 0..120 => format!("{s} s ago"),
        s @ 120..7200 => format!("{} min ago", s / 60),
        s => format!("{} h ago", s / 3600),
    }
}

/// Milliseconds for people.
fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1e3),
    }
}

/// Name and value as a query.
fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}
