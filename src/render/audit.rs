//! The audit of an account, for people.

use colored::Color;

use super::steps;
use super::text::count;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, json};
use crate::audit::{Audit, AuditCheck};
use crate::diagnosis::{Fix, State};

/// Facts of a check that works and are shown without `-v`.
const FACTS: usize = 3;

/// Pretty JSON with a line feed at its end.
///
/// # Errors
///
/// Those of `serde_json`: none are known for audits.
pub fn to_json(audit: &Audit) -> Result<String, serde_json::Error> {
    Ok(json::escape(&crate::report::json::pretty(audit)?) + "\n")
}

/// The first line; then every check, the worst first, with what it rests on and what to do.
#[must_use]
pub fn render(audit: &Audit, style: Style) -> String {
    let mut writer = TextWriter::new(style);
    let words = audit.state.words();
    let rest = audit.line.strip_prefix(words).unwrap_or(&audit.line);
    writer.write_headline(words, color(audit.state), rest);
    if style.verbosity == Verbosity::Quiet {
        return writer.finish();
    }
    let all = style.verbosity == Verbosity::Verbose;
    writer.write_blank_line();
    for state in [State::Broken, State::CannotTell, State::AtRisk, State::Works] {
        for check in audit.checks.iter().filter(|check| check.state == state) {
            one(&mut writer, check, all);
        }
    }
    writer.write_blank_line();
    let reads = count(audit.azure.reads.len() as u64, "read");
    let seconds = audit.azure.took_ms / 1e3;
    writer.write_closing(&format!("{reads} in {seconds:.1} s at {}", audit.azure.host), "");
    if all {
        for read in &audit.azure.reads {
            let status = read.status.map_or("no answer".to_owned(), |status| status.to_string());
            writer.set_label("read");
            writer.write_text(&format!(
                "{}: {status}, {}, {:.0} ms",
                read.question,
                count(read.items.into(), "item"),
                read.took_ms
            ));
        }
    }
    writer.finish()
}

fn one(writer: &mut TextWriter, check: &AuditCheck, all: bool) {
    writer.set_label(mark(check.state));
    writer.write_text(&format!("{}: {}", check.id, check.says));
    writer.set_label("");
    let shown = if all || check.state != State::Works { check.facts.len() } else { FACTS };
    check.facts.iter().take(shown).for_each(|fact| writer.write_indented(2, fact));
    if let Some(more) = check.facts.len().checked_sub(shown).filter(|more| *more > 0) {
        writer.write_indented(2, &format!("and {more} more (-v)"));
    }
    if !check.steps.is_empty() {
        let fix = Fix { owner: String::new(), steps: check.steps.clone(), check: None };
        steps::fix(writer, &fix);
    }
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Works => "ok",
        State::AtRisk => "at risk",
        State::Broken => "broken",
        State::CannotTell => "open",
    }
}

const fn color(state: State) -> Color {
    match state {
        State::Works => Color::Green,
        State::AtRisk | State::CannotTell => Color::Yellow,
        State::Broken => Color::Red,
    }
}
