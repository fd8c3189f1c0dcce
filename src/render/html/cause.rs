//! A finding: why it is the cause, what was ruled out, what would decide, and its fix.

use maud::{Markup, html};

use crate::commands::words::one_line;
use crate::diagnosis::{Effect, Finding, Step};
use crate::render::command::{self, CONTINUED, Shell};
use crate::render::{escape, steps};

/// Columns of a command.
const COLUMNS: usize = 80;

/// How findings are shown on a page.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    /// The path to the pages of the findings, where there are any.
    pub(crate) pages: Option<&'a str>,
    /// The shell of the machine that the report is from.
    pub(crate) shell: Shell,
}

/// The id of a finding, with a link to its page where there is one.
pub(super) fn id(id: &str, pages: Option<&str>) -> Markup {
    html! {
        @if let Some(pages) = pages { a href={ (pages) (id) } { (id) } }
        @else { code { (id) } }
    }
}

/// A command as it is pasted.
pub(super) fn command(text: &str, look: Look<'_>) -> Markup {
    let lines = command::lines(&escape(&one_line(text)), COLUMNS, look.shell);
    html! { pre { code { (lines.join(&format!("\n{}", " ".repeat(CONTINUED)))) } } }
}

/// The effect of a step.
pub(super) fn effect(words: &str) -> Markup {
    let words = words.trim_matches([' ', '(', ')']);
    html! {
        @if !words.is_empty() {
            " " span class={ "effect" @if words.contains("change") { " changes" } } { (words) }
        }
    }
}

/// The evidence, the reasoning and what remains open.
pub(super) fn why(finding: &Finding, look: Look<'_>) -> Markup {
    html! {
        h3 { "Why" }
        p { (id(&finding.id, look.pages)) ": " (finding.headline) " (" (finding.confidence.word()) ")" }
        (list(finding.facts.iter().chain(&finding.reasoning)))
        @if !finding.ruled_out.is_empty() {
            h3 { "Ruled out" }
            (list(finding.ruled_out.iter()))
        }
        @if !finding.decide_with.is_empty() || finding.azure.is_some() {
            h3 { "What decides" }
            @for one in &finding.decide_with { (command(one, look)) }
            @if let Some(azure) = &finding.azure { p { (azure) } }
        }
    }
}

/// Lines as a list; nothing if there are none.
pub(super) fn list<'a>(lines: impl Iterator<Item = &'a String>) -> Markup {
    let items = html! { @for line in lines { li { (line) } } };
    html! { @if !items.0.is_empty() { ul { (items) } } }
}

/// The fix: its owner, numbered steps with alternatives inside them, and the check.
pub(super) fn fix(finding: &Finding, look: Look<'_>) -> Markup {
    let Some(fix) = &finding.fix else { return html! {} };
    // An alternative belongs to the step before it.
    let starts: Vec<usize> =
        (0..fix.steps.len()).filter(|place| *place == 0 || !fix.steps[*place].or).collect();
    let ends = starts.iter().skip(1).copied().chain([fix.steps.len()]);
    html! {
        h3 { "Fix" @if !fix.owner.is_empty() { ": " (steps::owner_words(fix)) } }
        ol.steps {
            @for (start, end) in starts.iter().zip(ends) {
                li { @for (place, one) in fix.steps[*start..end].iter().enumerate() { (step(one, place > 0, look)) } }
            }
        }
        @if let Some(check) = &fix.check {
            h3 { "Check" }
            (command(check, look))
        }
    }
}

fn step(step: &Step, or: bool, look: Look<'_>) -> Markup {
    html! {
        p { @if or { b { "or " } } (step.text) (effect(steps::effect(step))) }
        @if let Some(text) = &step.command { (command(text, look)) }
        @if let Effect::Shared { affects } = &step.effect { p.aside { b { "Affects: " } (affects) } }
        @if let Some(undo) = &step.undo {
            @if steps::is_command(undo) { p.aside { b { "Undo:" } } (command(undo, look)) }
            @else { p.aside { b { "Undo: " } (undo) } }
        }
    }
}
