//! The forms and files for monitors, read by the monitors themselves: promtool,
//! prometheus-node-exporter, nagios4, Jenkins's schema of JUnit, blackbox_exporter.
//!
//! Nothing here reaches a network: each reads saved reports, or a server on loopback.

mod exporters;
mod nagios;
mod promtool;
mod scraped;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aoai_probe::render::junit;
use aoai_probe::report::Report;

use crate::fixtures::{reports, root};

/// How long another program may take for anything, on a machine that is busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The path of a program, or nothing where it is not installed; with `CI` set it must be.
pub(super) fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
    let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|p| p.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {name} (sh .ci/packages)");
        eprintln!("skipped: {name} is not installed (sh .ci/packages)");
    }
    found
}

/// A program that ends with the test.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end; its output, which must be that of success.
pub(super) fn went_well(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

pub(super) fn fleet() -> Vec<Report> {
    let mut all: Vec<Report> = reports()
        .into_iter()
        .map(|(name, mut report)| {
            report.name = Some(name);
            report
        })
        .collect();
    // One target's labels are those of no other.
    all[0].labels.insert("team".to_owned(), "a \"quoted\"\nteam \\ of 7".to_owned());
    all
}

#[test]
fn junit_is_valid_by_jenkinss_schema() {
    let Some(xmllint) = installed("xmllint") else { return };
    // tests/run.sh takes it from pytest's source package.
    let schema = root().join("target/junit-10.xsd");
    if !schema.exists() {
        assert!(std::env::var_os("CI").is_none(), "CI needs {} (tests/run.sh)", schema.display());
        eprintln!("skipped: {} is not there (tests/run.sh)", schema.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let valid = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut command = Command::new(&xmllint);
        command.args(["--noout", "--schema"]).arg(&schema).arg(&path);
        let output = command.output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), message)
    };
    for (name, report) in reports() {
        let (ok, message) = valid(&name, &junit::render(&[report]).unwrap());
        assert!(ok, "{message}");
    }
    let several = junit::render(&fleet()).unwrap();
    assert!(valid("several", &several).0);
    assert!(!valid("bad", &several.replace(" errors=", " mistakes=")).0, "the check can fail");
}

/// The samples of an exposition in their order: name and labels, value.
pub(super) fn samples(text: &str) -> Vec<(String, f64)> {
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    samples
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}
