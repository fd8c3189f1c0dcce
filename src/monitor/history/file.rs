//! Opening the file: ours, foreign, newer, broken, or not there yet.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::retention::Bounds;
use crate::evidence::text::clean;
use crate::files::{self, May};

/// `application_id` of the file: `aoai` in ASCII.
pub(super) const APPLICATION: u32 = 0x616f_6169;
/// `user_version` of the file.
pub(super) const SCHEMA: i64 = 1;
/// What begins every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Octets of its header, and where the application's id is in it (sqlite.org/fileformat).
const HEADER: usize = 100;
const APPLICATION_AT: std::ops::Range<usize> = 68..72;

/// How long a lock of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Each step takes the file from the version before it.
const STEPS: &[&str] = &["
CREATE TABLE walks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, at INTEGER NOT NULL,
    state TEXT NOT NULL, cause TEXT, hop TEXT, took_ms REAL NOT NULL, times TEXT NOT NULL,
    status INTEGER, report TEXT
) STRICT;
CREATE INDEX walks_of_target ON walks (target, id);
CREATE INDEX walks_with_report ON walks (id) WHERE report IS NOT NULL;
CREATE TABLE incidents (
    id TEXT PRIMARY KEY, target TEXT NOT NULL, subject TEXT NOT NULL, condition TEXT NOT NULL,
    severity TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER, lasted INTEGER, cause TEXT,
    hop TEXT, sure TEXT, says TEXT, via TEXT, evidence INTEGER, told INTEGER NOT NULL
) STRICT;
CREATE INDEX incidents_by_begin ON incidents (began);
CREATE INDEX incidents_evidence ON incidents (evidence);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, incident TEXT, target TEXT NOT NULL,
    at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, pending INTEGER NOT NULL
) STRICT;
CREATE INDEX events_of_target ON events (target, at);
CREATE INDEX events_pending ON events (id) WHERE pending;
CREATE TABLE machines (target TEXT PRIMARY KEY, saved TEXT NOT NULL) STRICT;
"];

/// An open file.
#[derive(Debug)]
pub struct Opened {
    pub(super) connection: Connection,
    /// Where a broken file before it was put.
    pub set_aside: Option<PathBuf>,
}

/// Why the file cannot be used. The words follow its name and a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not ours; it is left alone.
    #[error("{0}; it is left alone: name another file")]
    Foreign(String),
    /// Written by a later version.
    #[error(
        "is of a newer aoai-probe (schema {0}; this one knows {SCHEMA}); it is left alone: use \
         that version, or name another file"
    )]
    Newer(i64),
    /// Another watch writes it; with the number of its process.
    #[error("is written by another watch{}: each needs a file of its own", process(.0))]
    InUse(Option<u32>),
    /// Locked, full, not permitted: may be over later.
    #[error("{0}")]
    Unavailable(String),
}

fn process(number: &Option<u32>) -> String {
    number.map_or_else(String::new, |number| format!(" (process {number})"))
}

/// Opens it, and makes it when it is not there.
///
/// # Errors
///
/// Every [`OpenError`]. A broken file of ours is no error: it is set aside under another name.
pub(super) fn open(path: &Path, bounds: &Bounds) -> Result<Opened, OpenError> {
    let (connection, set_aside) = match look(path)? {
        Found::Broken => (None, Some(put_aside(path)?)),
        Found::New | Found::Ours => match connect(path, bounds) {
            Ok(connection) => (Some(connection), None),
            Err(Failed::Broken) => (None, Some(put_aside(path)?)),
            Err(Failed::Open(error)) => return Err(error),
        },
    };
    let connection = match connection {
        Some(connection) => connection,
        None => connect(path, bounds).map_err(|failed| match failed {
            Failed::Broken => OpenError::Unavailable("is broken again at once".to_owned()),
            Failed::Open(error) => error,
        })?,
    };
    Ok(Opened { connection, set_aside })
}

enum Found {
    New,
    Ours,
    Broken,
}

/// Whether everything in the file is what this program makes there. A view or a trigger in the
/// place of a table could keep a reader or the writer busy for ever.
///
/// # Errors
///
/// [`OpenError::Foreign`], with the name of what was not made here.
pub(super) fn only_ours(connection: &Connection) -> Result<(), OpenError> {
    let made = |connection: &Connection| -> rusqlite::Result<Vec<(String, String, String)>> {
        // Tables and indexes named so are SQLite's own (sqlite.org/fileformat2).
        let sql = "SELECT name, type, coalesce(sql, '') FROM sqlite_schema
                   WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 100";
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
    };
    let unavailable = |error: rusqlite::Error| OpenError::Unavailable(sql_words(&error));
    let ours = Connection::open_in_memory()
        .and_then(|fresh| fresh.execute_batch(&STEPS.concat()).and_then(|()| made(&fresh)))
        .map_err(unavailable)?;
    let there = made(connection).map_err(unavailable)?;
    match there.into_iter().find(|object| !ours.contains(object)) {
        None => Ok(()),
        Some((name, kind, _)) => Err(OpenError::Foreign(format!(
            "is no history: this program did not make its {} {}",
            clean(&kind, 20),
            clean(&name, 60)
        ))),
    }
}

/// What a file is, without changing it.
pub(super) fn look_at(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::Unavailable(words(&error))),
        Ok(about) => about,
    };
    if !about.is_file() {
        return Err(OpenError::Foreign("is no file".to_owned()));
    }
    let header = files::beginning(path, May::BeAFile, HEADER as u64)
        .map_err(|error| OpenError::Unavailable(words(&error)))?;
    let known = MAGIC.len().min(header.len());
    if header.get(..known) != MAGIC.get(..known) {
        return Err(OpenError::Foreign("is no history: it is no SQLite file".to_owned()));
    }
    if let Some(octets) = header.get(APPLICATION_AT).and_then(|o| <[u8; 4]>::try_from(o).ok()) {
        let id = u32::from_be_bytes(octets);
        if id != APPLICATION {
            return Err(OpenError::Foreign(format!(
                "is a database of another program (application_id {id:#x})"
            )));
        }
    }
    Ok(Some(header))
}

fn look(path: &Path) -> Result<Found, OpenError> {
    Ok(match look_at(path)? {
        None => Found::New,
        Some(header) if header.is_empty() => Found::New,
        Some(header) if header.len() < HEADER => Found::Broken,
        Some(_) => Found::Ours,
    })
}

enum Failed {
    Broken,
    Open(OpenError),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        match is_broken(&error) {
            true => Self::Broken,
            false => Self::Open(OpenError::Unavailable(sql_words(&error))),
        }
    }
}

fn connect(path: &Path, bounds: &Bounds) -> Result<Connection, Failed> {
    made_for_us(path).map_err(|e| Failed::Open(OpenError::Unavailable(words(&e))))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > SCHEMA {
        return Err(Failed::Open(OpenError::Newer(version)));
    }
    if version > 0 {
        match only_ours(&connection) {
            Err(OpenError::Unavailable(_)) | Ok(()) => {}
            Err(foreign) => return Err(Failed::Open(foreign)),
        }
    }
    if version == 0 {
        // Before the journal mode, so that the header says whose it is from the first page on.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A transaction that is committed survives the end of this process, though not a power
    // failure within the last seconds.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    bounds.set(&connection)?;
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(Failed::Broken);
    }
    for (number, step) in (1_i64..).zip(STEPS).skip(usize::try_from(version).unwrap_or(0)) {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;"
        ))?;
    }
    // Every table answers, whatever quick_check left out.
    connection.query_row(
        "SELECT (SELECT count(*) FROM machines) + (SELECT count(*) FROM events WHERE pending)
              + (SELECT count(*) FROM incidents) + (SELECT count(*) FROM walks WHERE id < 0)",
        [],
        |_| Ok(()),
    )?;
    Ok(connection)
}

/// A report holds an operator's addresses and names: not for every user of the machine.
fn made_for_us(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path).map(|_| ())
}

/// Puts a broken file and what belongs to it under another name.
pub(super) fn put_aside(path: &Path) -> Result<PathBuf, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..1000)
        .map(|number| path.with_file_name(format!("{name}.broken-{number}")))
        .find(|other| !other.exists())
        .ok_or_else(|| OpenError::Unavailable("a thousand broken files beside it".to_owned()))?;
    fs::rename(path, &free).map_err(|error| OpenError::Unavailable(words(&error)))?;
    for more in ["-wal", "-shm"] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(more);
            PathBuf::from(name)
        };
        // Not there, most of the time; what stays would be taken for the new file's.
        if fs::rename(beside(path), beside(&free)).is_err() {
            let _ = fs::remove_file(beside(path));
        }
    }
    Ok(free)
}

/// Whether the file itself is broken, by SQLite's own word; a table that is not there counts.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(error, rusqlite::Error::SqlInputError { .. })
}

/// Whether somebody else holds it for now.
pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What SQLite says, in the operator's words.
pub(super) fn sql_words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        _ if is_locked(error) => "is locked by another program".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "may not be written".to_owned(),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "cannot be opened or made there".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => "the disk fails to read or write it".to_owned(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "is broken".to_owned(),
        _ => "SQLite refuses it".to_owned(),
    }
}

/// An OS error's words without their number.
pub(super) fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
