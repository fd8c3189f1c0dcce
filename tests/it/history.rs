//! The file of `watch`: what is in it after crashes, locks, cuts and foreign hands, as Debian's
//! own `sqlite3` sees it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use aoai_probe::monitor::confirm::Condition;
use aoai_probe::monitor::event::{Event, Kind, Severity, Subject};
use aoai_probe::monitor::history::{
    Bounds, History, HistoryQuery, HistoryWrite, OpenError, Reader, Record, RecoveredState,
    WriterEvent,
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
        let mode = fs::metadata(&file).unwrap().permissions().mode();
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
fn a_file_that_another_watch_writes_is_refused_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let link = folder.path().join("link.db");
    let (history, ..) = start(&file, Bounds::default());
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for name in [&file, &link] {
        let refused = History::start(name, Bounds::default(), 0, true, |_| {}).unwrap_err();
        let ours = std::process::id();
        assert_eq!(
            refused.to_string(),
            format!("is in use by another watch (process {ours}): each needs a file of its own")
        );
    }
    assert!(keep(&history, record("a", 1)), "the first one goes on");
    assert_eq!(Reader::open(&file).unwrap().targets(&HistoryQuery::default()).unwrap().len(), 1);
    // Somebody tidies up: it is taken again before the next walk is written.
    fs::remove_file(folder.path().join("history.db.lock")).unwrap();
    assert!(keep(&history, record("a", 2)));
    assert!(History::start(&file, Bounds::default(), 0, true, |_| {}).is_err());
    closed(history);
    let (history, ..) = start(&link, Bounds::default());
    closed(history);
    assert_eq!(sqlite3(&file, "PRAGMA integrity_check; SELECT count(*) FROM walks"), "ok\n2");
}

#[test]
fn a_foreign_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "SQLite is nice").unwrap();
    let database = folder.path().join("other.db");
    sqlite3(&database, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    let newer = folder.path().join("newer.db");
    let (history, ..) = start(&newer, Bounds::default());
    closed(history);
    sqlite3(&newer, "PRAGMA user_version = 7");
    for (file, words) in [
        (text.as_path(), "not an SQLite file"),
        (&database, "another program (application_id 0x0)"),
        (&newer, "newer aoai-probe (schema 7"),
        (folder.path(), "is not a file"),
    ] {
        let before = fs::read(file).ok();
        let refused = History::start(file, Bounds::default(), 0, true, |_| {}).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
        assert!(refused.to_string().contains("left alone"), "{refused}");
        assert_eq!(Reader::open(file).unwrap_err().to_string(), refused.to_string());
        assert_eq!(fs::read(file).ok(), before, "{} was touched", file.display());
    }
    assert!(matches!(
        Reader::open(&folder.path().join("none.db")),
        Err(OpenError::Unavailable(words)) if words.contains("no such file")
    ));
}

#[test]
fn a_view_or_a_trigger_in_the_place_of_what_watch_makes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    for (number, (sql, named)) in [
        (format!("DROP TABLE incidents; CREATE VIEW incidents AS {endless}"), "view incidents"),
        (
            "CREATE TRIGGER slow AFTER INSERT ON walks BEGIN DELETE FROM machines; END".to_owned(),
            "trigger slow",
        ),
        (
            "DROP TABLE machines; CREATE TABLE machines (target TEXT PRIMARY KEY, saved TEXT AS \
             (printf('%.*c', 100000000, 'x')))"
                .to_owned(),
            "table machines",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.path().join(format!("{number}.db"));
        let (history, ..) = start(&file, Bounds::default());
        assert!(keep(&history, record("a", 1)));
        closed(history);
        sqlite3(&file, &sql);
        let refused = History::start(&file, Bounds::default(), 0, true, |_| {}).unwrap_err();
        assert!(refused.to_string().contains(named), "{refused}");
        assert_eq!(Reader::open(&file).unwrap_err().to_string(), refused.to_string(), "{named}");
    }
}

#[test]
fn a_broken_file_is_set_aside_and_a_new_one_begun() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let (history, ..) = start(&whole, Bounds::default());
    for n in 0..200 {
        assert!(keep(&history, Record { report: Some("x".repeat(3000)), ..record("a", n) }));
    }
    closed(history);
    let bytes = fs::read(&whole).unwrap();
    assert!(bytes.len() > 500_000);
    let mut flipped = bytes.clone();
    flipped[4096..5000].fill(0xa5);
    let mut no_tables = bytes.clone();
    no_tables[100..4096].fill(0);
    let cuts = [1, 16, 99, 100, 4096, 5000, bytes.len() / 2, bytes.len() - 4096];
    let mut broken: Vec<Vec<u8>> = cuts.iter().map(|cut| bytes[..*cut].to_vec()).collect();
    broken.extend([flipped, no_tables]);
    for (number, bytes) in broken.iter().enumerate() {
        let file = folder.path().join(format!("{number}.db"));
        fs::write(&file, bytes).unwrap();
        let (history, left, heard) = start(&file, Bounds::default());
        assert!(left.machines.is_empty(), "case {number}");
        let Ok(WriterEvent::Quarantined(to)) = heard.try_recv() else { panic!("case {number}") };
        assert_eq!(&fs::read(&to).unwrap(), bytes, "what was there is there");
        assert!(keep(&history, record("a", 1)), "case {number}");
        closed(history);
        assert_eq!(sqlite3(&file, "PRAGMA integrity_check; SELECT count(*) FROM walks"), "ok\n1");
    }
    // An empty file is nobody's.
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    let (history, _, heard) = start(&empty, Bounds::default());
    assert!(keep(&history, record("a", 1)) && heard.try_recv().is_err());
}

#[test]
fn a_file_that_breaks_or_goes_while_it_is_open_loses_no_later_walk() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, _, heard) = start(&file, Bounds::default());
    assert!(keep(&history, record("a", 1)));
    for end in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("history.db{end}")));
    }
    assert!(keep(&history, record("a", 2)));
    assert_eq!(sqlite3(&file, "SELECT at FROM walks"), "2");
    // A text editor, say.
    fs::remove_file(&file).unwrap();
    fs::write(&file, "SQLite format 3\0 and no more").unwrap();
    assert!(keep(&history, record("a", 3)));
    assert!(matches!(heard.recv().unwrap(), WriterEvent::Quarantined(_)));
    closed(history);
    assert_eq!(sqlite3(&file, "PRAGMA integrity_check; SELECT at FROM walks"), "ok\n3");
}

/// Nobody else writes, or nobody else can even open it.
const WRITES: &str = "";
const ALONE: &str = "PRAGMA locking_mode = EXCLUSIVE";

/// A program that has the file to itself until it lets go.
struct Holder {
    child: std::process::Child,
    stdin: std::process::ChildStdin,
}

impl Holder {
    fn of(file: &Path, how: &str) -> Self {
        let mut child = Command::new("sqlite3")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{how}; BEGIN EXCLUSIVE; SELECT 'held';").unwrap();
        let said = std::io::BufReader::new(child.stdout.take().unwrap());
        assert!(std::io::BufRead::lines(said).any(|line| line.unwrap() == "held"));
        Self { child, stdin }
    }

    fn lets_go(mut self) {
        writeln!(self.stdin, "COMMIT;").unwrap();
        drop(self.stdin);
        self.child.wait().unwrap();
    }
}

#[test]
fn a_locked_file_holds_nothing_up_and_is_written_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, _, heard) = start(&file, Bounds::default());
    assert!(keep(&history, record("a", 0)));
    let holder = Holder::of(&file, WRITES);
    assert!(!keep(&history, record("a", 1)), "it waits in memory");
    assert!(!keep(&history, record("a", 2)));
    assert_eq!(
        heard.recv().unwrap(),
        WriterEvent::CannotWrite("is locked by another program".into())
    );
    assert!(!history.writes() && history.waiting() <= 2);
    holder.lets_go();
    assert_eq!(heard.recv().unwrap(), WriterEvent::Recovered(2));
    assert!(heard.try_recv().is_err(), "it was said once");
    closed(history);
    // A program that starts while it is locked begins all the same.
    let holder = Holder::of(&file, ALONE);
    let (history, left, heard) = start(&file, Bounds::default());
    assert!(left.machines.len() <= 1);
    assert_eq!(
        heard.recv().unwrap(),
        WriterEvent::CannotWrite("is locked by another program".into())
    );
    assert!(!keep(&history, record("a", 3)));
    holder.lets_go();
    assert_eq!(heard.recv().unwrap(), WriterEvent::Recovered(1));
    closed(history);
    assert_eq!(
        sqlite3(&file, "PRAGMA integrity_check; SELECT group_concat(at) FROM walks"),
        "ok\n0,1,2,3"
    );
}

#[test]
fn what_was_open_in_a_file_that_was_locked_at_the_start_ends_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    let events = vec![event("a", Kind::Opened, 1)];
    assert!(keep(&history, Record { events, machine: open_machine("a"), ..record("a", 1) }));
    closed(history);
    let holder = Holder::of(&file, ALONE);
    let (history, left, heard) = start(&file, Bounds::default());
    assert!(left.machines.is_empty() && left.lost.is_empty());
    assert!(matches!(heard.recv().unwrap(), WriterEvent::CannotWrite(_)));
    // Its target is broken still: an incident of its own.
    let again = Event { incident: Some("a/path/2".to_owned()), ..event("a", Kind::Opened, 5) };
    assert!(!keep(&history, Record { events: vec![again], ..record("a", 5) }));
    holder.lets_go();
    let WriterEvent::Lost(lost) = heard.recv().unwrap() else { panic!("the loss is reported") };
    assert_eq!((lost.len(), lost[0].incident.as_deref()), (1, Some("a/path/1")));
    assert_eq!(heard.recv().unwrap(), WriterEvent::Recovered(1));
    closed(history);
    let rows = "SELECT id, ended IS NULL FROM incidents ORDER BY id";
    assert_eq!(sqlite3(&file, rows), "a/path/1|0\na/path/2|1");
    // The webhook has not taken its end yet.
    let pending = "SELECT count(*) FROM events WHERE pending AND kind = 'closed'";
    assert_eq!(sqlite3(&file, pending), "1");
}

#[test]
fn what_a_locked_file_did_not_take_before_the_end_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    assert!(keep(&history, record("a", 0)));
    let holder = Holder::of(&file, WRITES);
    drop(history.enqueue(HistoryWrite::Walk(Box::new(record("a", 1)))));
    assert_eq!(history.close(Duration::from_millis(200)), 1);
    holder.lets_go();
}

#[test]
fn the_file_stays_within_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let bounds = Bounds { bytes: 2 << 20, ..Bounds::default() };
    let (history, ..) = start(&file, bounds);
    let opened = Record {
        report: Some("evidence".to_owned()),
        events: vec![event("a", Kind::Opened, 1)],
        ..record("a", 1)
    };
    assert!(keep(&history, opened));
    let mut largest = 0;
    for n in 2..1500 {
        // Of every third walk the report is kept.
        let report = (n % 3 == 0).then(|| "r".repeat(20_000));
        assert!(keep(&history, Record { report, ..record("a", n) }));
        let size = |end: &str| {
            fs::metadata(folder.path().join(format!("history.db{end}"))).map_or(0, |m| m.len())
        };
        largest = largest.max(size("") + size("-wal"));
    }
    closed(history);
    assert!(largest <= bounds.bytes, "{largest} bytes");
    assert!(fs::metadata(&file).unwrap().len() <= bounds.bytes);
    assert_eq!(sqlite3(&file, "PRAGMA integrity_check; SELECT max(at) FROM walks"), "ok\n1499");
    let evidence = "SELECT report FROM walks JOIN incidents ON evidence = walks.id";
    assert_eq!(sqlite3(&file, evidence), "evidence");
}

/// Every file that belongs to it, whatever it is for.
fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata());
    files.map(|about| about.map_or(0, |about| about.len())).sum()
}

#[test]
fn many_targets_that_break_and_mend_stay_within_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let bounds = Bounds { bytes: 4 << 20, ..Bounds::default() };
    let (history, ..) = start(&file, bounds);
    let mut largest = 0;
    for n in 0..600_i64 {
        let (target, kind) =
            (format!("t{}", n % 150), [Kind::Opened, Kind::Closed][(n / 150 % 2) as usize]);
        let mut change = event(&target, kind, n);
        change.incident = Some(format!("{target}/path/{}", n / 300));
        let kept = history.enqueue(HistoryWrite::Walk(Box::new(Record {
            report: Some("r".repeat(9_000)),
            machine: "m".repeat(6_000),
            events: vec![change],
            ..record(&target, n)
        })));
        // As many as come at once go into one transaction.
        if n % 20 == 0 {
            assert!(kept.blocking_recv().is_ok());
        }
        largest = largest.max(size(folder.path()));
    }
    closed(history);
    assert!(largest <= bounds.bytes, "{largest} bytes");
    assert_eq!(sqlite3(&file, "PRAGMA integrity_check"), "ok");
}

#[test]
fn what_is_old_goes_and_a_clock_that_jumped_throws_nothing_away() {
    let day = 86_400_000_i64;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let bounds = Bounds { keep: Duration::from_secs(10 * 86_400), ..Bounds::default() };
    let (history, ..) = start(&file, bounds);
    for n in 0..100 {
        assert!(keep(&history, record("a", n * day / 10)));
    }
    closed(history);
    // In ten years, by the clock; but the walks themselves say otherwise.
    let (history, _) = History::start(&file, bounds, 3650 * day, true, |_| {}).unwrap();
    assert!(keep(&history, record("a", 3650 * day)));
    closed(history);
    assert_eq!(sqlite3(&file, "SELECT count(*) FROM walks"), "101");
    let (history, _) = History::start(&file, bounds, 3651 * day, true, |_| {}).unwrap();
    for n in 0..60 {
        assert!(keep(&history, record("a", 3651 * day + n)));
    }
    closed(history);
    let (history, _) = History::start(&file, bounds, 3652 * day, true, |_| {}).unwrap();
    assert!(keep(&history, record("a", 3652 * day)));
    closed(history);
    assert_eq!(sqlite3(&file, "SELECT count(*) FROM walks"), "62");
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
