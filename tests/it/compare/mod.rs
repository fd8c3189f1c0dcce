//! Comparisons: pairs of reports under `fixtures/pairs`, each with what an operator is shown.
//!
//! A side is a patch (RFC 6902) over a fixture; every pair is also compared the other way round.

mod noise;
mod program;

use std::fs;

use aoai_probe::compare::{Named, compare};
use aoai_probe::comparison::Comparison;
use aoai_probe::diagnose::diagnose;
use aoai_probe::evidence::Evidence;
use aoai_probe::render::Style;
use aoai_probe::render::comparison::{Compared, changes, render, to_json};
use aoai_probe::report::Report;
use serde::Deserialize;
use serde_json::Value;

use crate::fixtures::{evidence, root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    about: String,
    a: Side,
    b: Side,
    status: u8,
    first_hop: Option<String>,
    /// Id and confidence of each cause, e.g. `other-resolver proved`.
    #[serde(default)]
    causes: Vec<String>,
    /// Facts that differ, by their ids; others may.
    #[serde(default)]
    differs: Vec<String>,
    /// Facts that must not differ.
    #[serde(default)]
    quiet: Vec<String>,
    /// Texts that the comparison shows.
    #[serde(default)]
    shows: Vec<String>,
    /// Texts that it must not show.
    #[serde(default)]
    shows_not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    base: String,
    #[serde(default)]
    patch: json_patch::Patch,
}

impl Side {
    fn report(&self) -> Report {
        let mut value = evidence(&self.base);
        json_patch::patch(&mut value, &self.patch).unwrap();
        judged(value)
    }
}

fn judged(value: Value) -> Report {
    let evidence: Evidence = serde_json::from_value(value).unwrap();
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}

fn of(a: &Report, b: &Report) -> Comparison {
    let (a, b) = (Named { source: "a.json", report: a }, Named { source: "b.json", report: b });
    compare(a, b)
}

fn text(one: &Comparison) -> String {
    // Wide, so that no sentence is broken.
    let style = Style { width: 2000, ..Style::default() };
    render(&Compared::new(std::slice::from_ref(one), &[], &[]), style)
}

fn pairs() -> Vec<(String, Pair)> {
    let folder = root().join("fixtures/pairs");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    names.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        (name.clone(), serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}")))
    };
    names.into_iter().map(read).collect()
}

#[test]
fn every_pair_shows_where_it_differs_and_why() {
    let mut wrong = Vec::new();
    let all = pairs();
    assert!(all.len() >= 12, "{} pairs", all.len());
    for (name, pair) in all {
        assert!(!pair.about.is_empty(), "{name}: a pair says in `about` what it shows");
        let (a, b) = (pair.a.report(), pair.b.report());
        let one = of(&a, &b);
        let shown = text(&one);
        let mut fault = |what: String| wrong.push(format!("{name}: {what}\n{shown}"));
        let causes: Vec<String> =
            one.causes.iter().map(|c| format!("{} {}", c.id, c.confidence.word())).collect();
        let hop = one.first_hop.map(|hop| hop.name().to_owned());
        if one.result.exit_status() != pair.status {
            fault(format!("status {}, expected {}", one.result.exit_status(), pair.status));
        }
        if hop != pair.first_hop {
            fault(format!("differs first at {hop:?}, expected {:?}", pair.first_hop));
        }
        if causes != pair.causes {
            fault(format!("causes {causes:?}, expected {:?}", pair.causes));
        }
        let differs = |id: &String| one.facts.iter().any(|fact| fact.id == *id);
        for id in pair.differs.iter().filter(|id| !differs(id)) {
            fault(format!("{id} should differ"));
        }
        for id in pair.quiet.iter().filter(|id| differs(id)) {
            fault(format!("{id} should not differ"));
        }
        for words in pair.shows.iter().filter(|words| !shown.contains(words.as_str())) {
            fault(format!("{words:?} is not shown"));
        }
        for words in pair.shows_not.iter().filter(|words| shown.contains(words.as_str())) {
            fault(format!("{words:?} is shown"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_other_way_round_gives_the_mirrored_result() {
    for (name, pair) in pairs() {
        let (a, b) = (pair.a.report(), pair.b.report());
        let (one, other) = (of(&a, &b), of(&b, &a));
        assert_eq!(one.result, other.result, "{name}");
        assert_eq!(one.first_hop, other.first_hop, "{name}");
        let facts = |one: &Comparison, mirrored: bool| -> Vec<_> {
            let sides = |fact: &aoai_probe::comparison::Fact| match mirrored {
                false => (fact.id, fact.of.clone(), fact.a.clone(), fact.b.clone()),
                true => (fact.id, fact.of.clone(), fact.b.clone(), fact.a.clone()),
            };
            one.facts.iter().map(sides).collect()
        };
        assert_eq!(facts(&one, false), facts(&other, true), "{name}");
        let causes = |one: &Comparison, [a, b]: [&str; 2]| -> Vec<_> {
            // Letters that stand for a side, and nothing else in these texts.
            let swap = |text: &String| {
                let words = text.split(' ').map(|word| match word {
                    word if word.starts_with("A's") => word.replacen('A', a, 1),
                    word if word.starts_with("B's") => word.replacen('B', b, 1),
                    word if word.trim_matches([',', ':', ';']) == "A" => word.replacen('A', a, 1),
                    word if word.trim_matches([',', ':', ';']) == "B" => word.replacen('B', b, 1),
                    word => word.to_owned(),
                });
                words.collect::<Vec<_>>().join(" ")
            };
            let all = one.causes.iter();
            all.map(|c| (c.id, c.confidence, swap(&c.headline))).collect()
        };
        assert_eq!(causes(&one, ["A", "B"]), causes(&other, ["B", "A"]), "{name}");
    }
}

#[test]
fn a_report_is_the_same_as_itself() {
    for (name, pair) in pairs() {
        for side in [&pair.a, &pair.b] {
            let report = side.report();
            let one = of(&report, &report);
            assert_eq!(one.facts, Vec::new(), "{name}");
            assert_eq!(one.result.exit_status(), 0, "{name}");
        }
    }
}

/// A report is written by others: nothing in it may control the terminal or end a JSON string.
#[test]
fn hostile_values_stay_text() {
    let evil = "\u{1b}[2J\u{202e}\n\"},{\u{7}";
    let mut value = evidence("findings/dns-zone-not-linked/fires-public-refused.json");
    value["vantage"]["host"] = evil.into();
    value["vantage"]["resolver_config"]["search"] = serde_json::json!([evil]);
    value["tls"]["value"]["chain"][0]["issuer"] = evil.into();
    value["http"]["value"]["calls"][0]["outcome"]["answer"]["headers"] =
        serde_json::json!([{"name": evil, "value": evil}]);
    let (good, bad) = (judged(evidence("bases/private.json")), judged(value));
    for (a, b) in [(&good, &bad), (&bad, &good)] {
        let one = of(a, b);
        let all = std::slice::from_ref(&one);
        let compared = Compared::new(all, &[], &[]);
        let shown = render(&compared, Style::default());
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
        let json = to_json(&compared).unwrap();
        assert!(!json.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{json}");
        serde_json::from_str::<Value>(&json).unwrap();
        for line in changes(&one, 3) {
            assert!(line.chars().count() <= 160, "{line}");
        }
    }
}
