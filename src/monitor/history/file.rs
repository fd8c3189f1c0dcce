//! Opening the file: ours, foreign, newer, corrupt, or not there yet.

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
/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The size of its header, and the position of the application id in it (sqlite.org/fileformat).
const HEADER: usize = 100;
const APPLICATION_AT: std::ops::Range<usize> = 68..72;

/// How long to wait for a lock of another program.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Each step upgrades the file from the version before it.
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
    /// The new name of a corrupt file that was in its place.
    pub set_aside: Option<PathBuf>,
}

/// Why the file cannot be used. The message follows the name of the file and a colon.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It belongs to another program and is left alone.
    #[error("{0}; it is left alone: name another file")]
    Foreign(String),
    /// A newer version has written it.
    #[error(
        "was written by a newer aoai-probe (schema {0}; this one supports {SCHEMA}); it is left \
         alone: use that version, or name another file"
    )]
    Newer(i64),
    /// Another watch is using it; with its process id.
    #[error("is in use by another watch{}: each needs a file of its own", process(.0))]
    InUse(Option<u32>),
    /// Locked, full, not permitted: a later attempt may succeed.
    #[error("{0}")]
    Unavailable(String),
}

fn process(number: &Option<u32>) -> String {
    number.map_or_else(String::new, |number| format!(" (process {number})"))
}

/// Opens it, or creates it.
///
/// # Errors
///
/// Every [`OpenError`]. A corrupt file of ours is not an error: it is renamed.
pub(super) fn open(path: &Path, bounds: &Bounds) -> Result<Opened, OpenError> {
    let (connection, set_aside) = match look(path)? {
        Found::Broken => (None, Some(quarantine(path)?)),
        Found::New | Found::Ours => match connect(path, bounds) {
            Ok(connection) => (Some(connection), None),
            Err(Failed::Broken) => (None, Some(quarantine(path)?)),
            Err(Failed::Open(error)) => return Err(error),
        },
    };
    let connection = match connection {
        Some(connection) => connection,
        None => connect(path, bounds).map_err(|failed| match failed {
            Failed::Broken => OpenError::Unavailable("is corrupt again immediately".to_owned()),
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

/// Checks that the file contains only what this program creates. A view or a trigger in the place
/// of a table could keep a reader or the writer busy forever.
///
/// # Errors
///
/// [`OpenError::Foreign`], with the name of the unexpected object.
pub(super) fn check_only_ours(connection: &Connection) -> Result<(), OpenError> {
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
            "is not a history: this program did not create its {} {}",
            clean(&kind, 20),
            clean(&name, 60)
        ))),
    }
}

/// Looks at a file without changing it; returns its header.
pub(super) fn look_at(path: &Path) -> Result<Option<Vec<u8>>, OpenError> {
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::Unavailable(words(&error))),
        Ok(about) => about,
    };
    if !about.is_file() {
        return Err(OpenError::Foreign("is not a file".to_owned()));
    }
    let header = files::beginning(path, May::BeAFile, HEADER as u64)
        .map_err(|error| OpenError::Unavailable(words(&error)))?;
    let known = MAGIC.len().min(header.len());
    if header.get(..known) != MAGIC.get(..known) {
        return Err(OpenError::Foreign("is not a history: it is not an SQLite file".to_owned()));
    }
    if let Some(bytes) = header.get(APPLICATION_AT).and_then(|o| <[u8; 4]>::try_from(o).ok()) {
        let id = u32::from_be_bytes(bytes);
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
    create_private(path).map_err(|e| Failed::Open(OpenError::Unavailable(words(&e))))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > SCHEMA {
        return Err(Failed::Open(OpenError::Newer(version)));
    }
    if version > 0 {
        match check_only_ours(&connection) {
            Err(OpenError::Unavailable(_)) | Ok(()) => {}
            Err(foreign) => return Err(Failed::Open(foreign)),
        }
    }
    if version == 0 {
        // Before the journal mode, so that the header has the application id from the first page on.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "application_id", APPLICATION)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A committed transaction survives the end of this process; a power failure may lose the last
    // seconds.
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
    // Every table is readable, in addition to quick_check.
    connection.query_row(
        "SELECT (SELECT count(*) FROM machines) + (SELECT count(*) FROM events WHERE pending)
              + (SELECT count(*) FROM incidents) + (SELECT count(*) FROM walks WHERE id < 0)",
        [],
        |_| Ok(()),
    )?;
    Ok(connection)
}

/// A report contains an operator's addresses and names, which are not for every user.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path).map(|_| ())
}

/// Renames a corrupt file and the files that belong to it.
pub(super) fn quarantine(path: &Path) -> Result<PathBuf, OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..1000)
        .map(|number| path.with_file_name(format!("{name}.broken-{number}")))
        .find(|other| !other.exists())
        .ok_or_else(|| {
            OpenError::Unavailable(
                "there are a thousand corrupt files next to it already".to_owned(),
            )
        })?;
    fs::rename(path, &free).map_err(|error| OpenError::Unavailable(words(&error)))?;
    for more in ["-wal", "-shm"] {
        let companion = with_end(path, more);
        // Usually absent; if it stayed, SQLite would use it for the new file.
        if fs::rename(&companion, with_end(&free, more)).is_err() {
            let _ = fs::remove_file(companion);
        }
    }
    Ok(free)
}

/// Whether the file itself is corrupt, as SQLite reports it; a missing table counts.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(error, rusqlite::Error::SqlInputError { .. })
}

/// Whether another program holds it at the moment.
pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether the file, or one of its journal, cannot be opened or created.
pub(super) fn cannot_open(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// The address by which SQLite reads a file that nothing writes without creating its journal: one on
/// a read-only medium, or in a folder of another user. None where a journal shows that a watch may
/// write it, or that its newest walks are there (sqlite.org/wal.html#readonly).
pub(super) fn unused_uri(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    let beside = |end: &str| fs::metadata(with_end(&path, end));
    let unused = beside("-shm").is_err() && beside("-wal").map_or(true, |about| about.len() == 0);
    let mut uri = url::Url::from_file_path(&path).ok()?;
    uri.set_query(Some("immutable=1"));
    unused.then(|| uri.into())
}

/// The path of a file that SQLite keeps next to the history.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// SQLite's error as a message for the operator.
pub(super) fn sql_words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        _ if is_locked(error) => "is locked by another program".to_owned(),
        Some(ErrorCode::DiskFull) => "the disk is full".to_owned(),
        Some(ErrorCode::ReadOnly) => "is read-only".to_owned(),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "cannot be opened or created".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => "the disk reports an I/O error".to_owned(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "is corrupt".to_owned(),
        _ => "SQLite cannot use it".to_owned(),
    }
}

/// An OS error's message without its number.
pub(super) fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
