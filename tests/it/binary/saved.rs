//! Saved reports, judged again: what is written of them, and what is no report.

use std::fs;
use std::path::Path;

use aoai_probe::render::html;
use serde_json::{Value, json};

use crate::fixtures::report;
use crate::program::{Ran, fed, program, run, saved, text};

#[test]
fn saved_reports_are_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "healthy");
    let bad = saved(folder.path(), "zone-not-linked");
    let page = folder.path().join("page.html");
    let ran = run(&["diagnose", "--format", "html", "-o", text(&page), text(&good), text(&bad)]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let [of_page, of_reports] = [&[text(&page)][..], &[text(&good), text(&bad)]]
        .map(|files| run(&[&["diagnose", "--format", "json"], files].concat()).out);
    assert_eq!(of_page, of_reports, "a page holds the reports that it shows, in their order");
    let ran = run(&["diagnose", text(&good)]);
    assert!(ran.went_well().starts_with("WORKS"), "{}", ran.out);

    let ran = run(&["diagnose", text(&bad)]);
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    assert!(ran.out.starts_with("BROKEN at dns (dns-zone-not-linked)"), "{}", ran.out);
    let ran = run(&["diagnose", "--exit-style", "hop", text(&bad)]);
    assert_eq!(ran.status, 10);
    let ran = run(&["diagnose", text(&good), text(&bad)]);
    assert_eq!(ran.status, 2, "the worst one counts");

    let quiet = run(&["diagnose", "-q", text(&bad)]);
    assert_eq!(quiet.out.lines().count(), 1, "{}", quiet.out);
    let verbose = run(&["diagnose", "-v", text(&bad)]);
    let normal = run(&["diagnose", text(&bad)]);
    assert!(verbose.out.len() > 2 * normal.out.len(), "{}", verbose.out);

    let ran = run(&["diagnose", "--format", "json", text(&bad)]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["verdict"]["state"], "broken");
    assert_eq!(value["verdict"]["cause"], "dns-zone-not-linked");
    let ran = run(&["diagnose", "--format", "json", text(&bad), text(&good)]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value.as_array().map(Vec::len), Some(2));

    let mut command = program();
    command.args(["diagnose", "-"]);
    let ran = fed(command, &fs::read(&good).unwrap());
    assert!(ran.went_well().starts_with("WORKS"), "{}", ran.out);
}

#[test]
fn reports_on_lines_of_their_own_are_judged_again_as_those_of_an_array() {
    let folder = tempfile::tempdir().unwrap();
    let reports = ["healthy", "zone-not-linked"].map(|name| saved(folder.path(), name));
    let [good, bad] = reports.each_ref().map(|path| text(path));
    let lines = folder.path().join("lines.jsonl");
    let written = run(&["diagnose", "--format", "json-lines", "-o", text(&lines), good, bad]);
    assert_eq!((written.status, written.err.as_str()), (2, ""));
    let one_after_the_other = folder.path().join("both.json");
    let both = [fs::read(good).unwrap(), fs::read(bad).unwrap()].concat();
    fs::write(&one_after_the_other, both).unwrap();
    let of_reports = run(&["diagnose", "--format", "json", good, bad]).out;
    for file in [&lines, &one_after_the_other] {
        assert_eq!(run(&["diagnose", "--format", "json", text(file)]).out, of_reports);
    }
    // A line that was cut off, as by a full disk, is named; what follows is no report.
    let mut cut = fs::read(&lines).unwrap();
    cut.truncate(cut.len() - 100);
    fs::write(&lines, &cut).unwrap();
    run(&["diagnose", text(&lines)]).refused("truncated: the JSON text ends at line 2");
    fs::write(&lines, [fs::read(good).unwrap(), b"x".to_vec()].concat()).unwrap();
    run(&["diagnose", text(&lines)]).refused("not JSON");
}

#[test]
fn a_step_of_github_gets_its_summary_behind_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, file) = (saved(folder.path(), "zone-not-linked"), folder.path().join("summary"));
    fs::write(&file, "before\n").unwrap();
    let github = |summary: &Path, format: &str| {
        let mut command = program();
        command.env("GITHUB_STEP_SUMMARY", summary).args(["diagnose", "--format", format]);
        Ran::of(command.arg(&bad).output().unwrap())
    };
    let ran = github(&file, "github");
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    let summary = fs::read_to_string(&file).unwrap();
    assert!(summary.starts_with("before\n## aoai-probe\n"), "{summary}");
    assert!(summary.contains("| dns | **broken** |"), "{summary}");
    // Other forms leave it alone; one that cannot be written loses no result.
    assert_eq!(github(&file, "human").status, 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), summary);
    let ran = github(folder.path(), "github");
    assert_eq!(ran.status, 2);
    assert!(ran.out.starts_with("::error ") && ran.err.contains("GITHUB_STEP_SUMMARY: "));
}

#[test]
fn judging_the_same_evidence_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&["diagnose", "--format", "json", text(&saved(folder.path(), "two-causes"))]);
    let again = folder.path().join("again.json");
    fs::write(&again, &first.out).unwrap();
    let second = run(&["diagnose", "--format", "json", text(&again)]);
    assert_eq!(first.out, second.out);
    assert_eq!(first.status, second.status);
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let whole = fs::read(saved(folder.path(), "healthy")).unwrap();
    let mut other = serde_json::to_value(report("healthy")).unwrap();
    other["schema_version"] = json!("2.0");
    // 100 MB that cost no disk.
    let huge = fs::File::create(folder.path().join("huge.json")).unwrap();
    huge.set_len(100_000_000).unwrap();
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let page = html::render(&[report("healthy")]).into_bytes();
    for (path, words) in [
        (write("truncated.json", &whole[..whole.len() / 2]), "truncated"),
        (folder.path().join("huge.json"), "larger than 16 MiB"),
        (write("deep.json", deep.as_bytes()), "nested deeper"),
        (write("other.json", other.to_string().as_bytes()), "schema 2.0"),
        (write("text.json", b"hello"), "not JSON"),
        (write("page.html", b"<!DOCTYPE html><p>hello"), "an HTML page without a report in it"),
        (write("cut.html", &page[..page.len() - 100]), "truncated"),
        (write("escape.json", b"{\"schema_version\": \"\x1b[2J\"}"), "not JSON"),
        (write("number.json", b"7"), "not a report"),
        (write("empty.json", b""), "empty"),
        (folder.path().to_owned(), "cannot be read"),
        (folder.path().join("missing.json"), "cannot be read"),
    ] {
        let ran = run(&["diagnose", text(&path)]);
        ran.refused(words);
        assert!(ran.err.contains(text(&path)), "the file is named: {}", ran.err);
        assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}
