//! Fixtures as values: evidence made of patches (RFC 6902) over healthy walks, and whole
//! reports with the findings written down, so that they do not move when rules do.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use aoai_probe::diagnosis::{Diagnosis, Finding, Verdict};
use aoai_probe::evidence::Evidence;
use aoai_probe::report::Report;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Fixture {
    base: String,
    patch: json_patch::Patch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportFixture {
    about: String,
    base: String,
    patch: json_patch::Patch,
    verdict: Verdict,
    findings: Vec<Finding>,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The evidence of a fixture, named by its path below `fixtures`.
pub(crate) fn evidence(name: &str) -> Value {
    let path = root().join("fixtures").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if name.starts_with("bases/") {
        return serde_json::from_str(&text).unwrap();
    }
    let fixture: Fixture =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    patched(&fixture.base, &fixture.patch)
}

/// The evidence of every fixture of a finding.
pub(crate) fn findings(id: &str) -> Vec<Evidence> {
    let folder = root().join("fixtures/findings").join(id);
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names
        .map(|name| evidence(&format!("findings/{id}/{}", name.to_str().unwrap())))
        .map(|value| serde_json::from_value(value).unwrap())
        .collect()
}

/// The evidence of every fixture of every finding, by its path below `fixtures`.
pub(crate) fn all_findings() -> Vec<(String, Evidence)> {
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

fn patched(base: &str, patch: &json_patch::Patch) -> Value {
    let mut value = evidence(base);
    json_patch::patch(&mut value, patch).unwrap();
    value
}

/// Every report under `fixtures/reports`, by name.
pub(crate) fn reports() -> Vec<(String, Report)> {
    let mut names: Vec<String> = fs::read_dir(root().join("fixtures/reports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), report(&name))).collect()
}

/// One report under `fixtures/reports`.
pub(crate) fn report(name: &str) -> Report {
    let path = root().join(format!("fixtures/reports/{name}.json"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let fixture: ReportFixture =
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(!fixture.about.is_empty(), "{name}: a fixture says in `about` what it shows");
    let evidence = serde_json::from_value(patched(&fixture.base, &fixture.patch))
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let diagnosis = Diagnosis { verdict: fixture.verdict, findings: fixture.findings };
    Report::new(evidence, diagnosis)
}

/// Compares a file with what it should hold, byte for byte; `UPDATE_SNAPSHOTS=1` writes it.
pub(crate) fn assert_file(path: &Path, wanted: &str, refresh: &str) {
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(path, wanted).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is not what it should be; after reading the difference: {refresh}\n\
         --- in the file\n{found}\n--- made now\n{wanted}",
        path.display()
    );
}

/// The snapshot beside a report fixture.
pub(crate) fn snapshot(name: &str) -> PathBuf {
    root().join("fixtures/reports").join(name)
}

/// JSON pointers of all strings.
pub(crate) fn strings(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place),
        Value::Array(all) => {
            for (at, one) in all.iter().enumerate() {
                strings(one, format!("{place}/{at}"), found);
            }
        }
        Value::Object(all) => {
            for (name, one) in all {
                let name = name.replace('~', "~0").replace('/', "~1");
                strings(one, format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}
