//! Advice that cannot hurt, and claims that the evidence carries: over every fixture.

use std::collections::BTreeSet;
use std::fs;

use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;

use crate::fixtures::{evidence, root};

#[path = "../lab/advice.rs"]
mod checks;

/// The evidence of every fixture of every finding.
fn all() -> Vec<(String, Evidence)> {
    let mut all = Vec::new();
    for folder in fs::read_dir(root().join("fixtures/findings")).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(root().join("fixtures")).unwrap();
            let name = name.to_str().unwrap().to_owned();
            all.push((name.clone(), serde_json::from_value(evidence(&name)).unwrap()));
        }
    }
    all
}

/// Findings of which some step does not state its effect yet.
const NOT_STATED: &str = include_str!("advice-not-stated.txt");

/// Claims that are not computed from the evidence yet.
const CONSTANT_CLAIMS: &[&str] = &["dns-zone-not-linked"];

/// Fails with every fault, each once, with the first fixture that shows it.
fn none(faults: impl IntoIterator<Item = (String, String, String)>) {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (fixture, id, says) in faults {
        if seen.insert((id.clone(), says.clone())) {
            lines.push(format!("{id}: {says}\n    ({fixture})"));
        }
    }
    lines.sort();
    assert!(lines.is_empty(), "{} faults:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn advice_cannot_hurt() {
    none(all().into_iter().flat_map(|(name, e)| {
        let faults = checks::faults(&diagnose(&e).findings);
        let listed = |id: &str| NOT_STATED.lines().any(|line| line == id);
        let due = |(id, says): &(String, String)| {
            !listed(id) || !says.starts_with("what the step affects is not stated")
        };
        let faults: Vec<_> = faults.into_iter().filter(due).collect();
        faults.into_iter().map(move |(id, says)| (name.clone(), id, says))
    }));
}

#[test]
fn a_shell_reads_every_command() {
    let mut commands = BTreeSet::new();
    for (_, e) in all() {
        commands.extend(checks::commands(&diagnose(&e).findings));
    }
    let wrong = checks::unreadable(&commands);
    none(wrong.into_iter().map(|(id, says)| (String::new(), id, says)));
}

#[test]
fn what_is_ruled_out_was_seen() {
    none(all().into_iter().flat_map(|(name, e)| {
        let faults = checks::unfounded(&e, &diagnose(&e).findings);
        let due = |(id, _): &(String, String)| !CONSTANT_CLAIMS.contains(&id.as_str());
        let faults: Vec<_> = faults.into_iter().filter(due).collect();
        faults.into_iter().map(move |(id, says)| (name.clone(), id, says))
    }));
}
