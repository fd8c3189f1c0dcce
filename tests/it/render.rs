//! Renderers against reports: readable snapshots, widths, escapes, and JSON by its schema.

use std::env;
use std::fs;
use std::process::Command;

use aoai_probe::diagnosis::State;
use aoai_probe::evidence::{Evidence, Hop, Observed, SkipReason};
use aoai_probe::render::{Style, Verbosity, human, json as json_form, progress};
use aoai_probe::report::Report;
use serde_json::json;

use crate::fixtures::{assert_file, evidence, report, reports, snapshot};

const REFRESH: &str = "UPDATE_SNAPSHOTS=1 cargo test --test it render";

fn style(verbosity: Verbosity) -> Style {
    Style { verbosity, ..Style::default() }
}

fn text(report: &Report, verbosity: Verbosity) -> String {
    human::render(std::slice::from_ref(report), style(verbosity))
}

#[test]
fn reports_read_as_their_snapshots() {
    for (name, report) in reports() {
        for (verbosity, suffix) in [(Verbosity::Normal, "txt"), (Verbosity::Verbose, "verbose.txt")]
        {
            let path = snapshot(&format!("{name}.{suffix}"));
            assert_file(&path, &text(&report, verbosity), REFRESH);
        }
    }
}

#[test]
fn every_snapshot_has_its_report() {
    let names: Vec<String> = reports().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(snapshot("")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let stem = file.split('.').next().unwrap();
        assert!(names.iter().any(|name| name == stem), "{file} belongs to no report");
    }
}

#[test]
fn only_the_first_line_and_commands_are_wider_than_80() {
    for (name, report) in reports() {
        let commands: Vec<&str> = report
            .findings
            .iter()
            .flat_map(|f| {
                let fix = f.fix.iter().flat_map(|fix| {
                    fix.steps
                        .iter()
                        .filter_map(|s| s.command.as_deref())
                        .chain(fix.check.as_deref())
                });
                fix.chain(f.decide_with.iter().map(String::as_str))
            })
            .collect();
        for verbosity in [Verbosity::Normal, Verbosity::Verbose] {
            for line in text(&report, verbosity).lines().skip(1) {
                let command = commands.iter().any(|command| line.ends_with(command));
                let width = textwrap::core::display_width(line);
                // A resource's id has no place to break.
                let word = !line.trim_end_matches([' ', '\\']).trim().contains(' ');
                assert!(width <= 80 || command || word, "{name}: {width} columns: {line}");
                assert_eq!(line, line.trim_end(), "{name}: blanks at the end of a line");
            }
        }
    }
}

#[test]
fn nothing_that_a_terminal_obeys_comes_through() {
    let hostile = report("escapes");
    let forms = [
        text(&hostile, Verbosity::Quiet),
        text(&hostile, Verbosity::Normal),
        text(&hostile, Verbosity::Verbose),
        json_form::render(std::slice::from_ref(&hostile)).unwrap(),
        progress::line(Hop::Tls, false, "a\u{1b}[2J\nb", 1.0, Style::default()),
    ];
    for form in &forms {
        for character in form.chars().filter(|c| *c != '\n') {
            let invisible = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'].contains(&character);
            assert!(!character.is_control() && !invisible, "{character:?} in {form}");
        }
    }
    // A line feed from the network begins no line.
    assert!(!forms[1].lines().any(|line| line.trim_start().starts_with("WORKS")), "{}", forms[1]);
    assert!(!forms[1].lines().any(|line| line.trim_start().starts_with("rm ")), "{}", forms[1]);
    assert!(forms[1].contains("\\u{1b}[2K"), "{}", forms[1]);
    // JSON says the same in its own escapes: the value is whole.
    let read: Report = serde_json::from_str(&forms[3]).unwrap();
    assert_eq!(read, hostile);
}

#[test]
fn colour_adds_nothing_but_colour() {
    for (name, report) in reports() {
        for verbosity in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            let colored = Style { color: true, ..style(verbosity) };
            let painted = human::render(std::slice::from_ref(&report), colored);
            assert!(painted.contains("\u{1b}["), "{name} has no colour");
            assert_eq!(without_colour(&painted), text(&report, verbosity), "{name}");
        }
    }
}

/// Text without SGR sequences.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    plain
}

#[test]
fn marks_have_ascii_twins() {
    let report = report("zone-not-linked");
    let unicode = Style { ascii: false, ..Style::default() };
    let with_signs = human::render(std::slice::from_ref(&report), unicode);
    assert!(with_signs.contains("\u{2717}   dns") && with_signs.contains("\u{2713}   vantage"));
    assert!(text(&report, Verbosity::Normal).is_ascii());
    let same_columns = |a: &str, b: &str| {
        a.lines()
            .zip(b.lines())
            .all(|(a, b)| textwrap::core::display_width(a) == textwrap::core::display_width(b))
    };
    assert!(same_columns(&with_signs, &text(&report, Verbosity::Normal)));
}

#[test]
fn quiet_is_the_first_line_alone() {
    let (good, bad) = (report("healthy"), report("zone-not-linked"));
    assert_eq!(text(&bad, Verbosity::Quiet), format!("{}\n", bad.verdict.line));
    let both = human::render(&[good, bad.clone()], style(Verbosity::Quiet));
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], format!("myacct.openai.azure.com: {}", bad.verdict.line));
}

#[test]
fn several_targets_stand_under_their_names() {
    let both = human::render(&[report("healthy"), report("proxied")], Style::default());
    let blocks: Vec<&str> = both.split("\n\nmyacct.openai.azure.com\n").collect();
    assert_eq!(blocks.len(), 2, "{both}");
    assert!(blocks[0].starts_with("myacct.openai.azure.com\nWORKS: "));
    assert!(blocks[1].starts_with("AT RISK at proxy"));
}

#[test]
fn what_was_not_observed_says_why() {
    let e = report("healthy").evidence;
    type Change = fn(&mut Evidence);
    let states: Vec<(Change, &str)> = vec![
        (|e| e.tls = Observed::NotReached { stopped_at: Hop::Tcp }, "not reached"),
        (|e| e.tcp = Observed::NotPossible { message: "no IPv4 here".to_owned() }, "no IPv4 here"),
        (
            |e| e.http = Observed::NotAsked { reason: SkipReason::ServiceHasNoCall },
            "no call is made",
        ),
        (|e| e.http = Observed::NotAsked { reason: SkipReason::Option }, "an option says so"),
        (|e| e.proxy = Observed::NotReached { stopped_at: Hop::Dns }, "proxy     not reached"),
        (|e| e.direct = Observed::NotPossible { message: "x".to_owned() }, "10.3.0.5"),
        (
            |e| e.dns.system = Observed::NotAsked { reason: SkipReason::ResolverGiven },
            "10.1.0.10 was asked",
        ),
        (|e| e.dns.resolvers.clear(), "the system was asked"),
    ];
    for (change, expected) in states {
        let mut report = report("healthy");
        report.evidence = e.clone();
        change(&mut report.evidence);
        report.verdict.state = State::CannotTell;
        report.verdict.line = "CANNOT TELL: a hop is missing".to_owned();
        let normal = text(&report, Verbosity::Normal);
        assert!(normal.contains(expected), "{expected:?} is not in:\n{normal}");
        assert!(text(&report, Verbosity::Verbose).len() > normal.len());
    }
}

#[test]
fn every_outcome_has_its_words() {
    let outcomes = [
        (
            "private",
            "/tcp/value",
            json!({"selected": null, "attempts": []}),
            "no address to connect",
        ),
        ("private", "/tcp/value/selected", json!(null), "10.3.0.5:443"),
        (
            "proxied",
            "/proxy/value/connect/value",
            json!({"kind": "silent"}),
            "CONNECT is not answered",
        ),
        ("proxied", "/proxy/value/connect/value", json!({"kind": "closed"}), "without an answer"),
        ("proxied", "/proxy/value/connect/value", json!({"kind": "reset"}), "reset after CONNECT"),
        (
            "proxied",
            "/proxy/value/connect/value",
            json!({"kind": "not_http", "message": "SSH-2.0"}),
            "SSH",
        ),
        (
            "proxied",
            "/proxy/value/connect/value",
            json!({"kind": "answered", "status": 407, "reason": "Proxy Auth", "headers": []}),
            "CONNECT answered 407",
        ),
        ("private", "/tls/value/outcome", json!({"kind": "silent"}), "1620 bytes sent"),
        ("private", "/tls/value/outcome", json!({"kind": "reset"}), "reset before the handshake"),
        ("private", "/tls/value/outcome", json!({"kind": "closed"}), "closed by the peer"),
        (
            "private",
            "/tls/value/outcome",
            json!({"kind": "alert", "description": "unrecognized_name"}),
            "alert unrecognized_name",
        ),
        (
            "private",
            "/tls/value/outcome",
            json!({"kind": "not_tls", "first_bytes": "SSH-2.0"}),
            "does not speak TLS: SSH-2.0",
        ),
        (
            "private",
            "/tls/value/outcome",
            json!({"kind": "incompatible", "message": "no suite"}),
            "no common TLS parameters: no suite",
        ),
        (
            "private",
            "/tls/value/outcome",
            json!({"kind": "connection_lost", "errno": 113, "message": "No route to host"}),
            "connection lost: No route to host (errno 113)",
        ),
        ("private", "/http/value/calls", json!([]), "no call was made"),
        ("private", "/http/value/calls/0/outcome", json!({"kind": "silent"}), "is not answered"),
        ("private", "/http/value/calls/0/outcome", json!({"kind": "closed"}), "closed without"),
        ("private", "/http/value/calls/0/outcome", json!({"kind": "reset"}), "reset without"),
        (
            "private",
            "/http/value/calls/0/outcome",
            json!({"kind": "malformed", "message": "a bad status line"}),
            "not HTTP: a bad status line",
        ),
        ("private", "/identity/withheld", json!("only_system_store_accepts"), "--trust system"),
        ("private", "/dns/system/value", json!({"kind": "stalled"}), "no answer in time"),
    ];
    for (base, pointer, value, expected) in outcomes {
        let mut evidence = evidence(&format!("bases/{base}.json"));
        *evidence.pointer_mut(pointer).unwrap() = value;
        let mut report = report("healthy");
        report.findings.clear();
        report.evidence = serde_json::from_value(evidence).unwrap();
        report.verdict.state = State::CannotTell;
        for verbosity in [Verbosity::Normal, Verbosity::Verbose] {
            let text = text(&report, verbosity);
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(joined.contains(expected), "{pointer}: {expected:?} is not in:\n{text}");
            assert!(text.lines().all(|line| textwrap::core::display_width(line) <= 80), "{text}");
        }
    }
}

#[test]
fn a_refusal_that_was_wanted_is_no_break() {
    let mut closed = report("zone-not-linked");
    closed.findings.clear();
    closed.verdict.state = State::Works;
    closed.verdict.cause = None;
    closed.verdict.line = "WORKS: closed, as expected".to_owned();
    let text = text(&closed, Verbosity::Normal);
    assert!(text.contains("ok  http      403"), "{text}");
}

#[test]
fn a_green_report_shows_its_limits() {
    let all = report("limits");
    let lines = |verbosity| {
        let text = text(&all, verbosity);
        let block = text.split_once("\n  limits    ").unwrap().1;
        block.split_once("\n\n").unwrap().0.to_owned()
    };
    let normal = lines(Verbosity::Normal);
    assert!(normal.ends_with("and 2 more (-v)"), "{normal}");
    // What another client gets comes before what was not tested.
    assert!(!normal.contains("not tested"), "{normal}");
    let verbose = lines(Verbosity::Verbose);
    for finding in all.findings.iter().filter(|f| f.explained_by.is_none()) {
        let words: Vec<&str> = verbose.split_whitespace().collect();
        let shown = words.join(" ").contains(&finding.headline);
        assert_eq!(shown, finding.caveat.is_some(), "{}: {verbose}", finding.id);
    }
    // The first line of a plugin stays short; other forms for people carry all.
    let one = std::slice::from_ref(&all);
    let nagios = aoai_probe::render::nagios::render(one);
    assert!(!nagios.lines().next().unwrap().contains("AAAA"), "{nagios}");
    for form in [
        nagios.clone(),
        aoai_probe::render::github::summary(one),
        aoai_probe::render::junit::render(one).unwrap(),
        json_form::render(one).unwrap(),
    ] {
        assert!(form.contains("AAAA with SERVFAIL"), "{form}");
    }
}

#[test]
fn a_broken_report_shows_what_bears_on_the_break() {
    let mut broken = report("limits");
    broken.verdict.state = State::Broken;
    broken.verdict.broken_hop = Some(Hop::Tcp);
    let text = text(&broken, Verbosity::Normal);
    assert!(text.contains("/etc/hosts pins") && text.contains("ends at hop 2"), "{text}");
    assert!(!text.contains("not tested") && !text.contains("--proxy none"), "{text}");
}

#[test]
fn looking_and_changing_are_visibly_different() {
    let text = text(&report("zone-not-linked"), Verbosity::Normal);
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "owner DNS",
        "1. see which of the two it is (read-only)",
        "2. link the virtual network of 10.1.0.10 to the zone (shared change)",
        "affects: every client of the virtual network",
        "undo: az network private-dns link vnet delete",
        "or forward openai.azure.com",
        "undo: remove the forwarder",
    ] {
        assert!(joined.contains(words), "{words:?} is not in {text}");
    }
}

#[test]
fn a_report_for_people_has_its_date_and_machine() {
    for (name, report) in reports() {
        let text = text(&report, Verbosity::Normal);
        let last = text.lines().last().unwrap();
        let version = format!("aoai-probe {}", report.tool.version);
        assert!(last.contains(" UTC on ") && last.contains(&version), "{name}: {text}");
    }
}

#[test]
fn a_ring_of_explanations_ends() {
    let mut ring = report("zone-not-linked");
    ring.findings[0].explained_by = Some("http-public-access-disabled".to_owned());
    ring.findings[2].explained_by = Some("dns-zone-not-linked".to_owned());
    assert!(text(&ring, Verbosity::Verbose).contains("403"));
}

#[test]
fn one_target_gives_an_object_several_an_array() {
    let (a, b) = (report("healthy"), report("proxied"));
    let one = json_form::render(std::slice::from_ref(&a)).unwrap();
    let keys: Vec<&str> = one.lines().filter_map(|l| l.strip_prefix("  \"")).collect();
    let order: Vec<&str> = keys.iter().map(|l| l.split('"').next().unwrap()).collect();
    assert_eq!(order, ["schema_version", "tool", "verdict", "findings", "evidence"]);
    let several = json_form::render(&[a, b]).unwrap();
    assert!(several.starts_with("[\n") && several.ends_with("]\n"));
}

#[test]
fn citations_of_the_fixtures_exist() {
    for (name, report) in reports() {
        let value = serde_json::to_value(&report).unwrap();
        for pointer in report.findings.iter().flat_map(|f| &f.cites) {
            assert!(value.pointer(pointer).is_some(), "{name}: {pointer}");
        }
    }
}

#[test]
fn json_is_valid_by_the_published_schema() {
    if Command::new("check-jsonschema").arg("--version").output().is_err() {
        assert!(env::var_os("CI").is_none(), "CI needs check-jsonschema (pip install it)");
        eprintln!("skipped: check-jsonschema is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("check-jsonschema");
    command.arg("--schemafile").arg(crate::fixtures::root().join("docs/report.schema.json"));
    for (name, report) in reports() {
        let path = folder.path().join(format!("{name}.json"));
        fs::write(&path, json_form::render(&[report]).unwrap()).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    // The check can fail: a report without its verdict does.
    let path = folder.path().join("without-verdict.json");
    let mut value = serde_json::to_value(report("healthy")).unwrap();
    value.as_object_mut().unwrap().remove("verdict");
    fs::write(&path, value.to_string()).unwrap();
    assert!(!command.arg(path).output().unwrap().status.success());
}
