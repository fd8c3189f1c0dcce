//! The fix of a finding: its owner, its steps in order, and the check.
//!
//! Looking and changing are visibly different, and each step that changes something shared shows
//! what else it affects and how to undo it.

use super::page::Page;
use crate::diagnosis::{Effect, Fix, Step};

/// The whole fix.
pub(super) fn fix(page: &mut Page, fix: &Fix) {
    if !fix.owner.is_empty() {
        page.label("owner");
        page.words(&fix.owner);
    }
    page.label("fix");
    // One step alone, with or without alternatives, needs no number.
    let numbered = fix.steps.iter().filter(|step| !step.or).count() > 1;
    let mut number = 0;
    for one in &fix.steps {
        number += usize::from(!one.or);
        let before = match (one.or, numbered) {
            (true, _) => "or ".to_owned(),
            (false, true) => format!("{number}. "),
            (false, false) => String::new(),
        };
        step(page, one, &before);
    }
    if let Some(check) = &fix.check {
        page.command(0, "check:  ", check);
    }
}

fn step(page: &mut Page, step: &Step, before: &str) {
    page.indented_after(before, &format!("{}{}", step.says, effect(step)));
    if let Some(command) = &step.command {
        page.command(5, "", command);
    }
    if let Effect::Shared { affects } = &step.effect {
        page.indented(3, &format!("affects: {affects}"));
    }
    if let Some(undo) = &step.undo {
        page.indented(3, &format!("undo: {undo}"));
    }
}

/// What the step does, in brackets behind its words. One that only reads shows it where a command
/// could be taken for one that changes something.
pub(super) fn effect(step: &Step) -> &'static str {
    match (&step.effect, &step.command) {
        (Effect::ReadOnly, Some(_)) => " (read-only)",
        (Effect::Local, _) => " (local change)",
        (Effect::Shared { .. }, _) => " (shared change)",
        (Effect::ReadOnly, None) => "",
    }
}
