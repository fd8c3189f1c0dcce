//! The thread that writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::file::{self, OpenError};
use super::left::{self, Left};
use super::lock::{self, Lock};
use super::queue::{Item, Queue, Shared};
use super::record::Keep;
use super::retention::{self, Bounds};
use crate::monitor::event::Event;

/// How soon a file that could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often old walks are looked for.
const TIDY: Duration = Duration::from_secs(600);

/// What the writer has to say; each once, until it is over.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The file cannot be written, and why; walks are kept in memory.
    CannotWrite(String),
    /// It is written again, with this many walks that waited.
    WritesAgain(usize),
    /// It was broken, and is now under this name; a new one was begun.
    SetAside(PathBuf),
    /// It could not be read at the start, and now is: what was open in it has ended, since it
    /// could not go on. The ends are in the file.
    Lost(Vec<Event>),
    /// This many of the oldest walks that waited were dropped.
    Dropped(u64),
}

/// The open history.
#[derive(Debug)]
pub struct History {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl History {
    /// Opens the file, reads what an earlier run left, and starts the writer. `now` is the wall
    /// clock in milliseconds since 1970; `to_deliver` says whether there is a webhook; `says` is
    /// called on the writer's thread.
    ///
    /// # Errors
    ///
    /// A foreign or newer file, and one that another watch writes. One that is locked or cannot
    /// be made is no error: it is said, and tried again while walks wait in memory.
    pub fn start(
        path: &Path,
        bounds: Bounds,
        now: i64,
        to_deliver: bool,
        says: impl Fn(Report) + Send + 'static,
    ) -> Result<(Self, Left), OpenError> {
        let mut lock = None;
        let (opened, left) = match open(path, &bounds, &mut lock) {
            Ok(opened) => {
                if let Some(to) = &opened.set_aside {
                    says(Report::SetAside(to.clone()));
                }
                let left = left::left(&opened.connection, now);
                (Some(opened.connection), left)
            }
            Err(OpenError::Unavailable(words)) => {
                says(Report::CannotWrite(words));
                (None, Left::default())
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
            says: Box::new(says),
            unread,
            to_deliver,
            started: (now, Instant::now()),
            tidied: None,
        };
        let thread = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::Unavailable(file::words(&error)))?;
        Ok((Self { shared, thread: Some(thread) }, left))
    }

    /// Hands something over. The receiver ends when it is in the file, or with an error when it
    /// waits because the file cannot be written.
    pub fn keep(&self, keep: Keep) -> oneshot::Receiver<()> {
        let (written, receiver) = oneshot::channel();
        let mut queue = self.shared.lock();
        // Nobody waits for a file that cannot be written.
        let written = (!queue.cannot_write).then_some(written);
        queue.octets += keep.octets();
        queue.waiting.push_back(Item { keep, written });
        queue.stay_bounded();
        drop(queue);
        self.shared.wake.notify_one();
        receiver
    }

    /// Things that wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// Whether the file is written.
    #[must_use]
    pub fn writes(&self) -> bool {
        !self.shared.lock().cannot_write
    }

    /// Writes what waits and closes the file, within `patience`; gives what had to be left.
    pub fn close(mut self, patience: Duration) -> usize {
        let end = Instant::now() + patience;
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
    /// Nobody else writes it.
    lock: Option<Lock>,
    /// Device and number of the file that is open.
    identity: Option<(u64, u64)>,
    /// It could not be opened at the start, and nothing has been written since: what an earlier
    /// run left open in it goes on under new ids, if it goes on.
    unread: bool,
    /// Whether there is a webhook that takes what ends by that.
    to_deliver: bool,
    shared: Arc<Shared>,
    says: Box<dyn Fn(Report) + Send>,
    /// Wall clock and monotonic time at the start: the clock may jump, the age of walks not.
    started: (i64, Instant),
    tidied: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        loop {
            let (batch, closing) = self.next();
            if batch.is_empty() {
                if closing.is_some() {
                    break;
                }
                self.tidy();
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
            self.tidy();
        }
        if let Some(connection) = self.connection.take() {
            // Copies the journal back, and takes it away.
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
                (true, _) => AGAIN,
                (false, true) => TIDY,
            };
            let left = pause.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            queue = self.shared.wait(queue, left);
        }
        let mut batch = Vec::new();
        let mut octets = 0;
        while octets < self.bounds.transaction()
            && let Some(item) = queue.waiting.pop_front()
        {
            octets += item.keep.octets();
            batch.push(item);
        }
        queue.octets = queue.octets.saturating_sub(octets);
        queue.under_way = batch.len();
        (batch, queue.closing)
    }

    fn write(&mut self, batch: &[Item]) -> Result<(), String> {
        let same =
            identity(&self.path) == self.identity && self.lock.as_ref().is_some_and(Lock::is_there);
        if !same {
            // Taken away or replaced under us: what is open is nobody's file any more.
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
                        (self.says)(Report::Lost(lost));
                    }
                    return Ok(());
                }
                // Dropped: a new one is opened next time, which also sees what is wrong with it.
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
        Err("is broken".to_owned())
    }

    fn open(&mut self) -> Result<rusqlite::Connection, String> {
        let opened = open(&self.path, &self.bounds, &mut self.lock);
        let opened = opened.map_err(|error| error.to_string())?;
        self.identity = identity(&self.path);
        if let Some(to) = opened.set_aside {
            (self.says)(Report::SetAside(to));
        }
        Ok(opened.connection)
    }

    fn put_back(&self, batch: Vec<Item>, words: String) {
        let mut queue = self.shared.lock();
        queue.under_way = 0;
        for mut item in batch.into_iter().rev() {
            // Whoever waits is told that it will take a while.
            item.written = None;
            queue.octets += item.keep.octets();
            queue.waiting.push_front(item);
        }
        for item in &mut queue.waiting {
            item.written = None;
        }
        queue.stay_bounded();
        let news = !queue.cannot_write;
        queue.cannot_write = true;
        drop(queue);
        if news {
            (self.says)(Report::CannotWrite(words));
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
            (self.says)(Report::WritesAgain(waited));
        }
        if dropped > 0 {
            (self.says)(Report::Dropped(dropped));
        }
    }

    /// Keeps the file within its bounds. What fails here fails again when a walk is written,
    /// and is said there.
    fn tidy(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let _ = retention::by_size(connection, &self.bounds);
        if self.tidied.is_none_or(|last| last.elapsed() >= TIDY) {
            let (wall, start) = self.started;
            let ran = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
            let _ = retention::by_age(connection, &self.bounds, wall.saturating_add(ran));
            self.tidied = Some(Instant::now());
        }
    }
}

/// Opens the file under its lock, which it takes unless it has it.
fn open(path: &Path, bounds: &Bounds, lock: &mut Option<Lock>) -> Result<file::Opened, OpenError> {
    // Beside a file that is not ours no lock is made.
    file::look_at(path)?;
    if !lock.as_ref().is_some_and(Lock::is_there) {
        *lock = None;
        *lock = Some(Lock::take(path)?);
    }
    file::open(path, bounds)
}

/// Writes all of it or nothing. `unread` is the time of the start, when what an earlier run left
/// could not be read then: what is open ends first, and is what this gives.
fn transaction(
    to: &mut rusqlite::Connection,
    batch: &[Item],
    unread: Option<i64>,
    to_deliver: bool,
) -> rusqlite::Result<Vec<Event>> {
    let change = to.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let lost = match unread {
        Some(start) => left::open_incidents(&change, start)?,
        None => Vec::new(),
    };
    for event in &lost {
        let (target, events) = (event.target.clone(), vec![event.clone()]);
        Keep::Removed { target, events, to_deliver }.write(&change)?;
    }
    for item in batch {
        item.keep.write(&change)?;
    }
    change.commit()?;
    Ok(lost)
}

/// Device and number of a file.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|about| lock::identity(&about))
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
