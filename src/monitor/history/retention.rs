//! What is thrown away, so that the file stays within its bounds.

use std::time::Duration;

use rusqlite::{Connection, params};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long.
    pub keep: Duration,
    /// How many octets the file and its journal take, at most.
    pub octets: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { keep: Duration::from_secs(90 * 86_400), octets: 256 << 20 }
    }
}

/// The smallest bound that works, in octets.
pub const SMALLEST: u64 = 1 << 20;
/// The journal's share, in octets.
const JOURNAL: std::ops::RangeInclusive<u64> = (128 << 10)..=(4 << 20);
/// What lies beside the database and its journal: SQLite's index of the journal, our lock.
const BESIDE: u64 = 64 << 10;
/// Pages of SQLite by default, in octets.
const PAGE: u64 = 4096;

/// Walks that must have come after one before its age counts: a clock that was wrong for a
/// while throws nothing away.
const NEWER: i64 = 50;

impl Bounds {
    fn journal(&self) -> u64 {
        (self.octets.max(SMALLEST) / 8).clamp(*JOURNAL.start(), *JOURNAL.end())
    }

    fn pages(&self) -> u64 {
        self.octets.max(SMALLEST).saturating_sub(self.journal() + BESIDE) / PAGE
    }

    /// Pages that one step of throwing away may change, so that the journal stays within its
    /// share.
    fn step(&self) -> i64 {
        i64::try_from(self.journal() / 4 / PAGE).unwrap_or(i64::MAX)
    }

    /// Octets that one transaction may write.
    pub(super) fn transaction(&self) -> usize {
        usize::try_from(self.journal() / 4).unwrap_or(usize::MAX)
    }

    pub(super) fn set(&self, to: &Connection) -> rusqlite::Result<()> {
        let journal = i64::try_from(self.journal()).unwrap_or(i64::MAX);
        // The journal is copied back at half its share.
        to.pragma_update(None, "wal_autocheckpoint", journal / 2 / PAGE as i64)?;
        to.pragma_update(None, "journal_size_limit", journal)?;
        to.pragma_update(None, "cache_size", -1024)
    }
}

/// Throws away what is too old by `now`, in milliseconds since 1970.
pub(super) fn by_age(to: &mut Connection, bounds: &Bounds, now: i64) -> rusqlite::Result<()> {
    let newest: Option<i64> = to
        .query_row(
            "SELECT at FROM walks WHERE id <= (SELECT max(id) FROM walks) - ?1
         ORDER BY id DESC LIMIT 1",
            [NEWER],
            |row| row.get(0),
        )
        .map(Some)
        .or_else(none)?;
    let Some(newest) = newest else { return Ok(()) };
    let keep = i64::try_from(bounds.keep.as_millis()).unwrap_or(i64::MAX);
    let before = newest.min(now).saturating_sub(keep);
    let change = to.transaction()?;
    change.execute("DELETE FROM incidents WHERE ended < ?1", [before])?;
    change.execute("DELETE FROM events WHERE at < ?1", [before])?;
    change.execute(
        "DELETE FROM walks WHERE at < ?1 AND id NOT IN
             (SELECT evidence FROM incidents WHERE evidence IS NOT NULL)",
        [before],
    )?;
    change.commit()
}

/// Throws away the oldest until the file is within its bound: first reports that are no
/// incident's evidence, then walks, then incidents that have ended.
pub(super) fn by_size(to: &mut Connection, bounds: &Bounds) -> rusqlite::Result<()> {
    if count(to, "page_count")? <= bounds.pages() {
        return Ok(());
    }
    // A tenth of room, so that this is not due again at once.
    let wanted = bounds.pages() / 10 * 9;
    while count(to, "page_count")?.saturating_sub(count(to, "freelist_count")?) > wanted {
        if !throw_some_away(to, bounds.step())? {
            break;
        }
        shrink(to, bounds.step())?;
    }
    shrink(to, bounds.step())
}

/// A tenth of whatever is the least dear, or what changes about so many pages; false when there is
/// nothing left.
fn throw_some_away(to: &mut Connection, pages: i64) -> rusqlite::Result<bool> {
    const UNUSED: &str = "id NOT IN (SELECT evidence FROM incidents WHERE evidence IS NOT NULL)";
    let steps = [
        ("walks", format!("report IS NOT NULL AND {UNUSED}"), "UPDATE walks SET report = NULL"),
        ("walks", UNUSED.to_owned(), "DELETE FROM walks"),
        ("events", "NOT pending".to_owned(), "DELETE FROM events"),
        ("incidents", "ended IS NOT NULL".to_owned(), "DELETE FROM incidents"),
        ("walks", "report IS NOT NULL".to_owned(), "UPDATE walks SET report = NULL"),
    ];
    for (table, which, action) in steps {
        let change = to.transaction()?;
        let all: i64 = change.query_row(
            &format!("SELECT count(*) FROM {table} WHERE {which}"),
            [],
            |row| row.get(0),
        )?;
        if all == 0 {
            continue;
        }
        // Small steps: each is one transaction in a journal that is bounded too. A report has
        // pages of its own; a dozen other rows share one.
        let most = if action.starts_with("UPDATE") { pages / 2 } else { pages * 8 };
        let some = (all / 10).clamp(1, most.clamp(1, 500));
        change.execute(
            &format!(
                "{action} WHERE rowid IN
                 (SELECT rowid FROM {table} WHERE {which} ORDER BY rowid LIMIT ?1)"
            ),
            params![some],
        )?;
        change.commit()?;
        return Ok(true);
    }
    Ok(false)
}

/// Gives free pages back to the file system, so many at a time.
fn shrink(to: &Connection, pages: i64) -> rusqlite::Result<()> {
    let mut free = count(to, "freelist_count")?;
    loop {
        to.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
        // Not possible while somebody reads; then it is done another time.
        to.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let left = count(to, "freelist_count")?;
        if left == 0 || left >= free {
            return Ok(());
        }
        free = left;
    }
}

fn count(of: &Connection, what: &str) -> rusqlite::Result<u64> {
    of.pragma_query_value(None, what, |row| row.get::<_, i64>(0))
        .map(|count| u64::try_from(count).unwrap_or(0))
}

fn none<T>(error: rusqlite::Error) -> rusqlite::Result<Option<T>> {
    match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(None),
        error => Err(error),
    }
}
