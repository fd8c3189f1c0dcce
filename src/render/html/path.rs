//! The path as a picture: boxes from top to bottom, so that it fits a phone. Colour repeats the
//! words in the boxes, and the table of the hops has the same facts as text.

use maud::{Markup, html};

use super::hops::class;
use super::path_nodes::{Node, nodes};
use crate::render::progress::{Mark, wrap};
use crate::report::Report;

/// Width of the picture.
const WIDTH: usize = 400;
/// Left edge of the boxes on the path, and of those to its side.
const LEFT: usize = 2;
const SIDE_LEFT: usize = 42;
/// The line that joins the boxes.
const SPINE: usize = 22;
/// Height of a line of text, of a box without text, and of the spaces between boxes.
const LINE: usize = 17;
const BOX: usize = 32;
const GAP: usize = 34;
const SIDE_GAP: usize = 8;
/// Width of a character of a title.
const CHARACTER: usize = 8;
/// Characters of a line on the path, and how many fewer fit into a box to the side.
const COLUMNS: usize = 50;
const SIDE_COLUMNS: usize = 6;
/// Lines of text in a box.
const MAX_LINES: usize = 4;

/// A node with its place.
struct Placed {
    node: Node,
    lines: Vec<String>,
    left: usize,
    top: usize,
    height: usize,
    /// Where the line to it begins.
    from: usize,
    /// Whether the path is whole up to here.
    reached: bool,
}

/// The picture of a report; `number` keeps the ids of several apart.
pub(super) fn path(report: &Report, number: usize) -> Markup {
    let placed = place(nodes(report));
    let height = placed.last().map_or(0, |last| last.top + last.height + 2);
    let (title, about) = (format!("path-{number}"), format!("about-path-{number}"));
    html! {
        svg.path viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby={ (title) " " (about) } {
            title id=(title) { "The path to " (report.evidence.target.host) }
            desc id=(about) {
                @for one in &placed {
                    (one.node.title) ": " (one.node.text) " (" (one.node.word) "). "
                }
            }
            @for one in &placed { (line_to(one)) }
            @for one in &placed { (drawn(one)) }
        }
    }
}

fn place(nodes: Vec<Node>) -> Vec<Placed> {
    let (mut top, mut from, mut reached) = (2, 0, true);
    let mut all: Vec<Placed> = Vec::new();
    for node in nodes {
        let columns = COLUMNS - if node.side { SIDE_COLUMNS } else { 0 };
        let mut lines = wrap(&node.text, columns);
        lines.retain(|line| !line.is_empty());
        if lines.len() > MAX_LINES {
            lines.truncate(MAX_LINES);
            lines.push("...".to_owned());
        }
        if !all.is_empty() {
            top += if node.side { SIDE_GAP } else { GAP };
        }
        let height = BOX + lines.len() * LINE;
        let left = if node.side { SIDE_LEFT } else { LEFT };
        reached &= node.side || node.mark != Mark::NotDone;
        let side = node.side;
        all.push(Placed { node, lines, left, top, height, from, reached });
        top += height;
        if !side {
            from = top;
        }
    }
    all
}

/// The line to a box: from the box before it on the path, or off that line to the side.
fn line_to(one: &Placed) -> Markup {
    let kind = if one.reached { class(one.node.mark) } else { "none" };
    let top = one.top;
    html! {
        @if one.from > 0 {
            g class={ "line " (kind) } {
                @if one.node.side {
                    path d={ "M" (SPINE) " " (one.from) "V" (top + 16) "H" (SIDE_LEFT) } {}
                } @else {
                    path d={ "M" (SPINE) " " (one.from) "V" (top - 1) } {}
                    path.head d={ "M" (SPINE - 5) " " (top - 9) "L" (SPINE) " " (top - 1) "L" (SPINE + 5) " " (top - 9) } {}
                    text x=(SPINE + 12) y=(top - 12) { (one.node.edge) }
                }
            }
        }
    }
}

fn drawn(one: &Placed) -> Markup {
    let width = WIDTH - one.left - 2;
    let (left, top) = (one.left + 12, one.top);
    let breaks = if one.node.breaks { " breaks" } else { "" };
    // The title has what the state leaves.
    let columns = (width - 24) / CHARACTER - one.node.word.len() - 1;
    let title: String = match one.node.title.chars().count() > columns {
        true => one.node.title.chars().take(columns - 3).chain("...".chars()).collect(),
        false => one.node.title.clone(),
    };
    html! {
        g class={ "node " (class(one.node.mark)) (breaks) } {
            rect x=(one.left) y=(top) width=(width) height=(one.height) rx="5" {}
            text.title x=(left) y=(top + 21) { (title) }
            text.state x=(WIDTH - 12) y=(top + 21) text-anchor="end" { (one.node.word) }
            @for (number, line) in one.lines.iter().enumerate() {
                text x=(left) y=(top + 21 + LINE * (number + 1)) { (line) }
            }
        }
    }
}
