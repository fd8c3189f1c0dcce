//! What else there is in the file's place: another watch, another program's file, a broken one.

use std::fs;
use std::path::Path;

use aoai_probe::monitor::history::{
    Bounds, History, HistoryQuery, OpenError, Reader, Record, WriterEvent,
};

use super::{closed, keep, record, sqlite3, start};
use crate::program::{Ran, alone, run, text};

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
    // An empty file belongs to no program yet.
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

#[test]
fn what_another_program_wrote_into_it_controls_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    assert!(keep(&history, record("a", 1)));
    closed(history);
    let hostile = "char(27) || '[2J' || char(155) || '31m' || char(10) || 'WORKS'";
    sqlite3(
        &file,
        &format!(
            "UPDATE walks SET state = {hostile}, report = '{{\"a\":\"' || {hostile} || '\"}}';
             INSERT INTO incidents
             VALUES ('i', {hostile}, {hostile}, {hostile}, {hostile}, 1, NULL, NULL, {hostile},
                     {hostile}, {hostile}, {hostile}, {hostile}, 1, 1)"
        ),
    );
    let file = text(&file);
    for arguments in [&["--format", "human"][..], &["--format", "json"], &["--walk", "1"]] {
        let ran = run(&[&["history", "--history", file], arguments].concat());
        let shown = ran.went_well();
        let obeyed = |c: char| c.is_control() && c != '\n';
        assert!(!shown.contains(obeyed), "{arguments:?}: {shown:?}");
        assert!(!shown.contains("\nWORKS") || arguments == ["--walk", "1"], "{shown:?}");
    }
}

#[test]
fn a_copy_on_a_read_only_file_system_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let (history, ..) = start(&file, Bounds::default());
    assert!(keep(&history, record("a", 1)));
    closed(history);
    let medium = folder.path().join("medium #1?");
    fs::create_dir(&medium).unwrap();
    let script = r#"mount -t tmpfs none "$2" && cp "$1" "$2/history.db" && touch "$2/$3" &&
        mount -o remount,ro "$2" && shift 3 && exec "$@""#;
    let read = |more: &str| {
        let mut command = alone(Path::new("sh"), folder.path(), true)?;
        command.args(["-c", script, "sh", text(&file), text(&medium), more]);
        command.args([env!("CARGO_BIN_EXE_aoai-probe"), "history", "--history"]);
        command.arg(medium.join("history.db"));
        Some(Ran::of(command.output().unwrap()))
    };
    let Some(ran) = read("other") else { return };
    assert!(ran.went_well().starts_with("1 target, 1 walk since"), "{}", ran.out);
    // A watch may write it: what SQLite reads without the journal may be torn.
    read("history.db-shm").unwrap().refused("copy all of them into a folder of your own");
}
