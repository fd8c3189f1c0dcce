//! What to do about a finding: its owner and the next command, and the fix in numbered steps.
//!
//! Read-only steps and changes look different, and each step that changes something shared shows
//! what else it affects and how to undo it.

use super::text_writer::TextWriter;
use crate::commands::words::one_line;
use crate::diagnosis::{Effect, Finding, Fix, Step};

/// Columns that a command begins further in than the words of its step.
const COMMAND_INDENT: usize = 2;

/// The owner of the fix, and how sure the cause is.
pub(super) fn owner(writer: &mut TextWriter, finding: &Finding) {
    let confidence = format!("confidence: {}", finding.confidence.word());
    match finding.fix.as_ref().filter(|fix| !fix.owner.is_empty()) {
        Some(fix) => {
            writer.set_label("owner");
            writer.write_both(&owner_words(fix), &confidence);
        }
        None => writer.write_text(&confidence),
    }
}

/// The owner for people: `Server` are the administrators of this machine.
pub(super) fn owner_words(fix: &Fix) -> String {
    match fix.owner.as_str() {
        "Server" => "Server (the administrators of this machine)".to_owned(),
        owner => owner.to_owned(),
    }
}

/// What to do next.
pub(super) struct Next<'a> {
    /// In words.
    pub(super) text: &'a str,
    /// The effect in brackets, as [`effect`] has it.
    pub(super) effect: &'static str,
    /// The command, if there is one.
    pub(super) command: Option<&'a str>,
}

impl<'a> Next<'a> {
    fn step(step: &'a Step) -> Self {
        Self { text: &step.text, effect: effect(step), command: step.command.as_deref() }
    }
}

/// The one thing to do next: a command that only reads, before anything is changed; else what would
/// decide; else the first step. A command that comes after a change is not the next one.
pub(super) fn next(finding: &Finding) -> Option<Next<'_>> {
    let steps = finding.fix.as_ref().map_or(&[][..], |fix| fix.steps.as_slice());
    let reads = |step: &&Step| step.effect == Effect::ReadOnly;
    let look = steps.iter().take_while(reads).find(|step| step.command.is_some());
    let decides = || {
        let command = Some(finding.decide_with.first()?.as_str());
        Some(Next { text: "see which cause it is", effect: " (read-only)", command })
    };
    look.map(Next::step).or_else(decides).or_else(|| steps.first().map(Next::step))
}

/// The block `do now`.
pub(super) fn do_now(writer: &mut TextWriter, finding: &Finding) {
    writer.set_label("do now");
    if let Some(next) = next(finding) {
        writer.write_text(&format!("{}{}", next.text, next.effect));
        if let Some(command) = next.command {
            writer.write_command(COMMAND_INDENT, command);
        }
    }
    writer.set_label("");
}

/// The steps of a fix, and the command that shows that it worked.
pub(super) fn fix(writer: &mut TextWriter, fix: &Fix) {
    writer.set_label("fix");
    // A single step, with or without alternatives, needs no number.
    let numbered = fix.steps.iter().filter(|step| !step.or).count() > 1;
    let mut number = 0;
    for one in &fix.steps {
        number += usize::from(!one.or);
        let before = match (one.or, numbered) {
            (true, _) => "or ".to_owned(),
            (false, true) => format!("{number}. "),
            (false, false) => String::new(),
        };
        step(writer, one, &before);
    }
    if let Some(check) = &fix.check {
        writer.set_label("check");
        writer.write_command(0, check);
    }
    writer.set_label("");
}

fn step(writer: &mut TextWriter, step: &Step, before: &str) {
    writer.write_after(before, &format!("{}{}", step.text, effect(step)));
    if let Some(command) = &step.command {
        writer.write_command(3 + COMMAND_INDENT, command);
    }
    if let Effect::Shared { affects } = &step.effect {
        writer.write_indented(3, &format!("affects: {affects}"));
    }
    match &step.undo {
        Some(undo) if is_command(undo) => {
            let shown = format!("undo: {}", one_line(undo));
            if writer.lines_of(&format!("   {shown}")) > 1 {
                writer.write_indented(3, "undo:");
                writer.write_command(3 + COMMAND_INDENT, undo);
            } else {
                writer.write_indented(3, &shown);
            }
        }
        Some(undo) => writer.write_indented(3, &format!("undo: {undo}")),
        None => {}
    }
}

/// Whether the way back is a command, which must paste as it is, rather than words.
pub(super) fn is_command(undo: &str) -> bool {
    let program = undo.split(' ').next().unwrap_or_default();
    let known = [
        "Move-Item",
        "Remove-Item",
        "Remove-NetRoute",
        "Set-NetIPInterface",
        "az",
        "chmod",
        "export",
        "gcloud",
        "icacls",
        "ip",
        "kubectl",
        "mv",
        "sudo",
        "unset",
    ];
    // Words around a command are separated from it by a comma.
    (known.contains(&program) || program.starts_with("$env:")) && !undo.contains(", ")
}

/// The effect of a step, in brackets after its text. A read-only step shows it if it has a command,
/// which could otherwise be mistaken for a change.
pub(super) fn effect(step: &Step) -> &'static str {
    match (&step.effect, &step.command) {
        (Effect::ReadOnly, Some(_)) => " (read-only)",
        (Effect::Local, _) => " (local change)",
        (Effect::Shared { .. }, _) => " (shared change)",
        (Effect::ReadOnly, None) => "",
    }
}
