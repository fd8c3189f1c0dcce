//! Worlds on loopback: one test a file of `fixtures/scenarios`, each named after an operator's
//! mistake.
//!
//! The real arguments, walk, rules and renderers run against servers of the lab. A world says
//! the whole set of findings of the levels risk and broken: one too many fails as one too few
//! does. Beside it every world keeps the promises: no secret in any output or in the open on
//! the wire, nothing that a terminal obeys, a report that can be judged again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics and says why; it reads its own files"
)]
#![allow(unreachable_pub, reason = "a binary's modules are reached from nowhere else")]

#[path = "lab/advice.rs"]
mod advice;
#[path = "scenarios/again.rs"]
mod again;
#[path = "scenarios/audited.rs"]
mod audited;
#[path = "scenarios/azure.rs"]
mod azure;
#[path = "scenarios/compared.rs"]
mod compared;
mod lab;
#[path = "lab/screen.rs"]
mod screen;
#[path = "scenarios/sdk.rs"]
mod sdk;
#[path = "scenarios/services.rs"]
mod services;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aoai_probe::args::{Cli, Command};
use aoai_probe::diagnose::diagnose;
use aoai_probe::diagnosis::Level;
use aoai_probe::evidence::text::is_unsafe;
use aoai_probe::render::{self, Style, Verbosity};
use aoai_probe::report::{self, ExitStyle, Report};
use aoai_probe::run::{self, Progress, Terminal};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use clap::Parser as _;
use lab::world::{Expect, World};
use lab::{CANARY, KEY, Lab};
use libtest_mimic::{Arguments, Failed, Trial};

/// Runs one world.
fn scenario(path: &Path) -> Result<(), Failed> {
    let world = Arc::new(World::read(path)?);
    if world.about.is_empty() {
        return Err("a world says in `about` what the mistake is".into());
    }
    let lab = Lab::start(&world)?;
    let shown = RefCell::new(String::new());
    let show = |progress: Progress<'_>| {
        let (Progress::Line(line)
        | Progress::Status(line)
        | Progress::Change(line)
        | Progress::Result(line)
        | Progress::Trouble(line)) = progress;
        shown.borrow_mut().push_str(&format!("{line}\n"));
    };
    let terminal = Terminal { out: false, err: true };
    let options = ["--format", "json", "--bundle", "not-written.zip"];
    let done = run::check_in(&lab.check(&options)?, lab.world(), terminal, &show)?;
    let done = azure::asked_elsewhere(&lab, &world, done)?;
    let report: Report =
        serde_json::from_str(&done.out).map_err(|e| format!("{e}\n{}", done.out))?;
    if let Some(folder) = std::env::var_os("LAB_DUMP") {
        let name = path.file_stem().unwrap_or_default();
        std::fs::write(Path::new(&folder).join(name).with_extension("json"), &done.out)?;
    }
    let human = human(&report, false, Verbosity::Verbose);
    let told = |message: String| Failed::from(format!("{message}\n\n{human}"));
    expected(&world.expect, &report).map_err(told)?;
    let written = [
        ("json", done.out.clone()),
        ("stderr", done.err.clone()),
        ("progress, color true", shown.take()),
    ];
    let mut texts = outputs(&report, written).map_err(told)?;
    let bundle = done.bundle.as_ref().ok_or("no bundle")?;
    texts.extend(bundle.files.iter().map(|(name, text)| (format!("bundle/{name}"), text.clone())));
    texts.extend(audited::audited(&lab, &world)?);
    no_secret_in(&texts).map_err(told)?;
    secret_on_the_wire(&lab, &world.expect).map_err(told)?;
    azure::asked(&lab, &world).map_err(told)?;
    judged_again(&report, &done.out).map_err(told)?;
    again::commands_read(&lab.check(&[])?, &report)?;
    advice_holds(&report).map_err(told)?;
    let printed = self::human(&report, false, Verbosity::Normal);
    let faults = screen::faults(&report, &printed);
    if !faults.is_empty() {
        return Err(format!("{}\n\n{printed}", faults.join("\n")).into());
    }
    if done.status != report.exit_status(ExitStyle::State) {
        return Err(told(format!("exit status {}", done.status)));
    }
    Ok(())
}

/// No step can hurt, a shell reads each command, and no claim goes beyond the evidence.
fn advice_holds(report: &Report) -> Result<(), String> {
    let commands = advice::commands(&report.findings).into_iter().collect();
    let all: Vec<String> = advice::faults(&report.findings)
        .into_iter()
        .chain(advice::unreadable(&commands))
        .chain(advice::unfounded(&report.evidence, &report.findings))
        .map(|(id, message)| format!("{id}: {message}"))
        .collect();
    if all.is_empty() { Ok(()) } else { Err(all.join("\n")) }
}

fn human(report: &Report, color: bool, verbosity: Verbosity) -> String {
    let style = Style { color, verbosity, ..Style::default() };
    render::human::render(std::slice::from_ref(report), style)
}

/// The verdict, and the whole set of findings.
fn expected(expect: &Expect, report: &Report) -> Result<(), String> {
    let verdict = serde_json::to_value(&report.verdict).map_err(|e| e.to_string())?;
    let at = |field: &str| verdict[field].as_str().map(str::to_owned);
    let is = (at("state").unwrap_or_default(), at("broken_hop"), at("cause"));
    let wanted = (expect.state.clone(), expect.broken_hop.clone(), expect.cause.clone());
    let ids = |notes: bool| {
        let mut ids: Vec<&str> = report
            .findings
            .iter()
            .filter(|f| (f.level == Level::Note) == notes)
            .map(|f| f.id.as_str())
            .collect();
        ids.sort_unstable();
        ids
    };
    let mut findings: Vec<&str> = expect.findings.iter().map(String::as_str).collect();
    findings.sort_unstable();
    let sure = at("cause").and_then(|id| {
        let cause = report.findings.iter().find(|finding| finding.id == id)?;
        Some(cause.confidence.word().to_owned())
    });
    if expect.confidence.is_some() && expect.confidence != sure {
        return Err(format!("the cause is {sure:?}, wanted {:?}", expect.confidence));
    }
    let notes = ids(true);
    let missing: Vec<&String> =
        expect.notes.iter().filter(|note| !notes.contains(&note.as_str())).collect();
    if is == wanted && ids(false) == findings && missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "verdict  {is:?}\nwanted   {wanted:?}\nfindings {:?}\nwanted   {findings:?}\nnotes    \
         {notes:?}, missing {missing:?}",
        ids(false)
    ))
}

/// Everything that the tool would write of this walk, with what it is; nothing in it that a
/// terminal obeys.
fn outputs(report: &Report, written: [(&str, String); 3]) -> Result<Vec<(String, String)>, String> {
    let mut texts: Vec<(String, String)> =
        written.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
        for color in [false, true] {
            let text = human(report, color, verbosity);
            texts.push((format!("{verbosity:?}, color {color}"), text));
        }
    }
    for (name, text) in &texts {
        let plain = match name.ends_with("true") {
            true => without_color(text),
            false => text.clone(),
        };
        if let Some(bad) = plain.chars().find(|c| *c != '\n' && is_unsafe(*c)) {
            return Err(format!("{bad:?} is in the output {name}"));
        }
    }
    Ok(texts)
}

/// The text without `ESC [ digits m`.
fn without_color(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let code = after.split_once('m').filter(|(code, _)| {
            code.chars().all(|c| c.is_ascii_digit() || c == ';') && code.len() < 8
        });
        match code {
            Some((_, after)) => rest = after,
            None => {
                out.push('\u{1b}');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Neither a canary, nor its base64 at any of the three alignments.
fn no_secret_in(texts: &[(String, String)]) -> Result<(), String> {
    for (name, text) in texts {
        for form in forms() {
            if text.contains(&form) {
                return Err(format!("{form:?} is in the output {name}"));
            }
        }
    }
    Ok(())
}

/// The forms in which a canary could turn up.
fn forms() -> Vec<String> {
    let mut forms = vec![CANARY.to_owned()];
    for skip in 0..3 {
        // The first and the last characters depend on what stands around it.
        let part = &KEY.as_bytes()[skip..];
        let part = &part[..part.len() / 3 * 3];
        forms.push(STANDARD_NO_PAD.encode(part));
        forms.push(URL_SAFE_NO_PAD.encode(part));
    }
    forms
}

/// The secret went inside TLS only, and only where it may go.
fn secret_on_the_wire(lab: &Lab, expect: &Expect) -> Result<(), String> {
    let holds =
        |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    if holds(&lab.received.open()) {
        return Err("the secret crossed the wire in the open".to_owned());
    }
    let requests = lab.received.requests();
    let sent = requests.iter().any(|request| holds(request));
    if sent != expect.credential_sent {
        return Err(format!(
            "credential sent: {sent}, wanted: {}; {} requests arrived",
            expect.credential_sent,
            requests.len()
        ));
    }
    if lab.received.connects().iter().any(|request| holds(request)) {
        return Err("the secret went to the proxy".to_owned());
    }
    Ok(())
}

/// What was saved gives the same report again.
fn judged_again(report: &Report, json: &str) -> Result<(), String> {
    let saved = report::read(json.as_bytes()).map_err(|e| e.to_string())?;
    let [saved] = saved.as_slice() else { return Err("one report, one evidence".to_owned()) };
    let evidence = &saved.evidence;
    let diagnosis = diagnose(evidence);
    if diagnosis.verdict != report.verdict || diagnosis.findings != report.findings {
        return Err("the saved report is judged differently".to_owned());
    }
    if *evidence != report.evidence {
        return Err("the saved evidence is not the evidence".to_owned());
    }
    let pointed = serde_json::from_str::<serde_json::Value>(json).map_err(|e| e.to_string())?;
    for finding in &report.findings {
        for pointer in &finding.cites {
            if pointed["evidence"].pointer(pointer).or_else(|| pointed.pointer(pointer)).is_none() {
                return Err(format!("{} cites {pointer}, which is not there", finding.id));
            }
        }
    }
    Ok(())
}

/// `check --config` over one lab: every target is walked, what has one cause stands together,
/// the inventory's limits count, and nothing of a secret shows.
fn round() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let world = Arc::new(World::read(&folder.join("healthy-private.toml"))?);
    let lab = Lab::start(&world)?;
    let inventory = tempfile::NamedTempFile::new()?;
    let mut text = lab.defaults();
    text.push_str("labels = { team = \"ai\" }\n");
    for number in 0..30 {
        text.push_str(&format!("[[target]]\ntarget = \"myacct\"\nname = \"prod {number}\"\n"));
    }
    text.push_str("[[target]]\ntarget = \"nosuchacct\"\n");
    text.push_str("[[target]]\ntarget = \"alsonone\"\nname = \"moved\"\n");
    text.push_str("until = \"2999-01-01T00:00:00Z\"\n");
    text.push_str("[[target]]\ntarget = \"myacct\"\ncertificate_days = 825\n");
    std::fs::write(inventory.path(), text)?;
    let path = inventory.path().display().to_string();
    let check = |options: &[&str]| -> Result<run::Output, String> {
        let words = ["aoai-probe", "check", "--config", &path];
        let words = words.iter().chain(options);
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        let Some(Command::Check(check)) = cli.command else { return Err("no check".to_owned()) };
        run::check_in(&check, lab.world(), Terminal::default(), &|_| {})
    };
    let human = check(&[])?;
    let told =
        |message: &str, done: &run::Output| Failed::from(format!("{message}\n\n{}", done.out));
    for part in [
        "33 targets: 1 broken, 1 at risk, 30 work, 1 muted",
        "BROKEN at dns (dns-name-not-found): 2 targets, resolver",
        "nosuchacct.openai.azure.com, moved (muted)",
        "does not affect the exit status",
        "AT RISK at tls (tls-expires-soon): 1 target",
        "WORKS: 30 targets",
    ] {
        if !human.out.contains(part) {
            return Err(told(&format!("not said: {part}"), &human));
        }
    }
    if human.status != 2 {
        return Err(told("exit status", &human));
    }
    let muted = check(&["moved", "prod 7"])?;
    if muted.status != 0 || !muted.out.contains("BROKEN at dns (dns-name-not-found): 1 target") {
        return Err(told("a muted target is shown and counts not", &muted));
    }
    let one = check(&["prod 7", "--format", "json"])?;
    let report: Report = serde_json::from_str(&one.out).map_err(|e| e.to_string())?;
    if report.title() != "prod 7" || report.labels.get("team").is_none_or(|team| team != "ai") {
        return Err(told("name and labels", &one));
    }
    let all = check(&["--format", "json"])?;
    let reports: Vec<Report> = serde_json::from_str(&all.out).map_err(|e| e.to_string())?;
    let names: Vec<&str> = reports.iter().map(Report::title).collect();
    if names.len() != 33 || names[0] != "prod 0" || names[30] != "nosuchacct.openai.azure.com" {
        return Err("reports stand in the inventory's order".into());
    }
    let texts = [human, one, all].map(|done| ("round".to_owned(), done.out + &done.err));
    no_secret_in(&texts)?;
    Ok(())
}

/// A filter that reads the first segment alone finds the name in the ClientHello of every walk.
fn name_in_first_segment() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let world = World::read(&folder.join("name-filter-reads-the-first-segment.toml"))?;
    let lab = Lab::start(&Arc::new(world))?;
    let check = lab.check(&["--format", "json", "--no-experiments"])?;
    for walk in 1..=200 {
        let done = run::check_in(&check, lab.world(), Terminal::default(), &|_| {})?;
        if done.status != 2 {
            return Err(format!("walk {walk} of 200 slipped past it\n{}", done.out).into());
        }
    }
    Ok(())
}

/// `--count` over a path that breaks after the first walk: the lab is taken away.
fn repeated() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let world = Arc::new(World::read(&folder.join("healthy-private.toml"))?);
    let repeated = |options: &[&str], breaks: bool| -> Result<(run::Output, String), String> {
        let lab = Lab::start(&world)?;
        let options: Vec<&str> = ["--count", "3", "--interval", "0.2", "--color", "never"]
            .iter()
            .chain(options)
            .copied()
            .collect();
        let (check, outside) = (lab.check(&options)?, lab.world());
        let lab = RefCell::new(Some(lab));
        let shown = RefCell::new(String::new());
        let show = |progress: Progress<'_>| {
            if let Progress::Line(text) = progress {
                shown.borrow_mut().push_str(&format!("{text}\n"));
                drop(lab.borrow_mut().take_if(|_| breaks));
            }
            if let Progress::Result(text) = progress {
                shown.borrow_mut().push_str(text);
            }
        };
        let terminal = Terminal { out: false, err: true };
        let done = run::check_in(&check, outside, terminal, &show)?;
        Ok((done, shown.take()))
    };
    let holds = |text: &str, parts: &[&str]| match parts.iter().find(|part| !text.contains(**part))
    {
        Some(part) => Err(Failed::from(format!("not shown: {part}\n\n{text}"))),
        None => Ok(()),
    };
    let (done, shown) = repeated(&[], false)?;
    holds(
        &done.out,
        &["3 checks of myacct.openai.azure.com: 3 WORKS\n", "0 of 3", "Check 3, the"],
    )?;
    holds(&shown, &["  1/3  ", "  3/3  ", "  WORKS: "])?;
    if done.status != 0 || shown.lines().count() != 3 {
        return Err(format!("status {}\n{shown}", done.status).into());
    }
    let (done, _) = repeated(&[], true)?;
    holds(
        &done.out,
        &["2 BROKEN, 1 WORKS", "2 of 3 (67%)", "Check 2, the worst one:", "BROKEN at tcp"],
    )?;
    if done.status != 2 {
        return Err(format!("status {}\n{}", done.status, done.out).into());
    }
    let (done, _) = repeated(&["--format", "json"], true)?;
    let reports: Vec<Report> = serde_json::from_str(&done.out)?;
    let states: Vec<&str> = reports.iter().map(|report| report.verdict.state.words()).collect();
    if states != ["WORKS", "BROKEN", "BROKEN"] || done.status != 2 {
        return Err(format!("{states:?}, status {}", done.status).into());
    }
    let (done, shown) = repeated(&["--format", "json-lines"], false)?;
    let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with('{')).collect();
    if lines.len() != 3 || !done.out.is_empty() {
        return Err(format!("{} lines as they end, then\n{}", lines.len(), done.out).into());
    }
    let (done, shown) = repeated(&["--anonymise"], true)?;
    if format!("{}{shown}", done.out).contains("myacct") || done.status != 2 {
        return Err(format!("the account's name is shown\n{shown}{}", done.out).into());
    }
    let (done, _) = repeated(&["--format", "nagios"], true)?;
    holds(&done.out, &["AOAI CRITICAL: tcp"])?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.sort();
    let whole = Trial::test("inventory-with-two-causes", round);
    let repeated = Trial::test("repeated-while-it-breaks", repeated);
    let trials = files
        .into_iter()
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Trial::test(name, move || scenario(&file))
        })
        .chain([
            whole,
            repeated,
            Trial::test("name-in-the-first-segment-200-times", name_in_first_segment),
        ])
        .chain(again::trials())
        .chain(compared::trials())
        .chain(azure::trials())
        .chain(sdk::trials())
        .chain(services::trials())
        .collect();
    libtest_mimic::run(&arguments, trials).exit()
}
