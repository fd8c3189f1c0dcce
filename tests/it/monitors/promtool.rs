//! Metrics, rules and the dashboard's questions, as Prometheus's own promtool reads them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use aoai_probe::generate::monitoring;
use aoai_probe::render::{metrics, prometheus};
use serde_json::Value;

use super::{fleet, installed, went_well};
use crate::fixtures::root;

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let Some(promtool) = installed("promtool") else { return };
    let mut texts: Vec<String> = fleet().iter().map(metrics::exposition).collect();
    texts.push(prometheus::render(&fleet()));
    for text in texts {
        let mut child = Command::new(&promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        // It warns on standard error and may succeed all the same.
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && message.is_empty(), "{message}");
    }
}

#[test]
fn promtool_reads_the_configuration_of_the_documentation() {
    let Some(promtool) = installed("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("aoai-probe-rules.yml"), monitoring::prometheus_rules()).unwrap();
    fs::write(at("aoai-probe.json"), "[]").unwrap();
    let page = fs::read_to_string(root().join("docs/monitoring.md")).unwrap();
    let block = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // Each target of `generate prometheus-sd` brings a timeout of its own, which counts.
    assert!(!block.contains("scrape_timeout:"), "{block}");
    let here = folder.path().display().to_string();
    fs::write(at("prometheus.yml"), block.replace("/etc/prometheus", &here)).unwrap();
    went_well(Command::new(&promtool).args(["check", "config"]).arg(at("prometheus.yml")));
}

#[test]
fn promtool_raises_the_alerts_that_are_meant() {
    let Some(promtool) = installed("promtool") else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    fs::write(&rules, monitoring::prometheus_rules()).unwrap();
    went_well(Command::new(&promtool).args(["check", "rules"]).arg(&rules));
    // `@title x@` and `@fix x@` stand for the catalogue's words.
    let mut test = fs::read_to_string(root().join("tests/monitors/alerts-test.yml")).unwrap();
    for rule in aoai_probe::diagnose::rules::all() {
        let (title, fix) = monitoring::words_of(rule);
        test = test.replace(&format!("@title {}@", rule.id), &title.replace('\'', "''"));
        test = test.replace(&format!("@fix {}@", rule.id), &fix.replace('\'', "''"));
    }
    assert!(!test.contains("@title ") && !test.contains("@fix "), "an id is no finding's");
    let path = folder.path().join("alerts-test.yml");
    fs::write(&path, &test).unwrap();
    went_well(Command::new(&promtool).args(["test", "rules"]).arg(&path));
    // The test can fail.
    fs::write(&path, test.replace("BROKEN at dns", "BROKEN at tcp")).unwrap();
    let status = Command::new(&promtool).args(["test", "rules"]).arg(&path).output().unwrap();
    assert!(!status.status.success());
}

#[test]
fn promtool_reads_every_question_of_the_dashboard() {
    let Some(promtool) = installed("promtool") else { return };
    let dashboard: Value = serde_json::from_str(&monitoring::grafana_dashboard().unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let asked: Vec<&str> =
        panels.iter().filter_map(|panel| panel["targets"][0]["expr"].as_str()).collect();
    for metric in metrics::catalogue() {
        let shown = asked.iter().any(|asks| asks.contains(&format!("{}{{", metric.name)));
        assert!(shown, "{} is in no panel", metric.name);
    }
    let mut rules = String::from("groups:\n- name: dashboard\n  rules:\n");
    for (number, asks) in asked.iter().enumerate() {
        let asks = Value::from(asks.replace("$job", ".*").replace("$instance", ".*"));
        rules.push_str(&format!("  - record: panel_{number}\n    expr: {asks}\n"));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.yml");
    fs::write(&path, rules).unwrap();
    let message = went_well(Command::new(&promtool).args(["check", "rules"]).arg(&path));
    assert!(message.contains(&format!("{} rules found", asked.len())), "{message}");
    // Ids are unique, and no panel lies over another.
    let mut cells = std::collections::BTreeSet::new();
    for (index, panel) in panels.iter().enumerate() {
        assert_eq!(panel["id"].as_u64(), Some(index as u64 + 1));
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && cells.insert((x, y)), "{} lies over another", panel["title"]);
            }
        }
    }
}
