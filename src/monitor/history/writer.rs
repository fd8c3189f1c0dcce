//! The thread that writes, and what waits for it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::file::{self, OpenError};
use super::record::Keep;
use super::retention::{self, Bounds};
use crate::monitor::event::{Event, Kind};
use crate::monitor::state::Machine;

/// Walks that wait in memory while the file cannot be written, at most.
const MOST_WAITING: usize = 20_000;
/// Octets that they take, at most.
const MOST_OCTETS: usize = 16 << 20;
/// How soon a file that could not be written is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often old walks are looked for.
const TIDY: Duration = Duration::from_secs(600);
/// Webhook events that are older are not sent after a restart.
const LATE: i64 = 3_600_000;

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
    /// could not go on.
    Lost(Vec<Event>),
    /// This many of the oldest walks that waited were dropped.
    Dropped(u64),
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct Left {
    /// The state machines by target.
    pub machines: Vec<Machine>,
    /// Events for the webhook that had not arrived, oldest first.
    pub undelivered: Vec<Event>,
    /// The ends of open incidents whose target's machine cannot be read: nothing else would
    /// ever end them. They are not in the file yet.
    pub lost: Vec<Event>,
}

/// The open history.
#[derive(Debug)]
pub struct History {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Item>,
    octets: usize,
    dropped: u64,
    cannot_write: bool,
    closing: Option<Instant>,
    done: bool,
}

#[derive(Debug)]
struct Item {
    keep: Keep,
    written: Option<oneshot::Sender<()>>,
}

impl History {
    /// Opens the file, reads what an earlier run left, and starts the writer. `now` is the wall
    /// clock in milliseconds since 1970; `says` is called on the writer's thread.
    ///
    /// # Errors
    ///
    /// A foreign or newer file. One that is locked or cannot be made is no error: it is said,
    /// and tried again while walks wait in memory.
    pub fn start(
        path: &Path,
        bounds: Bounds,
        now: i64,
        says: impl Fn(Report) + Send + 'static,
    ) -> Result<(Self, Left), OpenError> {
        let (opened, left) = match file::open(path, &bounds) {
            Ok(opened) => {
                if let Some(to) = &opened.set_aside {
                    says(Report::SetAside(to.clone()));
                }
                let left = left(&opened.connection, now);
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
            path: path.to_owned(),
            bounds,
            shared: Arc::clone(&shared),
            says: Box::new(says),
            unread,
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
                return queue.waiting.len();
            }
            queue = self
                .shared
                .wake
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let waiting = queue.waiting.len();
        drop(queue);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        waiting
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Gives up reports first, the oldest first; then walks that tell nothing new; then any.
    fn stay_bounded(&mut self) {
        if self.octets > MOST_OCTETS {
            for item in &mut self.waiting {
                if let Keep::Walk(record) = &mut item.keep
                    && let Some(report) = record.report.take()
                {
                    self.octets = self.octets.saturating_sub(report.len());
                }
                if self.octets <= MOST_OCTETS / 2 {
                    break;
                }
            }
        }
        while self.waiting.len() > MOST_WAITING || self.octets > MOST_OCTETS {
            let dull =
                |item: &Item| matches!(&item.keep, Keep::Walk(record) if record.events.is_empty());
            let at = self.waiting.iter().position(dull).unwrap_or(0);
            let Some(item) = self.waiting.remove(at) else { return };
            self.octets = self.octets.saturating_sub(item.keep.octets());
            self.dropped += 1;
        }
    }
}

struct Writer {
    path: PathBuf,
    bounds: Bounds,
    connection: Option<rusqlite::Connection>,
    /// Device and number of the file that is open.
    identity: Option<(u64, u64)>,
    /// It could not be opened at the start: what an earlier run left open in it goes on under
    /// new ids, if it goes on.
    unread: bool,
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
            queue = self
                .shared
                .wake
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
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
        (batch, queue.closing)
    }

    fn write(&mut self, batch: &[Item]) -> Result<(), String> {
        if self.connection.is_some() && identity(&self.path) != self.identity {
            // Taken away or replaced under us: what is open is nobody's file any more.
            self.connection = None;
        }
        for again in [true, false] {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => self.open()?,
            };
            match transaction(&mut connection, batch) {
                Ok(()) => {
                    self.connection = Some(connection);
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
        let opened = file::open(&self.path, &self.bounds).map_err(|error| error.to_string())?;
        self.identity = identity(&self.path);
        if let Some(to) = opened.set_aside {
            (self.says)(Report::SetAside(to));
        }
        if std::mem::take(&mut self.unread) {
            let lost = open_incidents(&opened.connection, self.started.0).unwrap_or_default();
            let written = lost.iter().try_for_each(|event| {
                let (target, events) = (event.target.clone(), vec![event.clone()]);
                Keep::Removed { target, events, to_deliver: false }.write(&opened.connection)
            });
            if written.is_ok() && !lost.is_empty() {
                (self.says)(Report::Lost(lost));
            }
        }
        Ok(opened.connection)
    }

    fn put_back(&self, batch: Vec<Item>, words: String) {
        let mut queue = self.shared.lock();
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

fn transaction(to: &mut rusqlite::Connection, batch: &[Item]) -> rusqlite::Result<()> {
    let change = to.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for item in batch {
        item.keep.write(&change)?;
    }
    change.commit()
}

/// What an earlier run left. A machine that cannot be read is begun anew.
fn left(from: &rusqlite::Connection, now: i64) -> Left {
    let rows = |sql: &str| -> rusqlite::Result<Vec<String>> {
        from.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let machines = rows("SELECT saved FROM machines ORDER BY target").unwrap_or_default();
    // Nobody is told that something began which is over, when its end has been told.
    let _ = from.execute(
        "UPDATE events SET pending = 0
         WHERE pending AND kind IN ('opened', 'sharpened', 'noted')
           AND incident IN (SELECT id FROM incidents WHERE ended IS NOT NULL)
           AND incident NOT IN (SELECT incident FROM events
                                WHERE pending AND kind = 'closed' AND incident IS NOT NULL)",
        [],
    );
    let events = rows("SELECT body FROM events WHERE pending ORDER BY id").unwrap_or_default();
    let machines: Vec<Machine> =
        machines.iter().filter_map(|saved| serde_json::from_str(saved).ok()).collect();
    let mut lost = open_incidents(from, now).unwrap_or_default();
    lost.retain(|event| machines.iter().all(|machine| machine.target() != event.target));
    Left {
        machines,
        lost,
        undelivered: events
            .iter()
            .filter_map(|body| serde_json::from_str::<Event>(body).ok())
            .filter(|event| now.saturating_sub(event.at) <= LATE)
            .collect(),
    }
}

/// What is open, each as the event that ends it since its machine is lost.
fn open_incidents(from: &rusqlite::Connection, now: i64) -> rusqlite::Result<Vec<Event>> {
    let found: Vec<(String, i64, bool)> = from
        .prepare(
            "SELECT (SELECT body FROM events WHERE incident = incidents.id AND target = incidents.target
                       AND kind IN ('opened', 'sharpened') ORDER BY events.id DESC LIMIT 1) newest,
                    began, told
             FROM incidents WHERE ended IS NULL AND newest IS NOT NULL ORDER BY began, id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let events = found.into_iter().filter_map(|(body, began, told)| {
        let newest: Event = serde_json::from_str(&body).ok()?;
        Some(Event {
            kind: Kind::Closed,
            changed: Vec::new(),
            note: Some("its walks could not be read after a restart; it is judged anew".to_owned()),
            at: now,
            lasted: Some(now.saturating_sub(began).max(0)),
            muted: !told,
            ..newest
        })
    });
    Ok(events.collect())
}

/// Device and number of a file.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

/// Elsewhere a file that is open cannot be taken away.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|_| (0, 0))
}
