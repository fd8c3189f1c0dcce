//! The report for people: the verdict, its owner and the next command, the path, the reason, the
//! fix, and the rest of the evidence.

use colored::Color;

use super::command::Shell;
use super::progress::milliseconds;
use super::text::count;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, caveats, path, steps, verbose};
use crate::diagnosis::{Finding, Level, State};
use crate::evidence::Cost;
use crate::report::Report;

/// Rows of the screen that holds everything down to the first line of the reason.
pub const SCREEN_ROWS: usize = 24;

/// The reports, one after the other; with several, each under its target's name.
#[must_use]
pub fn render(reports: &[Report], style: Style) -> String {
    let mut writer = TextWriter::new(style);
    let several = reports.len() > 1;
    for report in reports {
        if style.verbosity == Verbosity::Quiet {
            first_line(&mut writer, report, several);
            continue;
        }
        writer.write_blank_line();
        if several {
            writer.write_headline("", Color::Green, report.title());
        }
        let begin = writer.length();
        first_line(&mut writer, report, false);
        body(&mut writer, report, style.verbosity == Verbosity::Verbose, begin);
    }
    writer.finish()
}

/// The line of the verdict with its state in colour; with several targets and `-q`, after the name
/// of the target.
fn first_line(writer: &mut TextWriter, report: &Report, named: bool) {
    let state = report.verdict.state;
    let color = color(state);
    let line = report.verdict.line.as_str();
    let (painted, rest) = match line.strip_prefix(state.words()) {
        Some(rest) => (state.words(), rest),
        None => ("", line),
    };
    let muted = if report.muted_until.is_some() { " (muted)" } else { "" };
    if named {
        writer.write_inline(&format!("{}: ", report.title()));
    }
    writer.write_headline(painted, color, &format!("{rest}{muted}"));
}

/// The colour of a state.
pub(super) fn color(state: State) -> Color {
    match state {
        State::Works => Color::Green,
        State::AtRisk | State::CannotTell => Color::Yellow,
        State::Broken => Color::Red,
    }
}

fn body(writer: &mut TextWriter, report: &Report, verbose: bool, begin: usize) {
    writer.set_shell(Shell::of(&report.evidence.vantage.os));
    if let Some(until) = &report.muted_until {
        writer.write_blank_line();
        writer.set_label("muted");
        writer.write_text(&format!("until {until}: does not affect the exit status"));
    }
    writer.write_blank_line();
    match report.cause() {
        Some(cause) => with_cause(writer, report, cause, verbose, begin),
        None => {
            caveats::block(writer, report, verbose);
            writer.write_blank_line();
            path::whole(writer, report);
            also(writer, report, verbose);
        }
    }
    path::reference_walks(writer, &report.evidence);
    if verbose {
        verbose::evidence(writer, &report.evidence);
        explained_findings(writer, report);
    }
    writer.write_blank_line();
    let explain = report.verdict.cause.as_ref().map(|id| format!("aoai-probe explain {id}"));
    writer.write_closing(&cost(&report.evidence.cost), &explain.unwrap_or_default());
    writer.write_heading(&footer(report));
}

/// What to do, the path, and the reason, which begins on the first screen; then everything else.
/// `begin` is where the report begins.
fn with_cause(
    writer: &mut TextWriter,
    report: &Report,
    cause: &Finding,
    verbose: bool,
    begin: usize,
) {
    steps::owner(writer, cause);
    steps::do_now(writer, cause);
    writer.write_blank_line();
    // The first line may only have room for a shorter wording.
    let shortened = !report.verdict.line.ends_with(cause.headline.as_str());
    let wording = if shortened { writer.lines_of(&cause.headline) } else { 0 };
    let below = 1 + wording + 1;
    let rows = SCREEN_ROWS.saturating_sub(writer.rows_since(begin) + below);
    let later = path::within(writer, report, rows);
    writer.write_blank_line();
    if shortened {
        block(writer, "cause", std::slice::from_ref(&cause.headline));
    }
    why(writer, cause);
    also(writer, report, verbose);
    writer.write_blank_line();
    caveats::block(writer, report, verbose);
    if !later.is_empty() {
        writer.write_blank_line();
        block(writer, "evidence", &later);
        writer.set_label("");
    }
}

/// Findings that the cause does not explain.
fn also(writer: &mut TextWriter, report: &Report, verbose: bool) {
    writer.write_blank_line();
    for finding in report.secondary_findings() {
        writer.set_label("also");
        writer.write_text(&secondary_line(finding));
        if verbose {
            steps::owner(writer, finding);
            why(writer, finding);
        }
    }
}

/// A secondary finding in one line.
pub(super) fn secondary_line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Broken => "broken",
        Level::Risk => "at risk",
        Level::Note => "note",
    };
    format!("{level} at {} ({}): {}", finding.hop.name(), finding.id, finding.headline)
}

/// The evidence and the reasoning, open questions, and the fix.
fn why(writer: &mut TextWriter, finding: &Finding) {
    writer.set_label("why");
    let reasons: Vec<&String> = finding.facts.iter().chain(&finding.reasoning).collect();
    for reason in &reasons {
        // Where one reason of several ends is visible.
        writer.write_after(if reasons.len() > 1 { "- " } else { "" }, reason);
    }
    if !finding.ruled_out.is_empty() {
        block(writer, "ruled out", &[finding.ruled_out.join("; ")]);
    }
    writer.set_label("decides");
    for command in &finding.decide_with {
        writer.write_command(0, command);
    }
    if let Some(azure) = &finding.azure {
        writer.write_text(azure);
    }
    if let Some(fix) = &finding.fix {
        steps::fix(writer, fix);
    }
    writer.set_label("");
}

fn block(writer: &mut TextWriter, label: &str, lines: &[String]) {
    writer.set_label(label);
    for line in lines {
        writer.write_text(line);
    }
}

/// Notes and symptoms in full, for `-v`.
fn explained_findings(writer: &mut TextWriter, report: &Report) {
    let mut first = true;
    for finding in &report.findings {
        let (label, message) = match &finding.explained_by {
            Some(cause) => {
                ("symptom", format!("{}: {} (explained by {cause})", finding.id, finding.headline))
            }
            None if finding.level == Level::Note => {
                ("note", format!("{}: {}", finding.id, finding.headline))
            }
            None => continue,
        };
        if std::mem::take(&mut first) {
            writer.write_blank_line();
        }
        writer.set_label(label);
        writer.write_text(&message);
        for seen in finding.facts.iter().chain(&finding.reasoning) {
            writer.write_indented(2, seen);
        }
    }
}

/// Time, machine and version of the walk.
pub(super) fn footer(report: &Report) -> String {
    let (v, tool) = (&report.evidence.vantage, &report.tool);
    // To the minute: people compare reports by eye.
    let minute = report.evidence.started.get(..16).unwrap_or_default().replace('T', " ");
    format!("{minute} UTC on {} ({}), {} {}", v.host, v.os, tool.name, tool.version)
}

/// The cost of the walk: time, packets, hosts.
pub(super) fn cost(cost: &Cost) -> String {
    let took = match cost.took_ms {
        took if took < 9_999.5 => format!("{:.2} s", took.max(0.0) / 1000.0),
        took => milliseconds(took),
    };
    let packets = match cost.segments_sent {
        Some(segments) => count(u64::from(cost.datagrams_sent) + u64::from(segments), "packet"),
        None => format!("{} (TCP not counted)", count(cost.datagrams_sent.into(), "datagram")),
    };
    let again = match cost.segments_repeated {
        0 => String::new(),
        again => format!(" ({again} sent again)"),
    };
    format!("{took}, {packets}{again} to {}", count(cost.hosts.len() as u64, "host"))
}
