//! The writer thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::file::{self, OpenError};
use super::lock::{self, Lock};
use super::queue::{Item, Queue, Shared};
use super::record::HistoryWrite;
use super::recovery::{self, RecoveredState};
use super::retention::{self, Bounds};
use crate::monitor::event::Event;

/// How soon writing is retried.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How often old walks are deleted.
const MAINTENANCE_INTERVAL: Duration = Duration::from_secs(600);

/// What the writer reports, each once until it is over.
#[derive(Debug, Clone, PartialEq)]
pub enum WriterEvent {
    /// The file cannot be written, with the reason; walks are kept in memory.
    CannotWrite(String),
    /// It can be written again; with the number of walks that had been waiting.
    Recovered(usize),
    /// It was corrupt and has been renamed to this; a new one was created.
    Quarantined(PathBuf),
    /// It could not be read at the start, and now can: what was open in it has been closed, since it
    /// could not continue. The closing events are in the file.
    Lost(Vec<Event>),
    /// This many of the oldest queued walks were dropped.
    Dropped(u64),
}

/// The open history.
#[derive(Debug)]
pub struct History {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    /// Opens the file, reads what an earlier run left, and starts the writer. `now` is the wall clock
    /// in milliseconds since 1970; `to_deliver` is whether there is a webhook; `report` is called on
    /// the writer's thread.
    ///
    /// # Errors
    ///
    /// A foreign or newer file, and one that another watch is using. A file that is locked or cannot be
    /// created is not an error: that is reported, and retried while walks wait in memory.
    pub fn start(
        path: &Path,
        bounds: Bounds,
        now: i64,
        to_deliver: bool,
        report: impl Fn(WriterEvent) + Send + 'static,
    ) -> Result<(Self, RecoveredState), OpenError> {
        let mut lock = None;
        let (opened, left) = match open(path, &bounds, &mut lock) {
            Ok(opened) => {
                if let Some(to) = &opened.set_aside {
                    report(WriterEvent::Quarantined(to.clone()));
                }
                let left = recovery::recover(&opened.connection, now);
                (Some(opened.connection), left)
            }
            Err(OpenError::Unavailable(words)) => {
                report(WriterEvent::CannotWrite(words));
                (None, RecoveredState::default())
            }
            Err(error) => return Err(error),
        };
        let unread = opened.is_none();
        let queue = Queue { cannot_write: unread, ..Queue::default() };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), wake: Condvar::new() });
        let writer = Writer {
            identity: opened.as_ref().and_then(|_| identity(path)),
            connection: opened,
            lock,
            path: path.to_owned(),
            bounds,
            shared: Arc::clone(&shared),
            report: Box::new(report),
            unread,
            to_deliver,
            started: (now, Instant::now()),
            maintained: None,
        };
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Unavailable(file::words(&error)))?;
        Ok((Self { shared, thread: Some(thread) }, left))
    }

    /// Queues something. The receiver completes when it is in the file, or with an error when the file
    /// cannot be written.
    pub fn enqueue(&self, write: HistoryWrite) -> oneshot::Receiver<()> {
        let (written, receiver) = oneshot::channel();
        let mut queue = self.shared.lock();
        // While the file cannot be written, callers do not wait.
        let written = (!queue.cannot_write).then_some(written);
        queue.bytes += write.bytes();
        queue.waiting.push_back(Item { write, written });
        queue.enforce_bounds();
        drop(queue);
        self.shared.wake.notify_one();
        receiver
    }

    /// Number of queued writes.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Whether the file can be written.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.shared.lock().cannot_write
    }

    /// Writes the queue and closes the file, within `timeout`; returns the number of writes that were
    /// left.
    pub fn close(mut self, timeout: Duration) -> usize {
        let end = Instant::now() + timeout;
        let mut queue = self.shared.lock();
        queue.closing = Some(end);
        self.shared.wake.notify_one();
        while !queue.done {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return queue.waiting.len() + queue.under_way;
            }
            queue = self.shared.wait(queue, left);
        }
        let waiting = queue.waiting.len();
        drop(queue);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        waiting
    }
}

struct Writer {
    path: PathBuf,
    bounds: Bounds,
    connection: Option<rusqlite::Connection>,
    /// Excludes other writers.
    lock: Option<Lock>,
    /// Device and inode of the open file.
    identity: Option<(u64, u64)>,
    /// It could not be opened at the start, and nothing has been written since: incidents of an earlier
    /// run that are still open in it will continue under new ids, if they continue.
    unread: bool,
    /// Whether there is a webhook for the closing events.
    to_deliver: bool,
    shared: Arc<Shared>,
    report: Box<dyn Fn(WriterEvent) + Send>,
    /// Wall clock and monotonic time at the start: the age of walks does not depend on a clock that
    /// jumps.
    started: (i64, Instant),
    maintained: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        loop {
            let (batch, closing) = self.next();
            if batch.is_empty() {
                if closing.is_some() {
                    break;
                }
                self.maintain();
                continue;
            }
            if let Err(words) = self.write(&batch) {
                self.put_back(batch, words);
                if closing.is_some() {
                    break;
                }
                continue;
            }
            self.written(batch);
            self.maintain();
        }
        if let Some(connection) = self.connection.take() {
            // Checkpoints the journal and deletes it.
            let _ = connection.close();
        }
        self.shared.lock().done = true;
        self.shared.wake.notify_all();
    }

    /// Waits for something to write; takes as much as fits into one transaction.
    fn next(&self) -> (Vec<Item>, Option<Instant>) {
        let mut queue = self.shared.lock();
        let begun = Instant::now();
        while queue.closing.is_none() {
            let pause = match (queue.cannot_write, queue.waiting.is_empty()) {
                (false, false) => break,
                (true, _) => RETRY_INTERVAL,
                (false, true) => MAINTENANCE_INTERVAL,
            };
            let left = pause.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            queue = self.shared.wait(queue, left);
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < self.bounds.transaction()
            && let Some(item) = queue.waiting.pop_front()
        {
            bytes += item.write.bytes();
            batch.push(item);
        }
        queue.bytes = queue.bytes.saturating_sub(bytes);
        queue.under_way = batch.len();
        (batch, queue.closing)
    }

    fn write(&mut self, batch: &[Item]) -> Result<(), String> {
        let same =
            identity(&self.path) == self.identity && self.lock.as_ref().is_some_and(Lock::is_there);
        if !same {
            // Deleted or replaced: the open file no longer has this name.
            self.connection = None;
        }
        for again in [true, false] {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.open()?,
            };
            let unread = self.unread.then_some(self.started.0);
            match transaction(&mut connection, batch, unread, self.to_deliver) {
                Ok(lost) => {
                    self.connection = Some(connection);
                    self.unread = false;
                    if !lost.is_empty() {
                        (self.report)(WriterEvent::Lost(lost));
                    }
                    return Ok(());
                }
                // Dropped: the next attempt opens it anew and finds what is wrong with it.
                Err(error) if file::is_broken(&error) && again => drop(connection),
                Err(error) => {
                    let words = file::sql_words(&error);
                    if file::is_locked(&error) {
                        self.connection = Some(connection);
                    }
                    return Err(words);
                }
            }
        }
        Err("is corrupt".to_owned())
    }

    fn open(&mut self) -> Result<rusqlite::Connection, String> {
        let opened = open(&self.path, &self.bounds, &mut self.lock);
        let opened = opened.map_err(|error| error.to_string())?;
        self.identity = identity(&self.path);
        if let Some(to) = opened.set_aside {
            (self.report)(WriterEvent::Quarantined(to));
        }
        Ok(opened.connection)
    }

    fn put_back(&self, batch: Vec<Item>, words: String) {
        let mut queue = self.shared.lock();
        queue.under_way = 0;
        for mut item in batch.into_iter().rev() {
            // Callers no longer wait for it.
            item.written = None;
            queue.bytes += item.write.bytes();
            queue.waiting.push_front(item);
        }
        for item in &mut queue.waiting {
            item.written = None;
        }
        queue.enforce_bounds();
        let news = !queue.cannot_write;
        queue.cannot_write = true;
        drop(queue);
        if news {
            (self.report)(WriterEvent::CannotWrite(words));
        }
    }

    fn written(&self, batch: Vec<Item>) {
        let mut queue = self.shared.lock();
        queue.under_way = 0;
        let was = std::mem::replace(&mut queue.cannot_write, false);
        let waited = batch.len() + queue.waiting.len();
        let dropped = std::mem::take(&mut queue.dropped);
        drop(queue);
        for item in batch {
            if let Some(written) = item.written {
                let _ = written.send(());
            }
        }
        if was {
            (self.report)(WriterEvent::Recovered(waited));
        }
        if dropped > 0 {
            (self.report)(WriterEvent::Dropped(dropped));
        }
    }

    /// Keeps the file within its bounds. An error here occurs again when a walk is written, and is
    /// reported there.
    fn maintain(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let _ = retention::by_size(connection, &self.bounds);
        if self.maintained.is_none_or(|last| last.elapsed() >= MAINTENANCE_INTERVAL) {
            let (wall, start) = self.started;
            let ran = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
            let _ = retention::by_age(connection, &self.bounds, wall.saturating_add(ran));
            self.maintained = Some(Instant::now());
        }
    }
}

/// Opens the file under its lock, which it takes unless it is held already.
fn open(path: &Path, bounds: &Bounds, lock: &mut Option<Lock>) -> Result<file::Opened, OpenError> {
    // No lock file is created next to a file of another program.
    file::look_at(path)?;
    if !lock.as_ref().is_some_and(Lock::is_there) {
        *lock = None;
        *lock = Some(Lock::take(path)?);
    }
    file::open(path, bounds)
}

/// Writes all of it or nothing. `unread` is the time of the start if the file could not be read
/// then: open incidents are closed first; returns their closing events.
fn transaction(
    to: &mut rusqlite::Connection,
    batch: &[Item],
    unread: Option<i64>,
    to_deliver: bool,
) -> rusqlite::Result<Vec<Event>> {
    let change = to.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let lost = match unread {
        Some(start) => recovery::open_incidents(&change, start)?,
        None => Vec::new(),
    };
    for event in &lost {
        let (target, events) = (event.target.clone(), vec![event.clone()]);
        HistoryWrite::Removed { target, events, to_deliver }.write(&change)?;
    }
    for item in batch {
        item.write.write(&change)?;
    }
    change.commit()?;
    Ok(lost)
}

/// Device and inode of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|about| lock::identity(&about))
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
