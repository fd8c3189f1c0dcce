//! The frame of every page, and the badge of a state.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::diagnosis::State;
use crate::render::escape;

/// A page. Characters that are invisible or change the direction of text are written as `\u{..}`,
/// wherever they come from: none of the markup has any.
pub(crate) fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                (head)
            }
            body { (body) }
        }
    };
    let lines: Vec<_> = page.0.split('\n').map(escape).collect();
    PreEscaped(lines.join("\n") + "\n")
}

/// The CSS class of a state, which determines its colour.
pub(crate) const fn class(state: Option<State>) -> &'static str {
    match state {
        Some(State::Works) => "works",
        Some(State::AtRisk) => "risk",
        Some(State::Broken) => "broken",
        Some(State::CannotTell) => "unknown",
        None => "none",
    }
}

/// The badge of a state: its colour repeats its words.
pub(crate) fn badge(state: Option<State>) -> Markup {
    let words = state.map_or("not walked yet", State::words);
    html! { span class={ "badge " (class(state)) } { (words) } }
}
