//! Reading a history that may be in use.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use serde::Serialize;

use super::file::{self, OpenError, SCHEMA};

/// A history, open for reading.
#[derive(Debug)]
pub struct Reader(Connection);

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct HistoryQuery {
    /// Only this target.
    pub target: Option<String>,
    /// Only what was open at or after this time, in milliseconds since 1970.
    pub since: Option<i64>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidentRow {
    /// Its id.
    pub incident: String,
    /// The target's name.
    pub target: String,
    /// `path` or `service`.
    pub subject: String,
    /// `at_risk`, `unstable`, `broken`, `cannot_tell`.
    pub condition: String,
    /// Its receiver.
    pub severity: String,
    /// Its begin, in milliseconds since 1970.
    #[serde(skip)]
    pub began: i64,
    /// Its end; none while it is open.
    #[serde(skip)]
    pub ended: Option<i64>,
    /// Its duration, in milliseconds of monotonic time.
    #[serde(skip)]
    pub lasted: Option<i64>,
    /// Id of the finding.
    pub cause: Option<String>,
    /// Its hop.
    pub hop: Option<String>,
    /// How sure it is.
    pub confidence: Option<String>,
    /// The cause in one clause.
    pub message: Option<String>,
    /// The resolver or proxy at which it is.
    pub via: Option<String>,
    /// The walk whose report is its evidence.
    pub walk: Option<i64>,
    /// Whether it was reported; false while muted.
    pub told: bool,
}

/// A target and its walks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    /// Its name.
    pub target: String,
    /// Number of walks that are kept.
    pub walks: i64,
    /// The first of them, in milliseconds since 1970.
    #[serde(skip)]
    pub first: i64,
    /// The newest of them.
    #[serde(skip)]
    pub last: i64,
    /// The state of the newest.
    pub state: String,
}

fn unavailable(error: rusqlite::Error) -> OpenError {
    OpenError::Unavailable(file::sql_words(&error))
}

/// A connection that reads, and the file's version.
fn connect(path: &Path, further: OpenFlags) -> rusqlite::Result<(Connection, i64)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags | further)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((connection, version))
}

impl Reader {
    /// Opens it; does not change it.
    ///
    /// # Errors
    ///
    /// No such file, and every [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        if file::look_at(path)?.is_none() {
            return Err(OpenError::Unavailable(
                "there is no such file (aoai-probe watch --history FILE writes one)".to_owned(),
            ));
        }
        let (connection, version) = match connect(path, OpenFlags::empty()) {
            Err(error) if file::cannot_open(&error) => match file::unused_uri(path) {
                Some(uri) => {
                    connect(Path::new(&uri), OpenFlags::SQLITE_OPEN_URI).map_err(unavailable)?
                }
                None => {
                    return Err(OpenError::Unavailable(
                        "its journal, the files that end in -wal and -shm, cannot be used by this \
                         user: be the user of watch, or copy all of them into a folder of your own"
                            .to_owned(),
                    ));
                }
            },
            connected => connected.map_err(unavailable)?,
        };
        match version {
            0 => Err(OpenError::Unavailable("is empty".to_owned())),
            version if version > SCHEMA => Err(OpenError::Newer(version)),
            _ => file::check_only_ours(&connection).map(|()| Self(connection)),
        }
    }

    /// Incidents, oldest first.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub fn incidents(&self, wanted: &HistoryQuery) -> Result<Vec<IncidentRow>, String> {
        self.rows(
            "SELECT id, target, subject, condition, severity, began, ended, lasted, cause, hop,
                    sure, says, via, evidence, told
             FROM incidents
             WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR coalesce(ended, ?2) >= ?2)
             ORDER BY began, id",
            wanted,
            |row| {
                Ok(IncidentRow {
                    incident: row.get(0)?,
                    target: row.get(1)?,
                    subject: row.get(2)?,
                    condition: row.get(3)?,
                    severity: row.get(4)?,
                    began: row.get(5)?,
                    ended: row.get(6)?,
                    lasted: row.get(7)?,
                    cause: row.get(8)?,
                    hop: row.get(9)?,
                    confidence: row.get(10)?,
                    message: row.get(11)?,
                    via: row.get(12)?,
                    walk: row.get(13)?,
                    told: row.get(14)?,
                })
            },
        )
    }

    /// The targets and their walks.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub fn targets(&self, wanted: &HistoryQuery) -> Result<Vec<TargetRow>, String> {
        self.rows(
            "SELECT target, count(*), min(at), max(at),
                    (SELECT state FROM walks newest WHERE newest.target = walks.target
                     ORDER BY id DESC LIMIT 1)
             FROM walks
             WHERE (?1 IS NULL OR target = ?1) AND (?2 IS NULL OR at >= ?2)
             GROUP BY target ORDER BY target",
            wanted,
            |row| {
                Ok(TargetRow {
                    target: row.get(0)?,
                    walks: row.get(1)?,
                    first: row.get(2)?,
                    last: row.get(3)?,
                    state: row.get(4)?,
                })
            },
        )
    }

    /// The report of one walk as JSON; none if the walk does not exist, or its report was not kept.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub fn report(&self, walk: i64) -> Result<Option<String>, String> {
        self.0
            .query_row("SELECT report FROM walks WHERE id = ?1", [walk], |row| row.get(0))
            .optional()
            .map(Option::flatten)
            .map_err(|error| file::sql_words(&error))
    }

    /// The newest walk of a target before `walk` that worked and whose report was kept.
    ///
    /// # Errors
    ///
    /// Why the file cannot be read.
    pub fn last_good(&self, target: &str, walk: i64) -> Result<Option<i64>, String> {
        self.0
            .query_row(
                "SELECT id FROM walks
                 WHERE target = ?1 AND id < ?2 AND state = 'works' AND report IS NOT NULL
                 ORDER BY id DESC LIMIT 1",
                params![target, walk],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| file::sql_words(&error))
    }

    fn rows<T>(
        &self,
        sql: &str,
        wanted: &HistoryQuery,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, String> {
        self.0
            .prepare(sql)
            .and_then(|mut statement| {
                statement.query_map(params![wanted.target, wanted.since], &read)?.collect()
            })
            .map_err(|error| file::sql_words(&error))
    }
}
