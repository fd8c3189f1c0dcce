//! What is deleted so that the file stays within its limits.

use std::time::Duration;

use rusqlite::{Connection, params};

use crate::inventory::WatchSettings;

/// How much is kept. The defaults are those of [`WatchSettings`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long.
    pub keep: Duration,
    /// The size of the file and its journal, at most, in bytes.
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        let settings = WatchSettings::default();
        Self { keep: settings.keep, bytes: settings.keep_bytes }
    }
}

/// The smallest limit that works, in bytes.
pub const MIN_BYTES: u64 = 1 << 20;
/// The journal's share, in bytes.
const JOURNAL: std::ops::RangeInclusive<u64> = (128 << 10)..=(4 << 20);
/// Files next to the database and its journal: SQLite's index of the journal, the lock.
const SIDE_FILES: u64 = 64 << 10;
/// Pages of SQLite by default, in bytes.
const PAGE: u64 = 4096;

/// Later walks that must exist before the age of a walk counts: a clock that was wrong for a while
/// deletes nothing.
const MIN_NEWER_WALKS: i64 = 50;

impl Bounds {
    fn journal(&self) -> u64 {
        (self.bytes.max(MIN_BYTES) / 8).clamp(*JOURNAL.start(), *JOURNAL.end())
    }

    fn pages(&self) -> u64 {
        self.bytes.max(MIN_BYTES).saturating_sub(self.journal() + SIDE_FILES) / PAGE
    }

    /// Pages that one deletion step may change, so that the journal stays within its share.
    fn step(&self) -> i64 {
        i64::try_from(self.journal() / 4 / PAGE).unwrap_or(i64::MAX)
    }

    /// Bytes that one transaction may write.
    pub(super) fn transaction(&self) -> usize {
        usize::try_from(self.journal() / 4).unwrap_or(usize::MAX)
    }

    pub(super) fn set(&self, to: &Connection) -> rusqlite::Result<()> {
        let journal = i64::try_from(self.journal()).unwrap_or(i64::MAX);
        // A checkpoint at half of the journal's share.
        to.pragma_update(None, "wal_autocheckpoint", journal / 2 / PAGE as i64)?;
        to.pragma_update(None, "journal_size_limit", journal)?;
        to.pragma_update(None, "cache_size", -1024)
    }
}

/// Deletes what is too old at `now`, in milliseconds since 1970.
pub(super) fn by_age(to: &mut Connection, bounds: &Bounds, now: i64) -> rusqlite::Result<()> {
    let newest: Option<i64> = to
        .query_row(
            "SELECT at FROM walks WHERE id <= (SELECT max(id) FROM walks) - ?1
         ORDER BY id DESC LIMIT 1",
            [MIN_NEWER_WALKS],
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

/// Deletes the oldest rows until the file is within its limit: first reports that are not the
/// evidence of an incident, then walks, then closed incidents.
pub(super) fn by_size(to: &mut Connection, bounds: &Bounds) -> rusqlite::Result<()> {
    if count(to, "page_count")? <= bounds.pages() {
        return Ok(());
    }
    // With a tenth to spare, so that it is not due again at once.
    let wanted = bounds.pages() / 10 * 9;
    while count(to, "page_count")?.saturating_sub(count(to, "freelist_count")?) > wanted {
        if !evict_oldest(to, bounds.step())? {
            break;
        }
        shrink(to, bounds.step())?;
    }
    shrink(to, bounds.step())
}

/// Deletes a tenth of the least valuable rows, or as many as change about `pages` pages; false when
/// nothing is left to delete.
fn evict_oldest(to: &mut Connection, pages: i64) -> rusqlite::Result<bool> {
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
        // Small steps: each is one transaction in a journal that is limited too. A report has pages
        // of its own; a dozen other rows share one page.
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

/// Returns free pages to the file system, `pages` at a time.
fn shrink(to: &Connection, pages: i64) -> rusqlite::Result<()> {
    let mut free = count(to, "freelist_count")?;
    loop {
        to.execute_batch(&format!("PRAGMA incremental_vacuum({pages})"))?;
        // Not possible while the file is being read; a later call does it.
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
