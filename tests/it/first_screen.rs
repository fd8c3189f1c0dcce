//! The first screen of the report for people, for every fixture; commands that paste as they are.

use std::collections::BTreeSet;

use aoai_probe::commands::words::one_line;
use aoai_probe::diagnose::diagnose;
use aoai_probe::render::command::{Shell, lines};
use aoai_probe::render::{Style, Verbosity, html, human, markdown};
use aoai_probe::report::Report;

use crate::advice::checks;
use crate::fixtures::{all_findings, reports};

#[path = "../lab/screen.rs"]
mod screen;

/// Every report that fixtures give, by name.
fn all() -> Vec<(String, Report)> {
    let saved = reports().into_iter().map(|(name, report)| (name, report.evidence));
    let judged = |(name, evidence)| {
        let diagnosis = diagnose(&evidence);
        (name, Report::new(evidence, diagnosis))
    };
    all_findings().into_iter().chain(saved).map(judged).collect()
}

fn printed(report: &Report, verbosity: Verbosity) -> String {
    human::render(std::slice::from_ref(report), Style { verbosity, ..Style::default() })
}

#[test]
fn the_first_screen_is_enough_to_act() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, report) in all() {
        for verbosity in [Verbosity::Normal, Verbosity::Verbose] {
            let text = printed(&report, verbosity);
            for fault in screen::faults(&report, &text) {
                if seen.insert((report.verdict.cause.clone(), fault.clone())) {
                    wrong.push(format!("{name} ({verbosity:?}): {fault}\n{text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The commands of all fixtures, each once.
fn commands() -> BTreeSet<String> {
    let all = all().into_iter().flat_map(|(_, report)| checks::commands(&report.findings));
    all.map(|(_, command)| command).collect()
}

/// The command without its continuations, as a shell joins its lines.
fn joined(command: &str, shell_escape: char) -> String {
    let whole = command.replace(&format!("{shell_escape}\n"), " ");
    let parts: Vec<&str> = whole.split_whitespace().filter(|part| *part != "#").collect();
    parts.join(" ")
}

#[test]
fn a_long_command_pastes_as_it_is() {
    let mut scripts = BTreeSet::new();
    for command in commands() {
        // The rooms of the report: in a block, under `do now`, under a step; and less.
        for room in [68, 66, 63, 40] {
            for shell in [Shell::Posix, Shell::PowerShell] {
                let block = lines(&command, room, shell).join("\n");
                let escape = if shell == Shell::Posix { '\\' } else { '`' };
                assert_eq!(joined(&block, escape), joined(&command, '\\'), "{block}");
                if shell == Shell::Posix {
                    scripts.insert((String::new(), block));
                }
            }
        }
    }
    let wrong = checks::unreadable(&scripts);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn commands_are_printed_as_they_paste() {
    for (name, report) in all() {
        let Some(cause) = report.cause() else { continue };
        let shell = Shell::of(&report.evidence.vantage.os);
        let text = printed(&report, Verbosity::Normal);
        let shown: Vec<&str> = text.lines().map(|line| line.get(12..).unwrap_or(line)).collect();
        for (_, command) in checks::commands(std::slice::from_ref(cause)) {
            let found = [68, 66, 63].iter().any(|room| {
                let block = lines(&one_line(&command), *room, shell);
                let same = |window: &[&str]| {
                    window.iter().zip(&block).all(|(line, wanted)| line.trim() == wanted)
                };
                shown.windows(block.len()).any(same)
            });
            assert!(found, "{name}: {command}\n{text}");
        }
    }
}

/// Programs that Windows has not, or has under another name. `systems` tests all of them.
const NOT_ON_WINDOWS: &[&str] = &["curl", "dig", "env", "export", "getent", "nc", "printenv"];

/// The texts between two marks, without the continuations of their lines.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = String> + 'a {
    text.split(start).skip(1).map(move |part| {
        let inside = part.split(end).next().unwrap_or_default();
        inside.replace("`\n", " ")
    })
}

#[test]
fn a_report_of_windows_has_commands_for_powershell() {
    let mut blocks = 0;
    for (name, report) in all() {
        let mut evidence = report.evidence;
        evidence.vantage.os = "windows x86_64".to_owned();
        let diagnosis = diagnose(&evidence);
        let report = Report::new(evidence, diagnosis);
        let text = printed(&report, Verbosity::Normal);
        assert!(!text.lines().any(|line| line.ends_with(" \\")), "{name}: {text}");
        let faults = screen::faults(&report, &text);
        assert!(faults.is_empty(), "{name}: {faults:?}\n{text}");
        let one = std::slice::from_ref(&report);
        let (page, ticket) = (html::render(one), markdown::render(one, None));
        let commands = between(&page, "<pre><code>", "</code>")
            .chain(between(&ticket, "```powershell\n", "```"))
            .chain(between(&text, " undo: ", "\n"));
        for command in commands {
            blocks += 1;
            let first = command.split_whitespace().next().unwrap_or_default();
            assert!(!NOT_ON_WINDOWS.contains(&first), "{name}: {command}");
        }
    }
    assert!(blocks > 1000, "{blocks}");
}
