//! How long the last walks took, as a small picture: a bar a walk, its colour that of its state.

use std::collections::VecDeque;

use maud::{Markup, html};

use super::{ago, class, milliseconds};
use crate::monitor::serve::past::{KEPT, Walk};
use crate::render::words::count;

/// Width of a bar and of the space behind it.
const STEP: usize = 5;
const BAR: usize = 4;
const HEIGHT: f64 = 28.0;
/// The least height: a walk that took no time was made all the same.
const LEAST: f64 = 2.0;

/// The picture of `walks`, the oldest first.
pub(super) fn picture(walks: &VecDeque<Walk>) -> Markup {
    let longest = walks.iter().map(|walk| walk.took_ms).fold(1.0, f64::max);
    let width = KEPT * STEP;
    let says = match walks.back() {
        None => "no walk yet".to_owned(),
        Some(last) => format!(
            "{}; the last took {}, the longest {}",
            count(walks.len() as u64, "walk"),
            milliseconds(last.took_ms),
            milliseconds(longest)
        ),
    };
    html! {
        svg.walks viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="xMinYMid meet" role="img" aria-label=(says) {
            @for (place, walk) in walks.iter().take(KEPT).enumerate() {
                @let height = (walk.took_ms / longest * HEIGHT).max(LEAST);
                rect class=(class(Some(walk.state))) x=(place * STEP)
                    y=(format!("{:.1}", HEIGHT - height)) width=(BAR)
                    height=(format!("{height:.1}")) {
                    title { (walk.state.words()) ", " (milliseconds(walk.took_ms)) ", "
                        (ago(walk.at)) }
                }
            }
        }
    }
}
