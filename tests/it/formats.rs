//! The forms that monitors read: readable snapshots, grammar, and hostile text.

use std::collections::BTreeSet;

use aoai_probe::evidence::Observed;
use aoai_probe::render::{metrics, prometheus};
use aoai_probe::report::Report;

use crate::fixtures::{assert_file, report, reports, snapshot};

const REFRESH: &str = "UPDATE_SNAPSHOTS=1 cargo test --test it formats";

/// The healthy report with a name and labels as an inventory may give them.
fn labelled() -> Report {
    let mut report = report("healthy");
    report.name = Some("prod \"east\"\nus\\".to_owned());
    for (name, value) in [
        ("team", "a\"i\n\u{1b}[31m"),
        ("cost-center", "7|8"),
        ("hop", "mine"),
        ("target", "not this"),
        ("exported_hop", "nor this"),
    ] {
        report.labels.insert(name.to_owned(), value.to_owned());
    }
    report
}

#[test]
fn expositions_read_as_their_snapshots() {
    for (name, report) in reports() {
        let text = metrics::exposition(&report);
        assert_file(&snapshot(&format!("{name}.prom")), &text, REFRESH);
    }
}

/// The series of an exposition: name and labels, value.
fn series(text: &str) -> Vec<(String, f64)> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

#[test]
fn an_exposition_has_every_name_once_and_no_series_twice() {
    let all: Vec<Report> = reports().into_iter().map(|(_, report)| report).collect();
    for text in [prometheus::render(&all), prometheus::render(&[labelled(), labelled()])] {
        assert!(text.ends_with('\n'));
        let (mut helps, mut types, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for line in text.lines().filter(|line| line.starts_with('#')) {
            let mut words = line.split(' ');
            let (kind, name) = (words.nth(1).unwrap(), words.next().unwrap());
            let first = match kind {
                "HELP" => helps.insert(name.to_owned()),
                "TYPE" => types.insert(name.to_owned()),
                other => panic!("{other} is no line of this form"),
            };
            assert!(first, "{line} is there twice");
        }
        for (series, _) in series(&text) {
            assert!(types.contains(series.split('{').next().unwrap()), "{series} has no TYPE");
            assert!(names.insert(series.clone()), "{series} is there twice");
        }
        assert_eq!(helps, types);
    }
}

#[test]
fn every_target_has_its_label_and_those_of_the_inventory() {
    let text = prometheus::render(&[labelled(), report("zone-not-linked")]);
    for (series, _) in series(&text) {
        let named = [r#"target="prod \"east\"\\u{a}us\\""#, r#"target="myacct.openai.azure.com""#];
        assert!(named.iter().any(|label| series.contains(label)), "{series}");
    }
    let state = r#"aoai_probe_hop_state{hop="dns",state="works",target="prod \"east\"\\u{a}us\\","#;
    let line = text.lines().find(|line| line.starts_with(state)).unwrap();
    assert!(line.contains(r#"team="a\"i\\u{a}\\u{1b}[31m""#), "{line}");
    assert!(line.contains(r#"cost_center="7|8""#), "{line}");
    assert!(line.contains(r#"exported_exported_hop="mine""#), "{line}");
    assert!(line.contains(r#"exported_target="not this""#), "{line}");
}

#[test]
fn metrics_say_what_the_verdict_says() {
    for (name, report) in reports() {
        let series = series(&metrics::exposition(&report));
        let value = |wanted: &str| {
            series.iter().find(|(series, _)| series == wanted).map(|(_, value)| *value)
        };
        let status = report.exit_status(aoai_probe::report::ExitStyle::State);
        assert_eq!(value("probe_success"), Some(f64::from(u8::from(status <= 1))), "{name}");
        let states = ["works", "at_risk", "broken", "cannot_tell"];
        for (index, state) in states.iter().enumerate() {
            let holds = value(&format!("aoai_probe_state{{state=\"{state}\"}}"));
            assert_eq!(holds, Some(f64::from(u8::from(index == usize::from(status)))), "{name}");
        }
        let causes: Vec<&String> = series
            .iter()
            .map(|(series, _)| series)
            .filter(|series| series.contains("role=\"cause\""))
            .collect();
        match &report.verdict.cause {
            None => assert!(causes.is_empty(), "{name}: {causes:?}"),
            Some(id) => {
                let label = format!("finding=\"{id}\"");
                assert!(causes.len() == 1 && causes[0].contains(&label), "{name}: {causes:?}");
            }
        }
    }
}

#[test]
fn no_label_holds_an_address() {
    for (name, mut report) in reports() {
        if let Observed::Ran { saw, .. } = &mut report.evidence.tls
            && let Some(leaf) = saw.chain.first_mut()
        {
            leaf.subject = "O=Corp, CN=10.3.0.5".to_owned();
            leaf.names = vec!["10.3.0.5".to_owned(), "fd00::5".to_owned()];
        }
        for (series, _) in series(&metrics::exposition(&report)) {
            for value in series.split('"').skip(1).step_by(2) {
                for word in value.split([' ', ',', '=', '/']) {
                    assert!(word.parse::<std::net::IpAddr>().is_err(), "{name}: {series}");
                }
            }
        }
    }
}

#[test]
fn certificates_count_also_where_they_were_rejected() {
    let text = metrics::exposition(&report("tls-rejected"));
    assert!(text.contains("\nprobe_success 0\n"), "{text}");
    for name in ["probe_ssl_earliest_cert_expiry", "probe_ssl_last_chain_info{"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is not in {text}");
    }
}
