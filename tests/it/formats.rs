//! The forms that monitors read: readable snapshots, grammar, and hostile text.

use std::collections::BTreeSet;

use aoai_probe::diagnosis::State;
use aoai_probe::evidence::http::{Header, HttpOutcome};
use aoai_probe::evidence::{Hop, Observed};
use aoai_probe::render::{
    Style, csv, github, html, human, json_lines, junit, markdown, metrics, nagios, prometheus,
};
use aoai_probe::report::{ExitStyle, Report};

use crate::fixtures::{assert_file, report, reports, snapshot};
use crate::monitors::samples as series;

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
fn every_form_reads_as_its_snapshot() {
    for (name, report) in reports() {
        let one = std::slice::from_ref(&report);
        for (suffix, text) in [
            ("prom", metrics::exposition(&report)),
            ("nagios", nagios::render(one)),
            ("junit.xml", junit::render(one).unwrap()),
            ("github", github::annotations(one)),
            ("summary.md", github::summary(one)),
            ("ticket.md", markdown::render(one, None)),
            ("csv", csv::render(one).unwrap()),
            ("html.txt", text_of_page(&html::render(one))),
        ] {
            assert_file(&snapshot(&format!("{name}.{suffix}")), &text, REFRESH);
        }
    }
}

/// What a reader sees of a page: its text, a line for each element that begins one.
fn text_of_page(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let (body, json) = body.split_once("<script type=\"application/json\"").unwrap();
    assert!(json.ends_with("</script></body></html>\n"), "nothing follows the report");
    let mut text = String::new();
    for part in body.split('<') {
        let (tag, words) = part.split_once('>').unwrap_or(("", part));
        let name = tag.split(' ').next().unwrap();
        match name {
            "h1" | "h2" | "h3" | "p" | "li" | "tr" | "dt" | "pre" | "summary" | "text" | "div"
            | "desc" => text.push('\n'),
            "th" | "td" | "dd" | "span" => text.push(' '),
            _ => {}
        }
        text.push_str(words);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&amp;", "&").trim_start().to_owned() + "\n"
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
fn no_label_of_an_inventory_is_one_of_a_metric() {
    let read = |label: &str| {
        let labels = format!("labels = {{ {label} = \"mine\" }}");
        aoai_probe::inventory::read(&format!("[[target]]\ntarget = \"myacct\"\n{labels}\n"))
    };
    let names: BTreeSet<&str> =
        metrics::catalogue().flat_map(|metric| metric.labels).copied().collect();
    for name in names.iter().copied().chain(["target", "instance", "job"]) {
        assert!(read(name).is_err(), "{name} would be there twice in one series");
    }
    read("team").unwrap();
}

#[test]
fn metrics_say_what_the_verdict_says() {
    for (name, report) in reports() {
        let series = series(&metrics::exposition(&report));
        let value = |wanted: &str| {
            series.iter().find(|(series, _)| series == wanted).map(|(_, value)| *value)
        };
        let status = report.exit_status(ExitStyle::State);
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
        if let Observed::Done { value, .. } = &mut report.evidence.tls
            && let Some(leaf) = value.chain.first_mut()
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

/// Texts that end something in one form or another, and a secret beside them.
const HOSTILE: &str = "x|y\n::error::z\r\n##[add-mask]q ##vso[task.complete] ]]> --> <b>&amp; \
                       \"'`````\u{1b}[31m\u{0}\u{fffe} 'a'=1;;; \\ {{ $x }} | 'b'=2s %0A::stop::";

/// A report in which everything that the network and the user may say is hostile.
fn hostile(base: &str) -> Report {
    let mut report = report(base);
    report.name = Some(HOSTILE.to_owned());
    report.labels.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    report.verdict.line.push_str(HOSTILE);
    for finding in &mut report.findings {
        finding.headline.push_str(HOSTILE);
        finding.facts.push(HOSTILE.to_owned());
        finding.reasoning.push(HOSTILE.to_owned());
        if let Some(fix) = &mut finding.fix {
            fix.owner.push_str(HOSTILE);
            for step in &mut fix.steps {
                step.text.push_str(HOSTILE);
                step.command = Some(HOSTILE.to_owned());
            }
        }
    }
    let e = &mut report.evidence;
    e.vantage.host = HOSTILE.to_owned();
    e.started = HOSTILE.to_owned();
    if let Observed::Done { value, .. } = &mut e.tls {
        for one in &mut value.chain {
            one.subject = HOSTILE.to_owned();
            one.issuer = HOSTILE.to_owned();
            one.issuer_common_name = Some(HOSTILE.to_owned());
            one.names = vec![HOSTILE.to_owned()];
            one.not_after = HOSTILE.to_owned();
        }
    }
    if let Observed::Done { value, .. } = &mut e.http
        && let Some(HttpOutcome::Answered { answer }) =
            value.calls.first_mut().map(|call| &mut call.outcome)
    {
        answer.body_excerpt = Some(HOSTILE.to_owned());
        answer.headers.push(Header { name: "server".to_owned(), value: HOSTILE.to_owned() });
    }
    report
}

/// Every form of these reports.
fn forms(reports: &[Report]) -> Vec<(&'static str, String)> {
    vec![
        ("nagios", nagios::render(reports)),
        ("junit", junit::render(reports).unwrap()),
        ("github", github::annotations(reports)),
        ("summary", github::summary(reports)),
        ("markdown", markdown::render(reports, None)),
        ("csv", csv::render(reports).unwrap()),
        ("html", html::render(reports)),
        ("lines", json_lines::render(reports).unwrap()),
        ("prometheus", prometheus::render(reports)),
        ("exposition", reports.iter().map(metrics::exposition).collect()),
    ]
}

#[test]
fn hostile_text_breaks_no_form() {
    for base in ["zone-not-linked", "tls-rejected", "healthy", "proxied", "two-causes"] {
        for count in [1, 3] {
            let reports: Vec<Report> = (0..count).map(|_| hostile(base)).collect();
            for (form, text) in forms(&reports) {
                let bad = text.chars().find(|c| c.is_control() && *c != '\n');
                assert_eq!(bad, None, "{form} of {base}");
                assert!(!text.contains('\u{fffe}'), "{form} of {base}");
                match form {
                    "nagios" => plugin_grammar(&text, count),
                    "github" => github_grammar(&text),
                    "csv" => table_grammar(&text, count),
                    "lines" => assert_eq!(text.lines().count(), count),
                    _ => {}
                }
            }
        }
    }
}

/// What a spreadsheet reads: as many cells in each row as in the header, and none a formula.
fn table_grammar(text: &str, targets: usize) {
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), csv::COLUMNS.join(","));
    // No cell holds a line end.
    assert_eq!(lines.clone().count(), targets * Hop::ALL.len());
    for line in lines {
        let mut quoted = false;
        let outside = |c: &char| {
            quoted ^= *c == '"';
            *c == ',' && !quoted
        };
        assert_eq!(line.chars().filter(outside).count() + 1, csv::COLUMNS.len(), "{line}");
    }
}

/// What Nagios reads: text, one `|`, perfdata; no `|` after it.
fn plugin_grammar(text: &str, targets: usize) {
    assert!(text.len() <= 8192, "{}", text.len());
    let (first, long) = text.split_once('\n').unwrap();
    assert!(!long.contains('|'), "{long}");
    let (headline, perfdata) = first.split_once(" | ").unwrap();
    assert!(!headline.contains('|') && !perfdata.contains('|'), "{first}");
    let word = headline.strip_prefix("AOAI ").unwrap().split(':').next().unwrap();
    assert!(["OK", "WARNING", "CRITICAL", "UNKNOWN"].contains(&word), "{headline}");
    let mut labels = BTreeSet::new();
    for part in perfdata.split("' ").flat_map(|part| part.split(" '")) {
        let part = part.trim_start_matches('\'');
        let (label, value) = part.split_once("'=").unwrap_or_else(|| panic!("{part} in {first}"));
        assert!(labels.insert(label.to_owned()), "{label} is there twice");
        assert!(!label.contains(['\'', '=', ' ']), "{label}");
        let fields: Vec<&str> = value.split(';').collect();
        assert_eq!(fields.len(), 5, "{value}");
        let number = fields[0].trim_end_matches('s');
        assert!(number.chars().all(|c| c.is_ascii_digit() || "-.".contains(c)), "{value}");
    }
    assert!(labels.len() >= targets * 2, "{perfdata}");
}

/// What the runner reads: every line is one command of ours.
fn github_grammar(text: &str) {
    for line in text.lines() {
        let ours = ["::error title=aoai-probe ", "::warning title=aoai-probe ", "::notice title="];
        assert!(ours.iter().any(|start| line.starts_with(start)), "{line}");
        assert!(!line.contains("##"), "{line}");
        let (head, _) = line.trim_start_matches(':').split_once("::").unwrap();
        assert!(!head.contains(',') && !head.split_once('=').unwrap().1.contains(':'), "{head}");
    }
}

#[test]
fn plugin_output_has_its_grammar() {
    for (name, report) in reports() {
        plugin_grammar(&nagios::render(std::slice::from_ref(&report)), 1);
        github_grammar(&github::annotations(std::slice::from_ref(&report)));
        let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
            [usize::from(report.exit_status(ExitStyle::State))];
        let text = nagios::render(std::slice::from_ref(&report));
        assert!(text.starts_with(&format!("AOAI {word}: ")), "{name}: {text}");
    }
}

#[test]
fn several_targets_are_a_tree_with_the_worst_first() {
    let all = [report("healthy"), report("proxied"), report("zone-not-linked"), report("healthy")];
    assert_file(&snapshot("../formats/several.nagios"), &nagios::render(&all), REFRESH);
    assert_file(&snapshot("../formats/several.github"), &github::annotations(&all), REFRESH);
    assert_file(&snapshot("../formats/several.prom"), &prometheus::render(&all[2..]), REFRESH);
    assert_file(&snapshot("../formats/several.junit.xml"), &junit::render(&all).unwrap(), REFRESH);
    // A fleet stays within what Nagios keeps, and cuts between labels and lines.
    let fleet: Vec<Report> = (0..256).map(|_| report("zone-not-linked")).collect();
    plugin_grammar(&nagios::render(&fleet), 10);
    assert!(github::summary(&fleet).len() <= 1 << 20);
}

#[test]
fn what_is_muted_is_shown_and_fails_nothing() {
    let mut broken = report("zone-not-linked");
    broken.muted_until = Some("2026-12-01T08:00:00Z".to_owned());
    let both = [report("healthy"), broken.clone()];
    for reports in [&both[..], &both[1..]] {
        assert_eq!(aoai_probe::report::worst(reports, ExitStyle::State), 0);
        assert_eq!(aoai_probe::report::worst(reports, ExitStyle::Hop), 0);
        for (form, text) in forms(reports) {
            let muted = match form {
                "prometheus" => "aoai_probe_muted{target=\"myacct.openai.azure.com",
                "exposition" => "aoai_probe_muted 1\n",
                _ => "2026-12-01T08:00:00Z",
            };
            assert!(text.contains(muted), "{form}: {text}");
            assert!(text.contains("dns-zone-not-linked"), "{form}: {text}");
            match form {
                "nagios" => {
                    assert!(text.starts_with("AOAI OK: "), "{text}");
                    assert!(!text.contains("CRITICAL"), "{text}");
                    plugin_grammar(&text, reports.len());
                }
                "junit" => {
                    assert!(text.contains("failures=\"0\" errors=\"0\""), "{text}");
                    assert!(!text.contains("<failure") && !text.contains("<error"), "{text}");
                }
                "github" => assert!(!text.contains("::error") && !text.contains("::warning")),
                _ => {}
            }
        }
    }
    // The path is as it is; that nobody is called is said beside it.
    let series = series(&metrics::exposition(&broken));
    let broken_is = ("aoai_probe_state{state=\"broken\"}".to_owned(), 1.0);
    assert!(series.contains(&broken_is) && series.contains(&("probe_success".to_owned(), 0.0)));
    let text = human::render(std::slice::from_ref(&broken), Style::default());
    let first = text.trim_start().lines().next().unwrap();
    assert!(first.starts_with("BROKEN at dns") && first.ends_with("(muted)"), "{text}");
    assert!(nagios::render(&both).starts_with("AOAI OK: 2 targets: 1 works, 1 muted | "));
}

#[test]
fn a_walk_that_cannot_be_judged_is_an_error_and_no_failure() {
    let mut report = report("zone-not-linked");
    report.findings.clear();
    report.verdict.state = State::CannotTell;
    (report.verdict.cause, report.verdict.broken_hop) = (None, None);
    report.verdict.line = "CANNOT TELL: it was stopped".to_owned();
    let text = junit::render(&[report]).unwrap();
    assert!(!text.contains("<failure"), "{text}");
    let errors = text.matches("<error type=\"cannot-tell\"").count();
    assert!(text.contains(&format!("failures=\"0\" errors=\"{errors}\"")), "{text}");
    assert!(text.contains("name=\"verdict\"") && errors >= 2, "{text}");
}

#[test]
fn json_lines_are_the_reports() {
    let all: Vec<Report> = reports().into_iter().map(|(_, report)| report).collect();
    let text = json_lines::render(&all).unwrap();
    let read: Vec<Report> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, all);
    assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
}

#[test]
fn no_reports_give_no_broken_form() {
    assert!(nagios::render(&[]).starts_with("AOAI UNKNOWN: 0 targets"));
    assert!(junit::render(&[]).unwrap().contains("tests=\"0\""));
    assert_eq!(prometheus::render(&[]), "");
    assert_eq!(json_lines::render(&[]).unwrap(), "");
}
