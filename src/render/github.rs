//! Workflow commands of GitHub Actions, and the Markdown of a step's summary.
//!
//! A line feed or `::` from the network must not become a command: GitHub reads every line of
//! a step's output. So each line here is a command of ours, with its data escaped.

use super::{Style, escape, hops, human, limits, one_line, titles, words};
use crate::diagnosis::{Finding, Level, State};
use crate::evidence::Hop;
use crate::render::progress::{Mark, milliseconds};
use crate::report::Report;

/// Octets of a step's summary that are written: GitHub refuses more than 1 MiB.
const LONGEST_SUMMARY: usize = 900 * 1024;

/// One annotation a target, and one for each further finding that needs somebody. GitHub shows
/// ten of a kind in a step, so broken targets come first.
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
        lines.extend(report.cause().map(todo).unwrap_or_default());
        all.push((weight, annotation(command, title, &lines)));
        for finding in further(report) {
            let (weight, command) = match finding.level {
                Level::Broken => (0, "error"),
                _ => (2, "warning"),
            };
            let (weight, command) = if muted.is_some() { (3, "notice") } else { (weight, command) };
            let first = format!("{} ({}): {}", finding.hop.name(), finding.id, finding.says);
            let lines: Vec<String> = std::iter::once(first).chain(todo(finding)).collect();
            all.push((weight, annotation(command, title, &lines)));
        }
    }
    all.sort_by_key(|(weight, _)| *weight);
    all.into_iter().map(|(_, line)| line).collect()
}

/// Findings that stand beside the cause and need somebody.
fn further(report: &Report) -> impl Iterator<Item = &Finding> {
    let cause = report.verdict.cause.as_deref();
    report.findings.iter().filter(move |finding| {
        finding.level > Level::Note
            && finding.explained_by.is_none()
            && cause != Some(finding.id.as_str())
    })
}

/// Who mends it, and the first step.
fn todo(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((fix, step)) = finding.fix.as_ref().and_then(|fix| Some((fix, fix.steps.first()?)))
    {
        lines.push(format!("fix: {}: {}", fix.owner, step.says));
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
/// The older forms `##[..]` and `##vso[..]` are read in the middle of a line too.
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
        match out.len() + one.len() > LONGEST_SUMMARY {
            true => left_out += 1,
            false => out.push_str(&one),
        }
    }
    if left_out > 0 {
        let left_out = words::count(left_out, "more target");
        out.push_str(&format!("Left out, since the summary is full: {left_out}.\n"));
    }
    out
}

fn section(title: &str, report: &Report) -> String {
    let muted = report.muted_until.as_ref().map(|until| format!(" (muted until {until})"));
    let line = format!("{}{}", report.verdict.line, muted.unwrap_or_default());
    let mut out = format!("### {}: {}\n\n", markdown(title), markdown(&line));
    out.push_str("| hop | state | fact | time |\n|---|---|---|---|\n");
    for hop in Hop::ALL {
        let fact = hops::fact(report, hop);
        let state = match fact.mark {
            Mark::Works => "works",
            Mark::Care => "at risk",
            Mark::Breaks => "**broken**",
            Mark::NotDone => "not walked",
        };
        let time = fact.took_ms.map(milliseconds).unwrap_or_default();
        out.push_str(&format!(
            "| {} | {state} | {} | {} |\n",
            hop.name(),
            markdown(&fact.text),
            markdown(&time)
        ));
    }
    let limits = limits::lines(report, true);
    if !limits.is_empty() {
        out.push_str("\nLimits:\n\n");
        out.extend(limits.iter().map(|line| format!("* {}\n", markdown(line))));
    }
    let text = human::render(std::slice::from_ref(report), Style::default());
    // A fence ends at a line of as many backticks; the report's own lines may hold some.
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    out.push_str(&format!(
        "\n<details><summary>The report</summary>\n\n{fence}text\n{text}{fence}\n\n</details>\n\n"
    ));
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text of which Markdown and HTML show every character.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in escape(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '$' | '@' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
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

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(longest_run("a ``` b ````` c"), 5);
        assert_eq!(longest_run("none"), 0);
    }
}
