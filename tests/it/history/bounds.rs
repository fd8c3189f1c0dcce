//! How large the file becomes, and how old what is in it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aoai_probe::monitor::event::Kind;
use aoai_probe::monitor::history::{Bounds, History, HistoryWrite, Record};

use super::{closed, event, keep, record, sqlite3, start};

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
