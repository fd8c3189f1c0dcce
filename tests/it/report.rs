//! Exit status, and reading saved reports: good ones, broken ones, hostile ones.

use std::io::{self, Read};

use aoai_probe::diagnosis::State;
use aoai_probe::evidence::{Evidence, Hop};
use aoai_probe::monitor::observation::Observation;
use aoai_probe::render::json;
use aoai_probe::report::{ExitStyle, ReadError, Report, read as read_saved, worst};
use serde_json::json;

use crate::fixtures::{report, reports};

fn read(from: impl Read) -> Result<Vec<Evidence>, ReadError> {
    read_saved(from).map(|all| all.into_iter().map(|saved| saved.evidence).collect())
}

#[test]
fn a_saved_report_keeps_the_name_and_labels_of_its_inventory() {
    let mut report = report("healthy");
    report.name = Some("prod west".to_owned());
    report.labels.insert("team".to_owned(), "ai".to_owned());
    let text = json::render(std::slice::from_ref(&report)).unwrap();
    let saved = read_saved(text.as_bytes()).unwrap().remove(0);
    assert_eq!((saved.name, saved.labels), (report.name.clone(), report.labels.clone()));
    report.labels.insert("no label\n".to_owned(), String::new());
    let text = json::render(std::slice::from_ref(&report)).unwrap();
    let error = read_saved(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("not valid in an inventory"), "{error}");
}

fn in_state(state: State, hop: Option<Hop>) -> Report {
    let mut report = report("healthy");
    report.verdict.state = state;
    report.verdict.broken_hop = hop;
    report
}

#[test]
fn exit_status_follows_the_state() {
    for (state, hop, status, by_hop) in [
        (State::Works, None, 0, 0),
        (State::AtRisk, None, 1, 1),
        (State::CannotTell, None, 3, 3),
        (State::Broken, Some(Hop::Vantage), 2, 10),
        (State::Broken, Some(Hop::Dns), 2, 10),
        (State::Broken, Some(Hop::Tcp), 2, 20),
        (State::Broken, Some(Hop::Proxy), 2, 30),
        (State::Broken, Some(Hop::Tls), 2, 40),
        (State::Broken, Some(Hop::Identity), 2, 50),
        (State::Broken, Some(Hop::Http), 2, 60),
    ] {
        let report = in_state(state, hop);
        assert_eq!(report.exit_status(ExitStyle::State), status);
        assert_eq!(report.exit_status(ExitStyle::Hop), by_hop);
    }
}

#[test]
fn the_worst_target_counts() {
    let works = in_state(State::Works, None);
    let risk = in_state(State::AtRisk, None);
    let unknown = in_state(State::CannotTell, None);
    let http = in_state(State::Broken, Some(Hop::Http));
    let tcp = in_state(State::Broken, Some(Hop::Tcp));
    let state = |all: &[&Report]| {
        worst(&all.iter().map(|r| (*r).clone()).collect::<Vec<_>>(), ExitStyle::State)
    };
    assert_eq!(state(&[&works, &risk]), 1);
    assert_eq!(state(&[&risk, &unknown, &works]), 3);
    assert_eq!(state(&[&unknown, &http, &risk]), 2);
    assert_eq!(worst(&[unknown, http, tcp], ExitStyle::Hop), 20);
    assert_eq!(worst(&[], ExitStyle::State), 3);
}

#[test]
fn saved_reports_give_their_evidence_back() {
    let all: Vec<Report> = reports().into_iter().map(|(_, report)| report).collect();
    let evidence: Vec<_> = all.iter().map(|report| report.evidence.clone()).collect();
    assert_eq!(read(json::render(&all).unwrap().as_bytes()).unwrap(), evidence);
    for report in &all {
        let text = json::render(std::slice::from_ref(report)).unwrap();
        assert_eq!(read(text.as_bytes()).unwrap(), std::slice::from_ref(&report.evidence));
    }
}

#[test]
fn another_minor_version_is_read_whatever_it_adds() {
    let mut value = serde_json::to_value(report("healthy")).unwrap();
    value["schema_version"] = json!("1.9");
    value["verdict"]["state"] = json!("a state of that version");
    value["findings"][0]["new"] = json!([1, 2]);
    value["evidence"]["tls"]["value"]["new"] = json!({"a": 1});
    assert_eq!(read(value.to_string().as_bytes()).unwrap().len(), 1);
    let with_mark = format!("\u{feff}{value}");
    assert_eq!(read(with_mark.as_bytes()).unwrap().len(), 1);
}

#[test]
fn a_report_of_before_the_first_release_is_refused_in_words() {
    let mut value = serde_json::to_value(report("zone-not-linked")).unwrap();
    let verdict = value["verdict"].as_object_mut().unwrap();
    let confidence = verdict.remove("confidence").unwrap();
    verdict.insert("sure".to_owned(), confidence);
    for version in ["1.0", "1.9", "0.3"] {
        value["schema_version"] = json!(version);
        let (error, words) = refused(value.to_string().as_bytes());
        assert!(matches!(error, ReadError::BeforeRelease), "{version}: {words}");
        assert!(words.contains("before 1.0") && words.contains("make it again"), "{words}");
    }
}

/// The error of a text, and its words.
fn refused(text: &[u8]) -> (ReadError, String) {
    let error = read(text).unwrap_err();
    let words = error.to_string();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    (error, words)
}

#[test]
fn what_is_no_report_is_refused_in_words() {
    let whole = serde_json::to_string_pretty(&report("healthy")).unwrap();
    let (error, words) = refused(&whole.as_bytes()[..whole.len() / 2]);
    assert!(matches!(error, ReadError::CutOff { line, .. } if line > 100), "{words}");
    let (error, words) = refused(b"{\n \"a\": oops}");
    assert!(matches!(error, ReadError::NotJson { line: 2, .. }), "{words}");
    let (error, words) = refused(format!("{whole}oops").as_bytes());
    assert!(matches!(error, ReadError::NotJson { .. }), "{words}");
    for empty in [&b""[..], b" \n\t"] {
        assert!(matches!(refused(empty).0, ReadError::Empty));
    }
    // PowerShell's `>` writes UTF-16, which is read.
    let units: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&units[..]).unwrap().len(), 1);
    for utf16 in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}"] {
        assert!(matches!(refused(utf16).0, ReadError::NotReport { .. }));
    }
    for (other, named) in [
        ("{}", "schema_version"),
        ("[]", "empty array"),
        ("[{}]", "schema_version"),
        ("7", "invalid type"),
        (r#"{"schema_version": 1}"#, "invalid type"),
        (r#"{"schema_version": "1.0", "schema_version": "1.0"}"#, "duplicate"),
    ] {
        let (error, words) = refused(other.as_bytes());
        assert!(matches!(error, ReadError::NotReport { .. }), "{other}: {words}");
        assert!(words.contains(named), "{other}: {words}");
    }
}

#[test]
fn another_major_version_is_named() {
    for found in ["2.0", "10.1", "0.9", "", "one\u{1b}[2J"] {
        let text = json!({"schema_version": found}).to_string();
        let (error, words) = refused(text.as_bytes());
        assert!(matches!(error, ReadError::OtherSchema { .. }), "{words}");
        assert!(words.contains("reads schema 1.x"), "{words}");
    }
    let mixed = json!([
        serde_json::to_value(report("healthy")).unwrap(),
        {"schema_version": "2.0"},
    ]);
    assert!(matches!(refused(mixed.to_string().as_bytes()).0, ReadError::OtherSchema { .. }));
}

#[test]
fn a_missing_field_is_named() {
    for missing in ["/dns", "/tls/value/chain", "/cost"] {
        let mut value = serde_json::to_value(report("healthy")).unwrap();
        let (parent, field) = missing.rsplit_once('/').unwrap();
        let parent = value.pointer_mut(&format!("/evidence{parent}")).unwrap();
        parent.as_object_mut().unwrap().remove(field);
        let (error, words) = refused(value.to_string().as_bytes());
        assert!(matches!(error, ReadError::Unfit { .. }), "{words}");
        assert!(words.contains(field), "{words}");
    }
    let mut value = serde_json::to_value(report("healthy")).unwrap();
    value["evidence"]["tls"]["value"]["outcome"]["kind"] = json!("\u{1b}[2Jverified\u{202e}");
    let (_, words) = refused(value.to_string().as_bytes());
    assert!(!words.contains('\u{202e}'), "{words}");
}

#[test]
fn size_depth_and_count_are_bounded() {
    let deep = format!(
        r#"{{"schema_version": "1.0", "evidence": {}1{}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert!(matches!(refused(deep.as_bytes()).0, ReadError::TooDeep));
    let many = format!("[{}1]", "1,".repeat(3_000_000));
    assert!(matches!(refused(many.as_bytes()).0, ReadError::TooManyValues));
    let mut endless = Counted { read: 0 };
    assert!(matches!(read(&mut endless).unwrap_err(), ReadError::TooLarge));
    assert!(endless.read <= 17 * 1024 * 1024, "{} bytes were read", endless.read);
    assert!(matches!(read(Failing).unwrap_err(), ReadError::Io(_)));
}

#[test]
fn a_report_that_no_walk_made_is_refused() {
    // 4,000 aliases in 229 KiB took 20 s to judge.
    let whole = serde_json::to_value(report("healthy")).unwrap();
    let records = "/evidence/dns/resolvers/0/a/value/outcome/answer/records";
    let alias = |n: u32| json!({"name": format!("n{n}.a"), "kind": "CNAME", "ttl": 1, "data": format!("n{}.a", n + 1)});
    let with = |pointer: &str, list: Vec<serde_json::Value>| {
        let mut value = whole.clone();
        *value.pointer_mut(pointer).unwrap() = list.into();
        value.to_string()
    };
    let (error, words) = refused(with(records, (0..4000).map(alias).collect()).as_bytes());
    assert!(matches!(error, ReadError::ListTooLong), "{words}");
    for (pointer, one, most) in [
        (records, alias(0), 64),
        ("/evidence/dns/resolvers", whole["evidence"]["dns"]["resolvers"][0].clone(), 64),
        (
            "/evidence/tcp/value/attempts",
            whole["evidence"]["tcp"]["value"]["attempts"][0].clone(),
            256,
        ),
        ("/evidence/tls/value/chain", whole["evidence"]["tls"]["value"]["chain"][0].clone(), 10),
        ("/evidence/http/value/calls", whole["evidence"]["http"]["value"]["calls"][0].clone(), 16),
    ] {
        let full = with(pointer, vec![one.clone(); most]);
        assert!(read(full.as_bytes()).is_ok(), "{pointer}: {most} are what a walk keeps");
        let (error, words) = refused(with(pointer, vec![one; most + 1]).as_bytes());
        assert!(matches!(error, ReadError::Unfit { .. }), "{pointer}: {words}");
        assert!(words.contains(&format!("keeps at most {most}")), "{pointer}: {words}");
    }
    // Of reports themselves a file may hold more.
    let many = serde_json::Value::from(vec![whole; 1001]).to_string();
    assert_eq!(read(many.as_bytes()).unwrap().len(), 1001);
}

/// A source without end.
struct Counted {
    read: usize,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        into.fill(b' ');
        self.read += into.len();
        Ok(into.len())
    }
}

/// A source that cannot be read.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("a bad disk"))
    }
}

#[test]
fn targets_with_a_fault_of_this_machine_share_the_machine() {
    let all = crate::fixtures::findings("vantage-clock-skew").into_iter().map(|evidence| {
        let diagnosis = aoai_probe::diagnose::diagnose(&evidence);
        Report::new(evidence, diagnosis)
    });
    let mut of_this_machine = 0;
    for report in all.filter(|report| report.cause().is_some_and(|f| f.hop == Hop::Vantage)) {
        let host = &report.evidence.vantage.host;
        assert_eq!(report.shared_location(), Some(format!("machine {host}")));
        of_this_machine += 1;
    }
    assert!(of_this_machine > 1);
}

#[test]
fn what_breaks_before_the_service_breaks_the_path_for_monitors_too() {
    let mut of_load = 0;
    for (name, evidence) in crate::fixtures::all_findings() {
        let diagnosis = aoai_probe::diagnose::diagnose(&evidence);
        let report = Report::new(evidence, diagnosis);
        let Some(cause) = report.cause().filter(|cause| cause.hop < Hop::Http) else { continue };
        if report.verdict.state != State::Broken {
            continue;
        }
        let seen = Observation::of("target", &report, 0, 0, false);
        assert_eq!(seen.path.state, State::Broken, "{name}");
        of_load += usize::from(cause.id == "dns-rate-limited");
    }
    assert!(of_load > 0, "a resolver at its limit lets no call through either");
}
