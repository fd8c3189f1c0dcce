//! The durations of the last walks as a sparkline: one bar per walk, coloured by its state.

use std::collections::VecDeque;

use maud::{Markup, html};

use super::{ago, class, milliseconds};
use crate::monitor::serve::recent_walks::{WALKS_KEPT, WalkSummary};
use crate::render::text::count;

/// Width of a bar and the space after it.
const BAR_PITCH: usize = 5;
const BAR_WIDTH: usize = 4;
const HEIGHT: f64 = 28.0;
/// The minimum height: a walk that took no time is visible too.
const MIN_HEIGHT: f64 = 2.0;

/// The sparkline of `walks`, the oldest first.
pub(super) fn sparkline(walks: &VecDeque<WalkSummary>) -> Markup {
    let longest = walks.iter().map(|walk| walk.took_ms).fold(1.0, f64::max);
    let width = WALKS_KEPT * BAR_PITCH;
    let message = match walks.back() {
        None => "no walk yet".to_owned(),
        Some(last) => format!(
            "{}; the last took {}, the longest {}",
            count(walks.len() as u64, "walk"),
            milliseconds(last.took_ms),
            milliseconds(longest)
        ),
    };
    html! {
        svg.walks viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="xMinYMid meet" role="img" aria-label=(message) {
            @for (place, walk) in walks.iter().take(WALKS_KEPT).enumerate() {
                @let height = (walk.took_ms / longest * HEIGHT).max(MIN_HEIGHT);
                rect class=(class(Some(walk.state))) x=(place * BAR_PITCH)
                    y=(format!("{:.1}", HEIGHT - height)) width=(BAR_WIDTH)
                    height=(format!("{height:.1}")) {
                    title { (walk.state.words()) ", " (milliseconds(walk.took_ms)) ", "
                        (ago(walk.at)) }
                }
            }
        }
    }
}
