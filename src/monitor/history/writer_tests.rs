use super::*;
use crate::monitor::confirm::Condition;
use crate::monitor::event::{Kind, Severity, Subject};

fn opened(incident: &str) -> Event {
    Event {
        kind: Kind::Opened,
        target: "a".to_owned(),
        subject: Subject::Path,
        severity: Severity::Page,
        condition: Condition::Broken,
        incident: Some(incident.to_owned()),
        cause: None,
        changed: Vec::new(),
        note: None,
        at: 1,
        confirmed: None,
        lasted: Some(0),
        muted: false,
    }
}

fn count(of: &rusqlite::Connection, sql: &str) -> i64 {
    of.query_row(&format!("SELECT count(*) FROM {sql}"), [], |row| row.get(0)).expect("a count")
}

#[test]
fn a_closing_event_that_could_not_be_written_is_not_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.db");
    let (bounds, mut lock) = (Bounds::default(), None);
    let connection = open(&path, &bounds, &mut lock).expect("it opens").connection;
    let begun = HistoryWrite::Removed {
        target: "a".to_owned(),
        events: vec![opened("a/path/1")],
        to_deliver: false,
    };
    begun.write(&connection).expect("written");
    let fails = "CREATE TRIGGER full BEFORE UPDATE ON incidents BEGIN SELECT RAISE(ABORT, ''); END";
    connection.execute_batch(fails).expect("a trigger");
    let (say, heard) = std::sync::mpsc::channel();
    let mut writer = Writer {
        identity: identity(&path),
        connection: None,
        lock,
        path,
        bounds,
        shared: Arc::new(Shared { queue: Mutex::default(), wake: Condvar::new() }),
        report: Box::new(move |report| say.send(report).unwrap_or_default()),
        unread: true,
        to_deliver: true,
        started: (9, Instant::now()),
        maintained: None,
    };
    // The file can be opened now, but writing fails.
    for _ in 0..2 {
        assert!(writer.write(&[]).is_err());
        assert!(heard.try_recv().is_err());
    }
    connection.execute_batch("DROP TRIGGER full").expect("dropped");
    assert_eq!(writer.write(&[]), Ok(()));
    let Ok(WriterEvent::Lost(lost)) = heard.try_recv() else { panic!("the loss is reported") };
    assert_eq!((lost.len(), lost[0].kind, lost[0].at), (1, Kind::Closed, 9));
    assert_eq!(count(&connection, "incidents WHERE ended IS NULL"), 0);
    assert_eq!(count(&connection, "events WHERE pending AND kind = 'closed'"), 1);
    assert_eq!(writer.write(&[]), Ok(()));
    assert!(heard.try_recv().is_err(), "once");
}
