//! `compare` and `--baseline` as they are run: files, refusals, exit statuses.

use std::fs;

use aoai_probe::compare::matched;
use aoai_probe::render::json;
use aoai_probe::report::Report;
use serde_json::Value;

use super::{judged, pairs};
use crate::fixtures::evidence;
use crate::program::run;

/// Files of a pair's two sides.
fn files(folder: &std::path::Path, pair: &str) -> [String; 2] {
    let (_, pair) = pairs().into_iter().find(|(name, _)| name == pair).unwrap();
    [("a", &pair.a), ("b", &pair.b)].map(|(name, side)| {
        let path = folder.join(format!("{name}.json"));
        fs::write(&path, json::render(&[side.report()]).unwrap()).unwrap();
        path.display().to_string()
    })
}

#[test]
fn the_program_exits_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    for (pair, status, first) in [
        ("same-path-twice", 0, "SAME: nothing differs but noise\n"),
        ("renewed-certificate", 1, "SAME OUTCOME: 1 fact differs, first at tls\n"),
        ("other-resolver", 2, "DIFFERENT at dns (other-resolver): A=10.3.0.5 (private) | B="),
    ] {
        let [a, b] = files(folder.path(), pair);
        let ran = run(&["compare", &a, &b]);
        assert_eq!((ran.status, ran.err.as_str()), (status, ""), "{}", ran.out);
        assert!(ran.out.starts_with(first), "{}", ran.out);
        for line in ran.out.lines().skip(1).filter(|line| !line.contains(&a) && !line.contains(&b))
        {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(ran.out.lines().next().unwrap().chars().count() <= 100, "{}", ran.out);
        let quiet = run(&["compare", "-q", &a, &b]);
        assert_eq!(quiet.out.lines().count(), 1, "{}", quiet.out);
        let json = run(&["compare", &a, &b, "--format", "json"]);
        let value: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json.status, status);
        assert_eq!(value["comparison_version"], "1.1");
        let words = ["same", "harmless", "outcome"][usize::try_from(status).unwrap()];
        assert_eq!(value["comparisons"][0]["result"], words);
    }
}

#[test]
fn files_that_cannot_be_compared_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = files(folder.path(), "other-resolver");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let other = fs::read_to_string(&b).unwrap().replace("myacct", "youracct");
    let old = fs::read_to_string(&b)
        .unwrap()
        .replace("\"schema_version\": \"1.", "\"schema_version\": \"9.");
    for (other, words) in [
        (file("other.json", &other), "different targets: myacct.openai.azure.com and youracct"),
        (file("old.json", &old), "old.json: report of schema 9."),
        (file("text.json", "hello"), "text.json: not JSON"),
        (file("empty.json", ""), "empty.json: empty"),
        (file("large.json", &" ".repeat(17 << 20)), "large.json: larger than 16 MiB"),
        ("/nowhere.json".to_owned(), "/nowhere.json: cannot be read"),
        ("-".to_owned(), "-: empty"),
    ] {
        for pair in [[&a, &other], [&other, &a]] {
            let ran = run(&["compare", pair[0], pair[1]]);
            assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{}", ran.err);
            if !words.starts_with("different") || pair[0] == &a {
                assert!(ran.err.contains(words), "{words:?} is not in: {}", ran.err);
            }
        }
    }
    run(&["compare", "-", "-"]).refused("only one of the two reports");
    run(&["compare", &a, &b, "--format", "junit"]).refused("possible values: human, json");
    run(&["compare", &a, &b, "--exit-style", "hop"]).refused("--exit-style");
    run(&["compare", &a]).refused("B.json");
}

#[test]
fn a_run_is_compared_with_a_baseline() {
    let folder = tempfile::tempdir().unwrap();
    let [good, _] = files(folder.path(), "other-resolver");
    // Nothing answers on this port: the walk ends at once, and the baseline worked.
    let run_with = |more: &[&str]| {
        let mut words = vec!["myacct", "--baseline", &good, "--proxy", "none", "--timeout", "1"];
        words.extend(["--resolver", "127.0.0.1:9"]);
        words.extend(more);
        run(&words)
    };
    let ran = run_with(&[]);
    let (report, compared) = ran.out.split_once("compared with the baseline ").unwrap();
    assert!(report.starts_with("BROKEN at dns"), "{}", ran.out);
    assert_eq!(ran.status, 2, "the run's own status");
    assert!(compared.contains("\nDIFFERENT at dns"), "{}", ran.out);
    assert!(compared.contains("A         "), "{}", ran.out);
    assert_eq!(run_with(&["-q"]).out.lines().count(), 1, "the verdict alone");
    run_with(&["--format", "json"]).refused("aoai-probe compare");
    run_with(&["--anonymise"]).refused("aoai-probe compare --anonymise");
    run(&["youracct", "--baseline", &good]).refused("different targets: it is of myacct");
    run(&["myacct", "--baseline", "/nowhere.json"]).refused("--baseline /nowhere.json: cannot");
    let inventory = folder.path().join("targets.toml");
    let text = "[[target]]\nname = \"one\"\ntarget = \"myacct\"\nresolvers = [\"127.0.0.1:9\"]\n\
                proxy = \"none\"\ntimeout = \"1s\"\n";
    fs::write(&inventory, text).unwrap();
    let file = inventory.display().to_string();
    let ran = run(&["check", "--config", &file, "--baseline", &good]);
    assert!(ran.out.contains("DIFFERENT at dns"), "{}{}", ran.out, ran.err);
}

#[test]
fn reports_that_two_runs_anonymised_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = files(folder.path(), "other-resolver");
    let anonymised = |from: &[&str], to: &str| {
        let path = folder.path().join(to).display().to_string();
        let words = ["diagnose", "--anonymise", "--format", "json", "-o", &path];
        run(&[&words[..], from].concat());
        path
    };
    let (first, second) = (anonymised(&[&a], "1.json"), anonymised(&[&b], "2.json"));
    let other = anonymised(&[&first], "3.json");
    for pair in [[&first, &second], [&first, &other], [&a, &first]] {
        let ran = run(&["compare", pair[0], pair[1]]);
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{}", ran.err);
        assert!(ran.err.contains("anonymised in another run"), "{}", ran.err);
    }
    run(&["myacct", "--baseline", &first]).refused("anonymised in another run");
    // One run has one replacement for one name, and its reports keep that when judged again.
    let both: Value =
        serde_json::from_str(&fs::read_to_string(anonymised(&[&a, &b], "4.json")).unwrap())
            .unwrap();
    let [one, two] = [0, 1].map(|index: usize| {
        let path = folder.path().join(format!("of-both-{index}.json"));
        fs::write(&path, both[index].to_string()).unwrap();
        let kept = folder.path().join(format!("kept-{index}.json")).display().to_string();
        run(&["diagnose", "--format", "json", "-o", &kept, &path.display().to_string()]);
        kept
    });
    let ran = run(&["compare", &one, &two]);
    assert!(ran.out.starts_with("DIFFERENT at dns (other-resolver)"), "{}{}", ran.out, ran.err);
}

#[test]
fn several_reports_of_one_target_are_not_compared_by_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = files(folder.path(), "other-resolver");
    let read = |path: &str| serde_json::from_str::<Value>(&fs::read_to_string(path).unwrap());
    let several = folder.path().join("several.json");
    let all = serde_json::json!([read(&a).unwrap(), read(&b).unwrap()]);
    fs::write(&several, all.to_string()).unwrap();
    let several = several.display().to_string();
    for pair in [[&several, &a], [&a, &several]] {
        let ran = run(&["compare", pair[0], pair[1]]);
        assert_eq!((ran.status, ran.out.as_str()), (3, ""), "{}", ran.err);
        let words = "several.json has 2 reports of myacct.openai.azure.com; give one";
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    run(&["myacct", "--baseline", &several]).refused("has 2 reports of");
}

#[test]
fn several_targets_are_matched_by_name_and_host() {
    let named = |name: Option<&str>, host: &str| {
        let mut value = evidence("bases/private.json");
        value["target"]["host"] = host.into();
        value["target"]["account"] = host.split('.').next().unwrap().into();
        let mut report = judged(value);
        report.name = name.map(str::to_owned);
        report
    };
    let east = named(Some("east"), "east.openai.azure.com");
    let west = named(Some("west"), "west.openai.azure.com");
    let moved = named(None, "west.cognitiveservices.azure.com");
    let new = named(Some("north"), "north.openai.azure.com");
    let first = [east.clone(), west];
    let second = [moved, new, east];
    let matched = matched(&first, &second).unwrap();
    let hosts: Vec<_> = matched
        .pairs
        .iter()
        .map(|(a, b)| (a.evidence.target.host.as_str(), b.evidence.target.host.as_str()))
        .collect();
    assert_eq!(
        hosts,
        [
            ("west.openai.azure.com", "west.cognitiveservices.azure.com"),
            ("east.openai.azure.com", "east.openai.azure.com"),
        ]
    );
    assert_eq!(matched.only_b.len(), 1);
    assert!(matched.only_a.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, reports: &[Report]| {
        let path = folder.path().join(name);
        fs::write(&path, json::render(reports).unwrap()).unwrap();
        path.display().to_string()
    };
    let (a, b) = (save("a.json", &first), save("b.json", &second));
    let ran = run(&["compare", &a, &b]);
    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.contains("NOT COMPARED: north is only in the second file"), "{}", ran.out);
}
