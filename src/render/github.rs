//! Workflow commands of GitHub Actions, and the Markdown of a step's summary.
//!
//! A line feed or `::` from the network must not become a command: GitHub reads every line of a
//! step's output. Each line here is therefore a command of this tool, with its data escaped.

use super::markdown::escape::{fenced, text as inline};
use super::{Style, caveats, escape, human, markdown, text, titles};
use crate::commands::words::one_line;
use crate::diagnosis::{Finding, Level, State};
use crate::report::Report;
use crate::sorting;

/// Bytes of a step's summary that are written: GitHub refuses more than 1 MiB.
const MAX_SUMMARY_BYTES: usize = 900 * 1024;

/// One annotation per target, and one for each secondary finding that needs action. GitHub shows ten
/// of a kind per step, so broken targets come first.
#[must_use]
pub fn annotations(reports: &[Report]) -> String {
    let mut all: Vec<(u8, String)> = Vec::new();
    for (title, report) in titles(reports).iter().zip(reports) {
        let (weight, command) = match report.verdict.state {
            State::Broken => (0, "error"),
            State::CannotTell => (1, "error"),
            State::AtRisk => (2, "warning"),
            State::Works => (3, "notice"),
        };
        let muted = report.muted_until.as_ref();
        let (weight, command) = if muted.is_some() { (3, "notice") } else { (weight, command) };
        let until = muted.map(|until| format!("muted until {until}: ")).unwrap_or_default();
        let mut lines = vec![format!("{until}{}", report.verdict.line)];
        lines.extend(report.cause().map(first_step).unwrap_or_default());
        all.push((weight, annotation(command, title, &lines)));
        for finding in report.secondary_findings() {
            let (weight, command) = match finding.level {
                Level::Broken => (0, "error"),
                _ => (2, "warning"),
            };
            let (weight, command) = if muted.is_some() { (3, "notice") } else { (weight, command) };
            let first = format!("{} ({}): {}", finding.hop.name(), finding.id, finding.headline);
            let lines: Vec<String> = std::iter::once(first).chain(first_step(finding)).collect();
            all.push((weight, annotation(command, title, &lines)));
        }
    }
    sorting::by_key(&mut all, |(weight, _)| *weight);
    all.into_iter().map(|(_, line)| line).collect()
}

/// The owner of the fix, and its first step.
fn first_step(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((fix, step)) = finding.fix.as_ref().and_then(|fix| Some((fix, fix.steps.first()?)))
    {
        lines.push(format!("fix: {}: {}", fix.owner, step.text));
        lines.extend(step.command.as_deref().map(one_line));
    }
    lines.push(format!("more: aoai-probe explain {}", finding.id));
    lines
}

fn annotation(command: &str, title: &str, lines: &[String]) -> String {
    let title = property(&format!("aoai-probe {title}"));
    let data: Vec<String> = lines.iter().map(|line| data(line)).collect();
    format!("::{command} title={title}::{}\n", data.join("%0A"))
}

/// The data of a command, by the rules of GitHub's own toolkit (`@actions/core`, command.ts).
/// The older forms `##[..]` and `##vso[..]` also work in the middle of a line.
fn data(text: &str) -> String {
    escape(text).replace("##", "# #").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command, by the same rules.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The step's summary: each target's verdict, its hops, and the report.
#[must_use]
pub fn summary(reports: &[Report]) -> String {
    let mut out = String::from("## aoai-probe\n\n");
    let mut left_out = 0;
    for (title, report) in titles(reports).iter().zip(reports) {
        let one = section(title, report);
        match out.len() + one.len() > MAX_SUMMARY_BYTES {
            true => left_out += 1,
            false => out.push_str(&one),
        }
    }
    if left_out > 0 {
        let left_out = text::count(left_out, "more target");
        out.push_str(&format!("Omitted, since the summary is full: {left_out}.\n"));
    }
    out
}

fn section(title: &str, report: &Report) -> String {
    let muted = report.muted_until.as_ref().map(|until| format!(" (muted until {until})"));
    let line = format!("{}{}", report.verdict.line, muted.unwrap_or_default());
    let mut out = format!("### {}: {}\n\n", inline(title), inline(&line));
    out.push_str(&markdown::hop_rows(report));
    let limits = caveats::lines(report, true);
    if !limits.is_empty() {
        out.push_str("\nLimits:\n\n");
        out.extend(limits.iter().map(|line| format!("* {}\n", inline(line))));
    }
    let text = human::render(std::slice::from_ref(report), Style::default());
    let text = fenced(0, "text", text.lines());
    out.push_str(&format!("\n<details><summary>The report</summary>\n\n{text}\n</details>\n\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_escaped_as_githubs_toolkit_does() {
        assert_eq!(data("100%\r\n::error::x"), "100%25\\u{d}\\u{a}::error::x");
        assert_eq!(property("a: b, c%"), "a%3A b%2C c%25");
        assert_eq!(
            data("x ##[add-mask]y ##vso[task.complete]"),
            "x # #[add-mask]y # #vso[task.complete]"
        );
    }
}
