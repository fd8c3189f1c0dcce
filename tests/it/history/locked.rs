//! The file while another program has it to itself.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use aoai_probe::monitor::event::{Event, Kind};
use aoai_probe::monitor::history::{Bounds, HistoryWrite, Record, WriterEvent};

use super::{closed, event, keep, open_machine, record, sqlite3, start};

/// No other process writes, or can even open it.
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
