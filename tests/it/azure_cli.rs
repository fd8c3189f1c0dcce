//! Every command of the Azure CLI in advice and pages is one that it has, with options that it has, and
//! with those that it requires.

use std::collections::BTreeMap;

use aoai_probe::commands::{Shell, needs, words};
use aoai_probe::diagnose::audit::audit;
use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;
use serde_json::Value;

use crate::advice::checks;
use crate::fixtures::{all_findings, root};

const EVERYWHERE: &[&str] = &["--debug", "--output", "--query", "--yes", "-o", "-y"];

/// What a command has.
struct Known {
    extension: Option<&'static str>,
    /// The names of each option, and whether it is required.
    options: Vec<(Vec<&'static str>, bool)>,
}

fn known() -> BTreeMap<&'static str, Known> {
    let lines = include_str!("azure_cli.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (command, options) = line.split_once(':').unwrap();
            let (command, extension) = match command.split_once('@') {
                Some((command, extension)) => (command, Some(extension)),
                None => (command, None),
            };
            let option = |word: &'static str| {
                let names = word.strip_suffix('!').unwrap_or(word);
                (names.split('|').collect(), word.ends_with('!'))
            };
            let options = options.split_whitespace().map(option).collect();
            (command, Known { extension, options })
        })
        .collect()
}

/// What is wrong with one call of `az`: its words behind the program.
fn fault(call: &[&str], all: &BTreeMap<&str, Known>) -> Option<String> {
    let named = call.iter().take_while(|word| !word.starts_with('-')).count();
    let Some((name, known)) =
        (1..=named).rev().find_map(|n| all.get_key_value(call[..n].join(" ").as_str()))
    else {
        return Some("no such command in azure_cli.txt".to_owned());
    };
    let given: Vec<&str> = call
        .iter()
        .copied()
        .take_while(|word| !word.starts_with('#'))
        .filter(|word| word.starts_with('-') && word.chars().any(|c| c.is_ascii_alphabetic()))
        .collect();
    let has = |names: &[&str]| given.iter().any(|option| names.contains(option));
    let unknown = given.iter().find(|option| {
        !EVERYWHERE.contains(option)
            && !known.options.iter().any(|(names, _)| names.contains(option))
    });
    if let Some(option) = unknown {
        return Some(format!("{name} has no {option}"));
    }
    let expanded = |word: &&&str| !word.starts_with(['\'', '"']) && word.contains(['[', '?', '*']);
    if let Some(word) = call.iter().take_while(|word| !word.starts_with('#')).find(expanded) {
        return Some(format!("a shell expands {word}"));
    }
    let missing = known.options.iter().find(|(names, required)| *required && !has(names));
    match missing {
        Some((names, _)) if !has(&["--ids"]) => Some(format!("{name} requires {}", names[0])),
        _ if known.extension != needs::extension(&format!("az {name}"), Shell::Posix) => {
            Some(format!("{name}: commands::needs names another extension"))
        }
        _ => None,
    }
}

/// The calls of `az` in a command, each as its words.
fn calls(command: &str) -> Vec<Vec<&str>> {
    let all = words::words(command, Shell::Posix);
    let ends = |word: &&str| ["|", "&&", "||"].contains(word);
    all.split(ends)
        .flat_map(|part| {
            // A semicolon ends the word before it.
            part.split_inclusive(|word| word.ends_with(';'))
        })
        .filter_map(|part| {
            let (program, call) = part.split_first()?;
            (*program == "az").then(|| call.iter().map(|word| word.trim_end_matches(';')).collect())
        })
        .collect()
}

/// The findings and audits of every fixture, on Linux.
fn advice() -> Vec<String> {
    let mut all = Vec::new();
    for (_, mut e) in all_findings() {
        e.vantage.os = "linux x86_64".to_owned();
        let findings = diagnose(&e).findings;
        all.extend(checks::commands(&findings).into_iter().map(|(_, command)| command));
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        let undos = fixes.flat_map(|fix| &fix.steps).filter_map(|step| step.undo.as_ref());
        // Words around a command are separated from it.
        all.extend(undos.map(|undo| undo.split(['(', ';', ',']).next().unwrap_or(undo).to_owned()));
        if e.azure.is_some() {
            all.extend(audited(&e));
            all.extend(audited(&without_subdomain(&e)));
        }
    }
    all
}

fn audited(e: &Evidence) -> Vec<String> {
    let checks = audit(e).map(|audit| audit.checks).unwrap_or_default();
    let steps = checks.into_iter().flat_map(|check| check.steps);
    steps.flat_map(|step| [step.command, step.undo]).flatten().collect()
}

/// The same account before it got a custom subdomain.
fn without_subdomain(e: &Evidence) -> Evidence {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("custom_subdomain");
                fields.values_mut().for_each(strip);
            }
            Value::Array(all) => all.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(e).unwrap();
    strip(&mut value);
    serde_json::from_value(value).unwrap()
}

/// The commands that pages show, each on its own indented line; `\` continues one.
fn pages() -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["docs", "docs/findings"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "md") {
                let text = std::fs::read_to_string(path).unwrap().replace("\\\n", " ");
                let shown = text.lines().filter(|line| line.starts_with("    "));
                // Behind two blanks a page comments a command.
                let command = |line: &str| {
                    let line = line.trim();
                    let joined = line.split_whitespace().collect::<Vec<_>>().join(" ");
                    joined.starts_with("az ").then_some(joined)
                };
                all.extend(shown.filter_map(command));
            }
        }
    }
    all
}

#[test]
fn the_azure_cli_has_every_command_of_the_advice() {
    let all = known();
    let mut faults = Vec::new();
    let mut seen = 0;
    for command in advice() {
        let bare = checks::without_placeholders(&command);
        for call in calls(&bare) {
            seen += 1;
            faults.extend(fault(&call, &all).map(|fault| format!("{fault}: {command}")));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(seen > 1000, "{seen}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_azure_cli_has_every_command_of_the_pages() {
    let all = known();
    let mut faults = Vec::new();
    let mut seen = 0;
    for command in pages() {
        let bare = checks::without_placeholders(&command);
        for call in calls(&bare) {
            seen += 1;
            // What a page leaves out with dots is not required of it.
            let fault = fault(&call, &all).filter(|fault| !fault.contains(" requires "));
            faults.extend(fault.map(|fault| format!("{fault}: {command}")));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(seen > 100, "{seen}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_command_that_the_azure_cli_would_refuse_is_found() {
    let all = known();
    for (command, wanted) in [
        ("az cognitiveservices account show --ids x --query kind", "has no --ids"),
        ("az cognitiveservices account show -n x", "requires -g"),
        ("az network nic show --ids x", ""),
        ("az network nic lst", "no such command"),
        ("az graph query", "requires -q"),
        ("az vm identity assign -g x -n y --identities [system]", "a shell expands [system]"),
        ("az vm identity assign -g x -n y --identities '[system]'", ""),
    ] {
        let found = calls(command).iter().find_map(|call| fault(call, &all)).unwrap_or_default();
        assert!(
            found.contains(wanted) && found.is_empty() == wanted.is_empty(),
            "{command}: {found}"
        );
    }
}
