//! Files for Prometheus and Grafana, made from the catalogues of metrics and findings.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnose::{Rule, rules};
use crate::render::metrics::{self, Metric, Unit};

/// The alert rules, with places for what each annotation asks Prometheus.
const ALERTS: &str = include_str!("alerts.yml");

/// Characters of a fix that stand in an annotation.
const LONGEST_FIX: usize = 300;

/// Recording and alert rules: `generate prometheus-rules`.
///
/// Annotations get the cause's words from series that a second group makes, one a finding:
/// the words come from the catalogue, so no text from the network becomes a label.
#[must_use]
pub fn prometheus_rules() -> String {
    // The findings of the alert's own target that `matchers` let through, by id.
    let found = |matchers: &str| {
        format!(
            r#"printf `aoai_probe_finding_info{{{matchers},job=%q,instance=%q,target=%q}}` $labels.job $labels.instance $labels.target | query | sortByLabel "finding""#
        )
    };
    let cause = found(r#"role="cause""#);
    let slow = found(r#"finding=~".+-(slow|over-limit)",role=~"cause|also""#);
    let first = |of: &str, then: &str| {
        format!("{{{{ with {of} }}}}{{{{ with first . }}}}{then}{{{{ end }}}}{{{{ end }}}}")
    };
    let text = |finding: &str, label: &str| {
        format!(
            "{{{{ with printf `aoai_probe:finding_text:info{{finding=%q}}` {finding} | query }}}}\
             {{{{ (first .).Labels.{label} }}}}{{{{ end }}}}"
        )
    };
    let explain = "aoai-probe explain {{ .Labels.finding }}";
    let at = " at {{ .Labels.hop }} ({{ .Labels.finding }}, {{ .Labels.sure }})";
    let sure = r#"{{ with printf `aoai_probe_finding_info{finding=%q,job=%q,instance=%q,target=%q}` $labels.finding $labels.job $labels.instance $labels.target | query }} ({{ (first .).Labels.sure }}){{ end }}"#;
    let mut out = ALERTS
        .replace("@cause@", &first(&cause, at))
        .replace("@title@", &first(&cause, &text(".Labels.finding", "title")))
        .replace("@fix@", &first(&cause, &text(".Labels.finding", "fix")))
        .replace("@explain@", &first(&cause, explain))
        .replace("@slow@", &format!("{{{{ range {slow} }}}}{at}{{{{ end }}}}"))
        .replace("@title-of-slow@", &first(&slow, &text(".Labels.finding", "title")))
        .replace("@fix-of-slow@", &first(&slow, &text(".Labels.finding", "fix")))
        .replace("@explain-of-slow@", &first(&slow, explain))
        .replace("@sure-of-label@", sure)
        .replace("@title-of-label@", &text("$labels.finding", "title"))
        .replace("@fix-of-label@", &text("$labels.finding", "fix"));
    out.push_str(
        "\n  # What the annotations above say of each finding. No series of a target is here.\n  \
         - name: aoai-probe-finding-texts\n    rules:\n",
    );
    for rule in rules::all() {
        // A JSON string is a YAML one.
        let quoted = |text: &str| Value::from(text).to_string();
        let (title, fix) = words_of(rule);
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "      - record: aoai_probe:finding_text:info\n        \
             expr: vector(1)\n        \
             labels:\n          finding: {}\n          title: {}\n          fix: {}\n",
            rule.id,
            quoted(title),
            quoted(&fix)
        );
    }
    out
}

/// What annotations say of a finding: its title, and the first paragraph of its page's fix.
#[must_use]
pub fn words_of(rule: &Rule) -> (&'static str, String) {
    (rule.title, fix(rule))
}

/// The first paragraph of a page's section "Fix", in one line.
fn fix(rule: &Rule) -> String {
    let section = rule.page.split_once("\n## Fix\n").map_or("", |(_, rest)| rest);
    let lines = section.lines().skip_while(|line| line.trim().is_empty());
    let paragraph: Vec<&str> =
        lines.take_while(|line| !line.trim().is_empty() && !line.starts_with('#')).collect();
    let text = paragraph.join(" ").replace('`', "");
    let text = text.trim_end_matches(':');
    match text.char_indices().nth(LONGEST_FIX) {
        None => text.to_owned(),
        Some((at, _)) => format!("{} [...]", &text[..at]),
    }
}

/// The table of metrics: `docs/metrics.md`.
#[must_use]
pub fn metrics_table() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         What `--format prometheus` and the exporter's `/probe` say of a walk. All are gauges.\n\
         `probe_*` are blackbox_exporter's, by name and meaning; they come also where the\n\
         certificate was rejected. No label holds an address, an error's text or a secret. A\n\
         metric has no series where the walk did not come so far.\n\n\
         Made by `cargo run -q -- generate metrics`.\n\n\
         | metric | labels | value | meaning |\n|---|---|---|---|\n",
    );
    for metric in metrics::catalogue() {
        let labels: Vec<String> = metric.labels.iter().map(|name| format!("`{name}`")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            metric.name,
            labels.join(", "),
            metric.unit.word(),
            metric.help
        );
    }
    text.push_str(
        "\n## Labels\n\n\
         | label | values |\n|---|---|\n\
         | `state` of `aoai_probe_state` | `works`, `at_risk`, `broken`, `cannot_tell` |\n\
         | `state` of `aoai_probe_hop_state` | `works`, `at_risk`, `broken`, `not_walked` |\n\
         | `hop` | `vantage`, `dns`, `tcp`, `proxy`, `tls`, `identity`, `http` |\n\
         | `finding` | the ids in [findings](findings/README.md) |\n\
         | `level` | `note`, `risk`, `broken` |\n\
         | `sure` | `proved`, `inferred`, `possible` |\n\
         | `role` | `cause` (at most one), `also`, `symptom`, `note` |\n\
         | `owner` | the team of the fix: `DNS`, `Network`, `Azure`, ... |\n\
         | `phase` | `resolve`, `connect`, `tls`, `processing`, `transfer` |\n\
         | `class` | `private`, `public`, `unusable` |\n\
         | `kind` | `datagram`, `segment`, `repeated` |\n\n\
         `fingerprint_sha256`, `subject`, `issuer` and `subjectalternative` are the \
         certificate's own\nwords, at most 200 characters each, without addresses.\n",
    );
    text
}

/// A panel that shows a question of its own; the rest of the catalogue gets one each.
struct Panel {
    title: &'static str,
    kind: &'static str,
    /// The question in PromQL; `@` stands for the chosen job and instances.
    asks: &'static str,
    legend: &'static str,
    unit: &'static str,
    /// Columns of 24, rows.
    size: (u64, u64),
}

const PANELS: &[Panel] = &[
    Panel {
        title: "Paths by state",
        kind: "stat",
        asks: "sum by (state) (aoai_probe_state{@})",
        legend: "{{state}}",
        unit: "none",
        size: (12, 5),
    },
    Panel {
        title: "Paths by cause",
        kind: "bargauge",
        asks: "count by (finding, owner) (aoai_probe_finding_info{@,role=\"cause\"})",
        legend: "{{finding}} ({{owner}})",
        unit: "none",
        size: (12, 5),
    },
    Panel {
        title: "What is broken or at risk, and who fixes it",
        kind: "table",
        asks: "aoai_probe_finding_info{@,role=~\"cause|also\"} == 1",
        legend: "",
        unit: "none",
        size: (24, 8),
    },
    Panel {
        title: "Works (1: works or at risk)",
        kind: "state-timeline",
        asks: "probe_success{@}",
        legend: "{{instance}}",
        unit: "none",
        size: (24, 8),
    },
    Panel {
        title: "Time of each hop, mean of the chosen targets",
        kind: "timeseries",
        asks: "avg by (hop) (aoai_probe_hop_duration_seconds{@})",
        legend: "{{hop}}",
        unit: "s",
        size: (12, 8),
    },
    Panel {
        title: "Time of the walk",
        kind: "timeseries",
        asks: "probe_duration_seconds{@}",
        legend: "{{instance}}",
        unit: "s",
        size: (12, 8),
    },
    Panel {
        title: "Days until the certificate expires",
        kind: "bargauge",
        asks: "(aoai_probe_certificate_expiry_timestamp_seconds{@} - time()) / 86400",
        legend: "{{instance}}",
        unit: "d",
        size: (12, 8),
    },
    Panel {
        title: "Age of the last walk",
        kind: "timeseries",
        asks: "time() - aoai_probe_finished_timestamp_seconds{@}",
        legend: "{{instance}}",
        unit: "s",
        size: (12, 8),
    },
];

/// The dashboard for Grafana 9 and later: `generate grafana-dashboard`.
///
/// # Errors
///
/// Those of `serde_json`: none are known for this value.
pub fn grafana_dashboard() -> Result<String, serde_json::Error> {
    let mut panels: Vec<Value> = Vec::new();
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut place = |(width, height): (u64, u64)| {
        if x + width > 24 {
            (x, y, row) = (0, y + row, 0);
        }
        let at = json!({"x": x, "y": y, "w": width, "h": height});
        (x, row) = (x + width, row.max(height));
        at
    };
    for panel in PANELS {
        let at = place(panel.size);
        let mut value = drawn(panel.title, panel.kind, panel.asks, panel.legend, panel.unit, at);
        if panel.kind == "table" {
            value["targets"][0]["format"] = json!("table");
            value["targets"][0]["instant"] = json!(true);
            value["transformations"] = json!([{
                "id": "organize",
                "options": {"excludeByName": {
                    "Time": true, "Value": true, "__name__": true, "job": true
                }}
            }]);
        }
        panels.push(value);
    }
    let heading = place((24, 1));
    panels.push(json!({
        "type": "row", "title": "Every metric", "collapsed": false, "gridPos": heading,
        "panels": []
    }));
    for metric in metrics::catalogue() {
        panels.push(of_metric(metric, place((8, 7))));
    }
    for (id, panel) in (1_u64..).zip(&mut panels) {
        panel["id"] = json!(id);
    }
    let variable = |name: &str, asks: &str, several: bool| {
        json!({
            "name": name, "type": "query", "datasource": {"uid": "${datasource}"},
            "query": {"query": asks, "refId": name}, "definition": asks, "refresh": 2,
            "sort": 1, "multi": several, "includeAll": several,
            "current": {"text": "All", "value": "$__all"}
        })
    };
    let dashboard = json!({
        "uid": "aoai-probe",
        "title": "aoai-probe: paths to Azure OpenAI",
        "description": "Made by `aoai-probe generate grafana-dashboard`.",
        "tags": ["aoai-probe"],
        "schemaVersion": 38,
        "editable": true,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus"},
            variable("job", "label_values(aoai_probe_state, job)", true),
            variable("instance", "label_values(aoai_probe_state{job=~\"$job\"}, instance)", true),
        ]},
        "panels": panels,
    });
    Ok(serde_json::to_string_pretty(&dashboard)? + "\n")
}

/// One metric of the catalogue as a panel.
fn of_metric(metric: &Metric, at: Value) -> Value {
    let (kind, unit) = match metric.unit {
        Unit::Seconds => ("timeseries", "s"),
        Unit::Timestamp => ("stat", "dateTimeAsIso"),
        Unit::State => ("state-timeline", "none"),
        Unit::Info | Unit::Count | Unit::Code => ("timeseries", "none"),
    };
    // Grafana counts timestamps in milliseconds.
    let factor = if metric.unit == Unit::Timestamp { " * 1000" } else { "" };
    let asks = format!("{}{{@}}{factor}", metric.name);
    let labels: Vec<String> = metric.labels.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    let legend = format!("{{{{instance}}}} {}", labels.join(" "));
    let mut panel = drawn(metric.name, kind, &asks, legend.trim_end(), unit, at);
    panel["description"] = json!(metric.help);
    panel
}

fn drawn(title: &str, kind: &str, asks: &str, legend: &str, unit: &str, at: Value) -> Value {
    let asks = asks.replace('@', "job=~\"$job\",instance=~\"$instance\"");
    json!({
        "type": kind,
        "title": title,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": at,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "options": {},
        "targets": [{"refId": "A", "expr": asks, "legendFormat": legend}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_words_for_its_fix() {
        for rule in rules::all() {
            assert!(!fix(rule).is_empty(), "{}: no first paragraph under Fix", rule.id);
        }
    }

    #[test]
    fn the_alerts_name_findings_that_exist() {
        for id in ["http-server-error", "http-rate-limited", "tls-expires-soon"] {
            assert!(ALERTS.contains(id), "{id}");
            assert!(rules::all().any(|rule| rule.id == id), "{id}");
        }
        for end in ["-slow", "-over-limit"] {
            assert!(rules::all().any(|rule| rule.id.ends_with(end)), "{end}");
        }
    }
}
