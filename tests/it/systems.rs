//! Advice for Windows and macOS: the commands and the words of every firing fixture, as if its walk
//! had been on such a machine.

mod pages;
mod programs;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use aoai_probe::commands::{Shell, System};
use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnosis::{Diagnosis, Effect, Finding};
use aoai_probe::evidence::Evidence;
use aoai_probe::render::{Style, human, markdown};
use aoai_probe::report::Report;
use serde_json::Value;

use programs::{ANYWHERE, LINUX_WORDS, ON_MACOS, ON_WINDOWS, POSIX};

use crate::advice::checks;
use crate::fixtures::{all_findings, evidence, root};

const WINDOWS: &str = "windows x86_64";
const MACOS: &str = "macos aarch64";
const LINUX: &str = "linux x86_64";

/// The evidence of a fixture as a machine of `os` would have it.
fn on(os: &str, name: &str) -> Option<Evidence> {
    let mut value = evidence(name);
    let windows = System::of(os) == System::Windows;
    strings(
        &mut value,
        &|text| {
            let text = text.replace("/etc/hosts", r"C:\Windows\System32\drivers\etc\hosts");
            let text =
                text.replace("/etc/resolv.conf", "the adapters").replace("/etc/", r"C:\conf\");
            text.replace("/var/", r"C:\data\").replace("/usr/", r"C:\programs\")
        },
        windows,
    );
    let vantage = value.get_mut("vantage")?;
    // What is already a report of Windows is none of a Mac.
    let own = System::of(vantage["os"].as_str().unwrap_or_default());
    if own == System::Windows && !windows {
        return None;
    }
    vantage["os"] = os.into();
    vantage["nsswitch_hosts"] = Value::Null;
    let config = &vantage["resolver_config"];
    // A stub of systemd, and an option of resolv.conf.
    if !config["stub"].is_null() || name.ends_with("/fires-use-vc.json") {
        return None;
    }
    vantage["resolver_config"]["options"] = Value::Array(Vec::new());
    vantage["resolver_config"]["bad_lines"] = Value::Array(Vec::new());
    // Those that only Linux has.
    let linux = ["wsl", "container", "kubernetes", "app_service", "functions", "container_apps"];
    let platforms = vantage["platforms"].as_array().into_iter().flatten();
    if platforms.filter_map(|sign| sign["platform"].as_str()).any(|one| linux.contains(&one)) {
        return None;
    }
    Some(serde_json::from_value(value).unwrap())
}

/// Changes every string of a value.
fn strings(value: &mut Value, change: &dyn Fn(&str) -> String, really: bool) {
    match value {
        Value::String(text) if really => *text = change(text),
        Value::Array(all) => all.iter_mut().for_each(|one| strings(one, change, really)),
        Value::Object(all) => all.values_mut().for_each(|one| strings(one, change, really)),
        _ => {}
    }
}

/// Every firing fixture that such a machine can have, judged there, and with Linux's own name.
type Judged = Vec<(String, Diagnosis)>;

fn judged(os: &str) -> &'static Judged {
    static ALL: [OnceLock<Judged>; 3] = [OnceLock::new(), OnceLock::new(), OnceLock::new()];
    let place = [WINDOWS, MACOS, LINUX].iter().position(|one| *one == os).unwrap();
    ALL[place].get_or_init(|| judge_all(os))
}

fn judge_all(os: &str) -> Judged {
    let names = all_findings().into_iter().map(|(name, _)| name);
    let firing = names.filter(|name| name.contains("/fires-"));
    let there = firing.filter_map(|name| Some((name.clone(), on(os, &name)?)));
    there.map(|(name, e)| (name, diagnose(&e))).collect()
}

/// Commands by what they are for: those of steps on this machine, undoing them, and the others.
fn commands(finding: &Finding) -> Vec<String> {
    let steps = finding.fix.iter().flat_map(|fix| &fix.steps);
    let here = steps.filter(|step| !elsewhere(&step.text));
    let checks = finding.fix.iter().filter_map(|fix| fix.check.clone());
    let decides = finding.decide_with.iter().filter(|command| !elsewhere(command)).cloned();
    here.filter_map(|step| step.command.clone()).chain(checks).chain(decides).collect()
}

/// Whether a text says that it is about another machine.
fn elsewhere(text: &str) -> bool {
    [
        "on Windows:",
        "on the host",
        "on the container's host",
        "on the server",
        "on the Windows host",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || text.starts_with("on ") && text.contains(": see what listens there")
}

/// Whether a text is about a server, which may be a Linux machine: `on 10.1.0.10: ...`.
fn about_a_server(text: &str) -> bool {
    let rest = text.strip_prefix("on ").unwrap_or_default();
    elsewhere(text) || rest.starts_with(|c: char| c.is_ascii_digit())
}

/// The programs of a command, without what is in quotes.
fn programs(command: &str) -> Vec<String> {
    let mut quote = None;
    let mut bare = String::new();
    for c in checks::without_placeholders(command).chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => continue,
            (None, '\'' | '"') => quote = Some(c),
            (None, '#') if bare.ends_with(' ') => break,
            _ => {}
        }
        bare.push(c);
    }
    let bare = bare.replace(" do ", "; ").replace("&&", ";");
    let parts = bare.split(['|', ';', '{', '}', '(', ')']);
    let words = |part: &str| {
        let mut words = part.split_whitespace().map(str::to_owned);
        words.find(|word| !["sudo", "time", "do", "try", "catch"].contains(&word.as_str()))
    };
    let program = |word: &String| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && !word.contains('=')
            && !["for", "done"].contains(&word.as_str())
    };
    // A word behind a bracket is a member or an argument, unless it is a program's.
    let cmdlet = |word: &String| word.contains('-') || !command.contains("::new");
    parts.filter_map(words).filter(program).filter(cmdlet).collect()
}

/// What of a command its system does not have.
fn foreign(command: &str, own: &[&str]) -> Vec<String> {
    let known = |word: &String| own.contains(&word.as_str()) || ANYWHERE.contains(&word.as_str());
    programs(command).into_iter().filter(|word| !known(word)).collect()
}

/// Fails with every fault, each once, with the first fixture that shows it.
fn none(faults: BTreeMap<String, String>) {
    let lines: Vec<String> =
        faults.into_iter().map(|(what, name)| format!("{what}\n    ({name})")).collect();
    assert!(lines.is_empty(), "{} faults:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn a_report_of_windows_names_no_program_that_windows_lacks() {
    let mut faults = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (name, diagnosis) in judged(WINDOWS) {
        for finding in &diagnosis.findings {
            for command in commands(finding) {
                let strange = foreign(&command, ON_WINDOWS);
                let posix: Vec<&&str> =
                    POSIX.iter().filter(|word| outside(&command).contains(**word)).collect();
                if !strange.is_empty() || !posix.is_empty() {
                    let what = format!("{}: {strange:?} {posix:?}: {command}", finding.id);
                    faults.entry(what).or_insert_with(|| name.clone());
                }
                seen.insert(command);
            }
        }
    }
    none(faults);
    assert!(seen.len() > 500, "{}", seen.len());
}

/// A command without what is in single quotes, which no shell reads.
fn outside(command: &str) -> String {
    command.split('\'').step_by(2).collect()
}

#[test]
fn a_report_of_a_mac_names_no_program_that_a_mac_lacks() {
    let mut faults = BTreeMap::new();
    let mut scripts = BTreeSet::new();
    for (name, diagnosis) in judged(MACOS) {
        for finding in &diagnosis.findings {
            for command in commands(finding) {
                let strange = foreign(&command, ON_MACOS);
                if !strange.is_empty() || command.contains("/proc/") {
                    let what = format!("{}: {strange:?}: {command}", finding.id);
                    faults.entry(what).or_insert_with(|| name.clone());
                }
                scripts.insert((finding.id.clone(), command));
            }
        }
    }
    none(faults);
    let unreadable = checks::unreadable(&scripts);
    assert!(unreadable.is_empty(), "{unreadable:?}");
}

#[test]
fn the_words_of_a_report_of_windows_are_true_there() {
    let mut faults = BTreeMap::new();
    for (name, diagnosis) in judged(WINDOWS) {
        for finding in &diagnosis.findings {
            // What these are about is only there on Linux.
            if ["vantage-resolver-config-unreadable", "tls-store-parts-differ"]
                .contains(&finding.id.as_str())
            {
                continue;
            }
            let steps = finding.fix.iter().flat_map(|fix| &fix.steps);
            let steps = steps.filter(|step| !about_a_server(&step.text)).flat_map(|step| {
                let affects = match &step.effect {
                    Effect::Shared { affects } => Some(affects),
                    Effect::ReadOnly | Effect::Local => None,
                };
                [Some(&step.text), step.undo.as_ref(), affects].into_iter().flatten()
            });
            let texts = finding.facts.iter().chain(&finding.reasoning).chain(&finding.ruled_out);
            for text in texts.chain(steps).chain([&finding.headline]) {
                let wrong: Vec<_> =
                    LINUX_WORDS.iter().filter(|word| text.contains(**word)).collect();
                if !wrong.is_empty() {
                    let what = format!("{}: {wrong:?}: {text}", finding.id);
                    faults.entry(what).or_insert_with(|| name.clone());
                }
            }
        }
    }
    none(faults);
}

#[test]
fn advice_for_windows_and_macos_cannot_hurt_either() {
    let mut faults = BTreeMap::new();
    for os in [WINDOWS, MACOS] {
        for (name, diagnosis) in judged(os) {
            for (id, what) in checks::faults(&diagnosis.findings) {
                faults.entry(format!("{id}: {what}")).or_insert_with(|| format!("{name}, {os}"));
            }
            let Some(linux) = judged(LINUX).iter().find(|(other, _)| other == name) else {
                continue;
            };
            let steps = |finding: &Finding| finding.fix.as_ref().map_or(0, |fix| fix.steps.len());
            for (own, linux) in diagnosis.findings.iter().zip(&linux.1.findings) {
                if own.id == linux.id && steps(own) == 0 && steps(linux) > 0 {
                    let what = format!("{}: no step is left", own.id);
                    faults.entry(what).or_insert_with(|| format!("{name}, {os}"));
                }
            }
        }
    }
    none(faults);
}

#[test]
fn a_parser_of_powershell_reads_every_command() {
    let python = root().join("target/venv/bin/python");
    let has = Command::new(&python).args(["-c", "import tree_sitter_powershell"]).output();
    if !has.is_ok_and(|out| out.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "tests/run.sh installs tree-sitter-powershell");
        eprintln!("skipped: tree-sitter-powershell is not there (tests/run.sh)");
        return;
    }
    let findings = judged(WINDOWS).iter().flat_map(|(_, diagnosis)| &diagnosis.findings);
    let all: BTreeSet<String> = findings.flat_map(commands).collect();
    let controls = ["'not closed", "a $(b", "$x = [A]::new("];
    let asked: Vec<&str> = all.iter().map(String::as_str).chain(controls).collect();
    let mut parser = Command::new(&python)
        .arg(root().join("tests/it/powershell.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(&asked).unwrap();
    parser.stdin.take().unwrap().write_all(&input).unwrap();
    let out = parser.wait_with_output().unwrap();
    assert!(out.status.success());
    let unread: Vec<String> = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(unread, controls, "{} commands", all.len());
}

/// A saved report of Windows, judged and shown where this test runs.
#[test]
fn a_report_of_windows_is_shown_with_its_own_commands_on_any_system() {
    let name = "findings/dns-hosts-pin/fires-stale.json";
    let e = on(WINDOWS, name).unwrap();
    let diagnosis = diagnose(&e);
    let report = Report::new(e, diagnosis);
    let all = std::slice::from_ref(&report);
    let screen = human::render(all, Style::default());
    let first: Vec<&str> = screen.lines().take(24).collect();
    let first = first.join("\n");
    let ticket = markdown::render(all, None);
    assert!(first.contains("do now") && first.contains("(Get-Content "), "{screen}");
    for text in [&screen, &ticket] {
        for wanted in ["(Get-Content C:\\Windows", "Resolve-DnsName myacct.openai.azure.com"] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        for other in ["sed -", "getent", "/etc/", "sudo"] {
            assert!(!text.contains(other), "{other}: {text}");
        }
    }
    assert!(ticket.contains("```powershell\n") && !ticket.contains("```sh\n"), "{ticket}");
    assert!(screen.contains("administrators of this machine"), "{screen}");
}

#[test]
fn a_system_is_known_by_the_name_that_reports_have() {
    for (os, shell) in
        [(WINDOWS, Shell::PowerShell), (MACOS, Shell::Posix), ("linux x86_64", Shell::Posix)]
    {
        assert_eq!(Shell::of(os), shell);
    }
    assert_eq!(System::of("Windows 10"), System::Windows);
    assert_eq!(System::of(""), System::Linux);
}
