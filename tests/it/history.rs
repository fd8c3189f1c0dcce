//! The file of `watch`: what is in it after crashes, locks, cuts and foreign hands, as Debian's
//! own `sqlite3` sees it.

mod bounds;
mod foreign;
mod locked;

use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use aoai_probe::monitor::confirm::Condition;
use aoai_probe::monitor::event::{Event, Kind, Severity, Subject};
use aoai_probe::monitor::history::{
    Bounds, History, HistoryQuery, HistoryWrite, Reader, Record, RecoveredState, WriterEvent,
};
use aoai_probe::monitor::state::TargetState;

/// What Debian's `sqlite3` says.
pub(crate) fn sqlite3(file: &Path, sql: &str) -> String {
    let out = Command::new("sqlite3").arg(file).arg(sql).output().expect("sqlite3 is installed");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

fn record(target: &str, at: i64) -> Record {
    Record {
        target: target.to_owned(),
        at,
        state: "works",
        cause: None,
        hop: None,
        took_ms: 12.5,
        times: vec![("dns", 1.0), ("tcp", 2.0)],
        status: Some(200),
        report: None,
        machine: serde_json::to_string(&TargetState::new(target)).unwrap(),
        events: Vec::new(),
        to_deliver: false,
    }
}

fn event(target: &str, kind: Kind, at: i64) -> Event {
    Event {
        kind,
        target: target.to_owned(),
        subject: Subject::Path,
        severity: Severity::Page,
        condition: if kind == Kind::Closed { Condition::Works } else { Condition::Broken },
        incident: Some(format!("{target}/path/1")),
        cause: None,
        changed: Vec::new(),
        note: None,
        at,
        confirmed: None,
        lasted: Some(at - 1),
        muted: false,
    }
}

fn start(file: &Path, bounds: Bounds) -> (History, RecoveredState, mpsc::Receiver<WriterEvent>) {
    let (say, heard) = mpsc::channel();
    let message = move |trouble| say.send(trouble).unwrap_or_default();
    let (history, left) = History::start(file, bounds, 0, true, message).unwrap();
    (history, left, heard)
}

fn keep(history: &History, record: Record) -> bool {
    history.enqueue(HistoryWrite::Walk(Box::new(record))).blocking_recv().is_ok()
}

fn closed(history: History) {
    assert_eq!(history.close(Duration::from_secs(20)), 0, "everything is written");
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, left, _) = start(&file, Bounds::default());
    assert!(left.machines.is_empty());
    let begins = Record {
        state: "broken",
        report: Some("{\"evidence\":1}".to_owned()),
        events: vec![event("a", Kind::Opened, 1)],
        to_deliver: true,
        ..record("a", 1)
    };
    assert!(keep(&history, begins));
    assert!(keep(&history, record("b", 2)));
    // Whoever reads meanwhile sees it.
    let reader = Reader::open(&file).unwrap();
    let open = reader.incidents(&HistoryQuery::default()).unwrap();
    assert_eq!((open.len(), open[0].ended, open[0].walk), (1, None, Some(1)));
    assert_eq!(reader.report(1).unwrap().as_deref(), Some("{\"evidence\":1}"));
    assert_eq!(reader.report(2).unwrap(), None);
    closed(history);
    let (history, left, _) = start(&file, Bounds::default());
    assert_eq!(left.machines, [TargetState::new("a"), TargetState::new("b")]);
    assert_eq!(left.undelivered, [event("a", Kind::Opened, 1)]);
    let ends = Record { events: vec![event("a", Kind::Closed, 9_001)], ..record("a", 9_001) };
    assert!(keep(&history, ends));
    let told = HistoryWrite::Delivered(vec![event("a", Kind::Opened, 1)]);
    assert!(history.enqueue(told).blocking_recv().is_ok());
    let ended = Event { incident: Some("b/path/1".to_owned()), ..event("b", Kind::Closed, 9_002) };
    let gone = HistoryWrite::Removed {
        target: "b".to_owned(),
        events: vec![ended.clone()],
        to_deliver: true,
    };
    assert!(history.enqueue(gone).blocking_recv().is_ok());
    closed(history);
    let past = Reader::open(&file).unwrap().incidents(&HistoryQuery::default()).unwrap();
    assert_eq!((past[0].began, past[0].ended, past[0].lasted), (1, Some(9_001), Some(9_000)));
    assert_eq!((past[0].condition.as_str(), past[0].walk), ("broken", Some(1)));
    let (history, left, _) = start(&file, Bounds::default());
    assert_eq!((left.machines.len(), left.undelivered), (1, vec![ended]));
    closed(history);
    assert_eq!(sqlite3(&file, "PRAGMA integrity_check"), "ok");
    assert_eq!(sqlite3(&file, "SELECT count(*) FROM walks"), "3");
    assert!(!folder.path().join("history.db-wal").exists(), "closed as it should be");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "not for every user: {mode:o}");
    }
}

#[test]
fn what_is_over_and_told_is_not_told_to_begin_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    let (opened, over) = (event("a", Kind::Opened, 1), event("a", Kind::Closed, 5));
    for event in [&opened, &over] {
        let record = Record { events: vec![event.clone()], to_deliver: true, ..record("a", 1) };
        assert!(keep(&history, record));
    }
    closed(history);
    let (history, left, _) = start(&file, Bounds::default());
    assert_eq!(left.undelivered, [opened, over.clone()], "both wait");
    assert!(history.enqueue(HistoryWrite::Delivered(vec![over])).blocking_recv().is_ok());
    closed(history);
    let (history, left, _) = start(&file, Bounds::default());
    assert!(left.undelivered.is_empty(), "{:?}", left.undelivered);
    closed(history);
}

/// The machine of a target whose first incident is open.
fn open_machine(target: &str) -> String {
    let mut machine = serde_json::to_value(TargetState::new(target)).unwrap();
    machine["path"]["open"] = serde_json::json!({
        "id": format!("{target}/path/1"), "condition": "broken", "severity": "page",
        "cause": null, "began": 1, "began_mono": 0, "told": true,
    });
    machine.to_string()
}

#[test]
fn an_incident_that_no_machine_knows_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    for target in ["a", "b"] {
        let events = vec![event(target, Kind::Opened, 1)];
        assert!(keep(
            &history,
            Record { events, machine: open_machine(target), ..record(target, 1) }
        ));
    }
    closed(history);
    // It cannot be read; or it is one that knows nothing of it, and what an earlier version did
    // not save yet has its value of the start.
    for (saved, readable) in [("{}", 1), ("{\"target\":\"a\"}", 2)] {
        sqlite3(&file, &format!("UPDATE machines SET saved = '{saved}' WHERE target = 'a'"));
        let (history, left, _) = start(&file, Bounds::default());
        assert_eq!(left.machines.len(), readable);
        assert!(left.machines.iter().any(|machine| machine.target() == "b"));
        let [lost] = left.lost.as_slice() else { panic!("{:?}", left.lost) };
        assert_eq!((lost.kind, lost.incident.as_deref()), (Kind::Closed, Some("a/path/1")));
        assert_eq!((lost.severity, lost.muted), (Severity::Page, false));
        assert!(lost.line().contains("judged anew"), "{}", lost.line());
        if readable == 2 {
            let (target, events) = ("a".to_owned(), vec![lost.clone()]);
            let ended =
                history.enqueue(HistoryWrite::Removed { target, events, to_deliver: false });
            assert!(ended.blocking_recv().is_ok());
        }
        closed(history);
    }
    let (history, left, _) = start(&file, Bounds::default());
    assert_eq!((left.machines.len(), left.lost.len()), (1, 0));
    closed(history);
}

#[test]
fn an_incident_is_compared_with_the_last_good_walk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    let saved = |base: &str| {
        let evidence = serde_json::from_value(crate::fixtures::evidence(base)).unwrap();
        let diagnosis = aoai_probe::diagnose::diagnose(&evidence);
        let report = aoai_probe::report::Report::new(evidence, diagnosis);
        aoai_probe::render::json::compact(&report).unwrap()
    };
    let good = Record { report: Some(saved("bases/private.json")), ..record("a", 1) };
    assert!(keep(&history, good));
    assert!(keep(&history, record("a", 2)));
    let bad = Record {
        state: "broken",
        report: Some(saved("findings/dns-zone-not-linked/fires-public-refused.json")),
        events: vec![event("a", Kind::Opened, 3)],
        ..record("a", 3)
    };
    assert!(keep(&history, bad));
    closed(history);
    let file = file.display().to_string();
    let shown = crate::program::run(&["history", "--history", &file]);
    let line = "  since the last good walk (1): dns: what applications get 10.3.0.5 (private) -> \
                20.62.58.5 (public)";
    assert!(shown.went_well().contains(line), "{}", shown.out);
    let shown = crate::program::run(&["history", "--history", &file, "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(shown.went_well()).unwrap();
    assert_eq!(value["incidents"][0]["last_good_walk"], 1);
    assert!(value["incidents"][0]["changed"][0].as_str().unwrap().starts_with("dns: "));
}
