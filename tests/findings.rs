//! Every rule against its fixtures: one test a file under `fixtures/findings`.
//!
//! A fixture is a patch (RFC 6902) over a healthy walk or over another fixture. A `fires-`
//! file says what the rule must conclude; a `quiet-` file is its nearest healthy neighbour, and
//! lists every finding that its evidence does give. `UPDATE_SNAPSHOTS=1` writes these lists anew.
#![allow(clippy::disallowed_methods, reason = "a test reads its own files")]

use std::fs;
use std::path::{Path, PathBuf};

use aoai_probe::diagnose::{diagnose, rule, rules};
use aoai_probe::diagnosis::{Confidence, Finding, Level};
use aoai_probe::evidence::Evidence;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    about: String,
    base: String,
    patch: json_patch::Patch,
    level: Option<Level>,
    confidence: Option<Confidence>,
    /// Texts that the finding must have among what it rules out, and texts that it must not.
    #[serde(default)]
    ruled_out: Vec<String>,
    #[serde(default)]
    not_ruled_out: Vec<String>,
    /// Texts that must stand somewhere in the finding, its advice included, and texts that must
    /// not.
    #[serde(default)]
    message: Vec<String>,
    #[serde(default)]
    says_not: Vec<String>,
    /// The finding's headline.
    headline: Option<String>,
    verdict: Option<Expected>,
    /// Every finding, in the order of the alphabet: of a quiet fixture always.
    findings: Option<Vec<String>>,
}

/// The part of the verdict that a fixture fixes; a null hop means "none".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    state: String,
    broken_hop: Option<String>,
    cause: Option<String>,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The evidence of a fixture: its base with its patch on top, bases first.
fn evidence(path: &Path) -> Result<Value, Failed> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if path.starts_with(fixtures().join("bases")) {
        return Ok(serde_json::from_str(&text)?);
    }
    let fixture: Fixture =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut value = evidence(&fixtures().join(&fixture.base))?;
    json_patch::patch(&mut value, &fixture.patch)
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(value)
}

fn run(id: &str, path: &Path) -> Result<(), Failed> {
    let fixture: Fixture = serde_json::from_str(&fs::read_to_string(path)?)?;
    if fixture.about.is_empty() {
        return Err("a fixture says in `about` what it shows".into());
    }
    let value = evidence(path)?;
    let evidence: Evidence = serde_json::from_value(value.clone())?;
    let report = serde_json::json!({ "evidence": value });
    let diagnosis = diagnose(&evidence);
    let all: Vec<&str> = diagnosis.findings.iter().map(|f| f.id.as_str()).collect();
    let found = diagnosis.findings.iter().find(|f| f.id == id);
    let fires = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("fires-"));
    match (fires, found) {
        (false, None) => {
            if fixture.level.is_some() || fixture.confidence.is_some() {
                return Err("a quiet fixture has no level".into());
            }
            let mut given: Vec<String> = all.iter().map(|id| (*id).to_owned()).collect();
            given.sort();
            if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
                write_findings(path, &given)?;
            } else if fixture.findings.as_ref() != Some(&given) {
                let expected = &fixture.findings;
                return Err(format!(
                    "gives {given:?}, expected {expected:?} (UPDATE_SNAPSHOTS=1 writes the list)"
                )
                .into());
            }
        }
        (false, Some(f)) => return Err(format!("fired: {f:#?}").into()),
        (true, None) => return Err(format!("did not fire; these did: {all:?}").into()),
        (true, Some(f)) => {
            if Some(f.level) != fixture.level || Some(f.confidence) != fixture.confidence {
                return Err(format!("level or sureness differs: {f:#?}").into());
            }
            if f.cites.is_empty() {
                return Err("a finding cites its evidence".into());
            }
            for pointer in &f.cites {
                if report.pointer(pointer).is_none() {
                    return Err(format!("cites {pointer}, which is not there").into());
                }
            }
            if f.headline.ends_with('.') || f.headline.contains('\n') || f.headline.len() > 100 {
                return Err(
                    format!("`says` is one clause without full stop: {:?}", f.headline).into()
                );
            }
            if let Some(wanted) = fixture.headline.as_ref().filter(|wanted| **wanted != f.headline)
            {
                return Err(format!("the headline is not {wanted:?}: {f:#?}").into());
            }
            if let Some(wanted) = &fixture.findings {
                let mut given: Vec<&str> = all.clone();
                given.sort_unstable();
                if *wanted != given {
                    return Err(format!("gives {given:?}, expected {wanted:?}").into());
                }
            }
            words(&fixture, f)?;
            if f.level != Level::Note && f.fix.as_ref().is_none_or(|fix| fix.owner.is_empty()) {
                return Err("a broken hop or a risk has a fix with its owner".into());
            }
        }
    }
    if let Some(expected) = &fixture.verdict {
        let verdict = serde_json::to_value(&diagnosis.verdict)?;
        let same = verdict["state"] == expected.state.as_str()
            && verdict["broken_hop"].as_str() == expected.broken_hop.as_deref()
            && verdict["cause"].as_str() == expected.cause.as_deref();
        if !same {
            return Err(format!("verdict differs: {verdict:#}\nfindings: {all:?}").into());
        }
    }
    Ok(())
}

/// Whether the finding holds the texts that its fixture wants, and none that it forbids.
fn words(fixture: &Fixture, found: &Finding) -> Result<(), Failed> {
    let all = serde_json::to_string(found)?;
    let out = serde_json::to_string(&found.ruled_out)?;
    for (texts, place, wanted) in [
        (&fixture.ruled_out, &out, true),
        (&fixture.not_ruled_out, &out, false),
        (&fixture.message, &all, true),
        (&fixture.says_not, &all, false),
    ] {
        for text in texts {
            if place.contains(text.as_str()) != wanted {
                let fault = if wanted { "is missing" } else { "is there" };
                return Err(format!("{text:?} {fault}: {found:#?}").into());
            }
        }
    }
    Ok(())
}

/// Writes the list of findings into a quiet fixture, behind its base.
fn write_findings(path: &Path, given: &[String]) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let list = format!("  \"findings\": {}", serde_json::to_string(given)?.replace(',', ", "));
    let has_list = text.lines().any(|line| line.trim_start().starts_with("\"findings\":"));
    let mut written = String::new();
    let mut in_list = false;
    for line in text.lines() {
        let begins = line.trim_start();
        in_list |= begins.starts_with("\"findings\":");
        if !in_list {
            written.push_str(&format!("{line}\n"));
        } else if line.contains(']') {
            // A list that somebody wrote over several lines goes as a whole.
            in_list = false;
            let comma = if line.trim_end().ends_with(',') { "," } else { "" };
            written.push_str(&format!("{list}{comma}\n"));
        }
        if !has_list && begins.starts_with("\"base\":") {
            written.push_str(&format!("{list},\n"));
        }
    }
    Ok(fs::write(path, written)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(fixtures().join("findings"))?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    folders.sort();
    for folder in &folders {
        let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|e| Ok(e?.path())).collect::<Result<_, std::io::Error>>()?;
        files.sort();
        for file in files {
            let name = format!("{id}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
            let id = id.clone();
            trials.push(Trial::test(name, move || run(&id, &file)));
        }
        let name = format!("{id}/is-a-rule");
        trials.push(Trial::test(name, move || match rule(&id) {
            Some(_) => Ok(()),
            None => Err(format!("fixtures for {id}, which is no rule").into()),
        }));
    }
    for rule in rules::all() {
        let folder = fixtures().join("findings").join(rule.id);
        trials.push(Trial::test(format!("{}/has-both-fixtures", rule.id), move || {
            let has = |prefix: &str| {
                fs::read_dir(&folder).is_ok_and(|files| {
                    files.flatten().any(|f| f.file_name().to_string_lossy().starts_with(prefix))
                })
            };
            match (has("fires-"), has("quiet-")) {
                (true, true) => Ok(()),
                _ => Err("a rule has at least one fires- and one quiet- fixture".into()),
            }
        }));
    }
    libtest_mimic::run(&arguments, trials).exit()
}
