//! `--anonymise`: the same conclusions, and nothing left by which the owner is known.

mod azure;
mod identifying;

use std::collections::BTreeSet;
use std::fs;

use aoai_probe::anonymise::Anonymiser;
use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;
use aoai_probe::render::{self, Style, Verbosity};
use aoai_probe::report::Report;
use serde_json::Value;

use crate::fixtures::{evidence, reports, root};
use identifying::identifying;

/// The evidence of every fixture, with its place.
fn all() -> Vec<(String, Evidence)> {
    let mut all: Vec<(String, Evidence)> = reports()
        .into_iter()
        .map(|(name, report)| (format!("reports/{name}"), report.evidence))
        .collect();
    let folder = root().join("fixtures/findings");
    for finding in fs::read_dir(folder).unwrap() {
        let finding = finding.unwrap();
        for file in fs::read_dir(finding.path()).unwrap() {
            let (finding, file) = (finding.file_name(), file.unwrap().file_name());
            let name = format!("findings/{}/{}", finding.display(), file.display());
            let value = evidence(&name);
            all.push((name, serde_json::from_value(value).unwrap()));
        }
    }
    all
}

fn judged(evidence: Evidence) -> Report {
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}

/// What was concluded, without the values in it.
fn conclusions(report: &Report) -> Vec<String> {
    let verdict = &report.verdict;
    let mut lines = vec![format!(
        "{:?} {:?} {:?} {:?}",
        verdict.state, verdict.broken_hop, verdict.cause, verdict.confidence
    )];
    lines.extend(report.findings.iter().map(|f| {
        format!(
            "{} {:?} {:?} {:?} {:?} {} {:?} {:?}",
            f.id, f.hop, f.level, f.confidence, f.caveat, f.untested, f.explained_by, f.cites
        )
    }));
    lines
}

fn anonymised(report: &Report) -> Result<Report, String> {
    let mut anonymiser = Anonymiser::new(std::slice::from_ref(report))?;
    let saved = anonymiser.report(report)?;
    let mut new = judged(saved.evidence);
    (new.name, new.labels) = (saved.name, saved.labels);
    Ok(new)
}

#[test]
fn judged_again_the_conclusions_are_the_same() {
    let mut differing = Vec::new();
    let mut count = 0;
    for (name, evidence) in all() {
        let before = judged(evidence);
        let after = anonymised(&before);
        count += 1;
        let new = after.map_or_else(|why| vec![why], |after| conclusions(&after));
        let old = conclusions(&before);
        if old != new {
            let lost: Vec<_> = old.iter().filter(|line| !new.contains(line)).collect();
            let gained: Vec<_> = new.iter().filter(|line| !old.contains(line)).collect();
            differing.push(format!("{name}\n  - {lost:?}\n  + {gained:?}"));
        }
    }
    assert!(count > 1000, "{count}");
    assert!(differing.is_empty(), "{} of {count}:\n{}", differing.len(), differing.join("\n"));
}

/// Every form of output.
fn outputs(report: &Report) -> String {
    let reports = std::slice::from_ref(report);
    let verbose = Style { verbosity: Verbosity::Verbose, ..Style::default() };
    let mut out = render::human::render(reports, verbose);
    out += &render::json::render(reports).unwrap();
    out += &render::json_lines::render(reports).unwrap();
    out += &render::html::render(reports);
    out += &render::markdown::render(reports, None);
    out += &render::nagios::render(reports);
    out += &render::prometheus::render(reports);
    out += &render::junit::render(reports).unwrap();
    out += &render::github::annotations(reports);
    out + &render::github::summary(reports)
}

#[test]
fn nothing_identifies_the_owner() {
    let mut left = Vec::new();
    for (name, evidence) in all() {
        let before = judged(evidence);
        let mut values = BTreeSet::new();
        identifying(&serde_json::to_value(&before.evidence).unwrap(), &mut values);
        let out = outputs(&anonymised(&before).unwrap()).to_lowercase();
        // A value that is an ordinary word, or part of the page's own examples, is none.
        values.retain(|value| !["eastus", "localhost", "gpt-", "ca"].contains(&value.as_str()));
        let found = values.iter().filter(|value| {
            out.match_indices(&value.to_lowercase()).any(|(at, found)| {
                let around = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
                !around(out[..at].chars().next_back())
                    && !around(out[at + found.len()..].chars().next())
            })
        });
        left.extend(found.map(|value| format!("{name}: {value}")));
    }
    assert!(left.is_empty(), "{}\n{}", left.len(), left.join("\n"));
}

/// Addresses and names in forms that no field has of its own, and what must be left of none.
const PLANTED: &str = "10.66.77.0/255.255.255.0,10.66.77.1-10.66.77.9 src10.66.77.88_1 \
    10.66.77.88@x 10.66.77.88/10.66.77.99 10.66.77. 10,66,77,88 10.66.77.88%3A80 \
    51.77.13.91-51.77.13.95 fd12:3456::1-fd12:3456::2 srcfd12:3456::1 a8:bb:cc:dd:ee:01 \
    0x0A42584D AS64512 2026-11-21T12:00:00+02:00 zqkanary";
const PARTS: [&str; 9] = [
    "10.66.77",
    "10,66,77",
    "51.77.13",
    "fd12:3456",
    "a8:bb:cc",
    "0a42584d",
    "as64512",
    "00+02:00",
    "zqkanary",
];

/// The fields that take any text and keep it: this program alone writes them.
const CLOSED: &[&str] = &[
    "/started",
    "answer/rcode",
    "calls/method",
    "negotiated/alpn",
    "negotiated/cipher_suite",
    "negotiated/group",
    "negotiated/version",
    "records/kind",
    "target/cloud",
    "target/service",
    "target/service_name",
    "vantage/os",
];

/// Every text of a value, by its place.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_owned()),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(n, one)| places(one, &format!("{place}/{n}"), found));
        }
        Value::Object(fields) => fields.iter().for_each(|(key, one)| {
            places(one, &format!("{place}/{}", key.replace('/', "~1")), found)
        }),
        _ => {}
    }
}

#[test]
fn no_form_of_an_address_survives_in_any_text() {
    let (mut left, mut count, mut kept) = (Vec::new(), 0, BTreeSet::new());
    for name in ["http-forbidden/fires-unknown-words", "tls-untrusted-issuer/fires-corporate"] {
        let original = evidence(&format!("findings/{name}.json"));
        let mut all = Vec::new();
        places(&original, "", &mut all);
        for place in all {
            let mut planted = original.clone();
            *planted.pointer_mut(&place).unwrap() = Value::from(PLANTED);
            // A field of a closed set of words takes no other.
            let Ok(planted) = serde_json::from_value::<Evidence>(planted) else { continue };
            let Ok(new) = anonymised(&judged(planted)) else { continue };
            let value = serde_json::to_value(&new.evidence).unwrap();
            let new_text = value.pointer(&place);
            if new_text.is_none_or(|text| text == PLANTED) {
                let field = |part: &&str| part.parse::<u8>().is_err() && !part.is_empty();
                let mut fields = place.rsplit('/').filter(field);
                let (name, parent) = (fields.next().unwrap(), fields.next().unwrap_or_default());
                kept.insert(format!("{parent}/{name}"));
                continue;
            }
            count += 1;
            let out = outputs(&new).to_lowercase();
            left.extend(
                PARTS
                    .iter()
                    .filter(|part| out.contains(*part))
                    .map(|part| format!("{place}: {part}: {:?}", value.pointer(&place))),
            );
        }
    }
    assert!(count > 60, "{count}");
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    assert_eq!(kept, CLOSED);
    assert!(left.is_empty(), "{}", left.join("\n"));
}
