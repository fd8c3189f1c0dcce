//! Which scrape gets a walk, and when: scrapes that share a walk, a bounded queue, a bounded
//! number of walks. Plain data behind a lock that is never held across an await.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::metrics::ServerMetrics;
use crate::inventory::Entry;
use crate::report::Report;

/// The share of its time that a probe must have left when its walk starts. With less, a working
/// path could look silent.
const MIN_TIME_LEFT: f64 = 0.5;
/// How long after its deadline a walk may still end: `getaddrinfo` has a grace of its own.
const GRACE: Duration = Duration::from_millis(300);
/// Walks that start at the same time, for each walker. All at once would share the processor, and
/// each would take as long as all of them together; one after the other, the first ends at once.
const MAX_STARTING: usize = 8;
/// After this time a walk waits for the network rather than for the processor, and no longer
/// counts as starting: silent targets do not hold up the others.
pub(super) const STARTED_AFTER: Duration = Duration::from_millis(25);

/// The same for a walk with `timeout`: its result arrives before the scraper gives up, which has
/// kept a fifth of a short timeout for it.
pub(super) fn grace(timeout: Duration) -> Duration {
    GRACE.min(timeout.mul_f64(0.15))
}

/// The result of a walk, for every scrape that waits for it.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It was made.
    Walked(Arc<Walked>),
    /// It could not be made: a file or a credential is not available.
    Failed(Arc<str>),
}

/// A finished walk.
#[derive(Debug)]
pub(super) struct Walked {
    /// Evidence and conclusions.
    pub(super) report: Arc<Report>,
    /// Its metrics, in Prometheus's text form.
    pub(super) exposition: axum::body::Bytes,
}

/// Why a scrape gets no walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// The queue is full.
    QueueFull,
    /// Its turn did not come while there was time for a walk.
    NoTimeLeft,
    /// The server is shutting down.
    Stopping,
}

/// One walk to make.
#[derive(Debug)]
pub(super) struct Job {
    number: u64,
    /// The target.
    pub(super) entry: Arc<Entry>,
    requested: Instant,
    /// When its result must be there.
    pub(super) deadline: Instant,
    result: watch::Sender<Option<Outcome>>,
}

impl Job {
    /// Waits until no scrape waits for the walk any more.
    pub(super) async fn abandoned(&self) {
        self.result.closed().await;
    }
}

/// A queued or running walk, which other scrapes may share.
#[derive(Debug)]
struct InFlight {
    number: u64,
    requested: Instant,
    deadline: Instant,
    entry: Arc<Entry>,
    result: watch::Sender<Option<Outcome>>,
}

#[derive(Debug, Default)]
struct State {
    in_flight: HashMap<String, Vec<InFlight>>,
    queue: VecDeque<Job>,
    /// Running walks, by walker.
    running: Vec<usize>,
    /// Those of them that have just started.
    starting: HashSet<u64>,
    last_number: u64,
    stopping: bool,
}

/// Distributes walks to the walkers.
#[derive(Debug)]
pub(super) struct Scheduler {
    state: Mutex<State>,
    walkers: Vec<mpsc::UnboundedSender<Job>>,
    concurrency: usize,
    max_queued: usize,
    metrics: Arc<ServerMetrics>,
}

impl Scheduler {
    /// A scheduler for these walkers.
    pub(super) fn new(
        walkers: Vec<mpsc::UnboundedSender<Job>>,
        concurrency: usize,
        max_queued: usize,
        metrics: Arc<ServerMetrics>,
    ) -> Self {
        let state = State { running: vec![0; walkers.len()], ..State::default() };
        Self { state: Mutex::new(state), walkers, concurrency, max_queued, metrics }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A walk of `entry` whose result arrives within `timeout`: one that is in flight and ends in
    /// time, or a new one.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub(super) async fn walk(
        &self,
        entry: &Arc<Entry>,
        timeout: Duration,
    ) -> Result<Outcome, Rejection> {
        let requested = Instant::now();
        let deadline = requested + timeout;
        let (number, result) = self.join(entry, requested, deadline)?;
        // A scrape that goes away, by its deadline or a closed connection, no longer counts.
        let mut waiter =
            Waiter { scheduler: self, number, name: &entry.name, result: Some(result) };
        let Some(result) = &mut waiter.result else { return Err(Rejection::Stopping) };
        let outcome = tokio::time::timeout_at(
            (deadline + grace(timeout)).into(),
            result.wait_for(Option::is_some),
        );
        match outcome.await {
            Ok(Ok(outcome)) => outcome.clone().ok_or(Rejection::NoTimeLeft),
            // The walk was given up.
            Ok(Err(_)) if self.state().stopping => Err(Rejection::Stopping),
            Ok(Err(_)) | Err(_) => {
                self.metrics.refused("no_time_left");
                Err(Rejection::NoTimeLeft)
            }
        }
    }

    /// Shares a walk, or queues a new one.
    fn join(
        &self,
        entry: &Arc<Entry>,
        requested: Instant,
        deadline: Instant,
    ) -> Result<(u64, watch::Receiver<Option<Outcome>>), Rejection> {
        let mut state = self.state();
        if state.stopping {
            return Err(Rejection::Stopping);
        }
        // It ends in time, is of this very entry (a reload makes new ones), and has enough time:
        // no scrape gets a verdict from a shorter walk than its own would be.
        let fits = |walk: &&InFlight| {
            walk.deadline <= deadline
                && Arc::ptr_eq(&walk.entry, entry)
                && walk.deadline - walk.requested >= (deadline - requested).mul_f64(MIN_TIME_LEFT)
        };
        let same_target = state.in_flight.get(&entry.name);
        if let Some(walk) = same_target.and_then(|all| all.iter().find(fits)) {
            self.metrics.shared();
            return Ok((walk.number, walk.result.subscribe()));
        }
        let running: usize = state.running.iter().sum();
        if running + state.queue.len() >= self.concurrency + self.max_queued {
            self.metrics.refused("queue_full");
            return Err(Rejection::QueueFull);
        }
        state.last_number += 1;
        let number = state.last_number;
        let (result, receiver) = watch::channel(None);
        let entry = Arc::clone(entry);
        state.in_flight.entry(entry.name.clone()).or_default().push(InFlight {
            number,
            requested,
            deadline,
            entry: Arc::clone(&entry),
            result: result.clone(),
        });
        state.queue.push_back(Job { number, entry, requested, deadline, result });
        self.dispatch(&mut state);
        Ok((number, receiver))
    }

    /// Gives queued walks to the walkers with the fewest running ones.
    fn dispatch(&self, state: &mut State) {
        while state.running.iter().sum::<usize>() < self.concurrency
            && state.starting.len() < MAX_STARTING * self.walkers.len()
        {
            let Some(job) = state.queue.pop_front() else { break };
            let left = job.deadline.saturating_duration_since(Instant::now());
            if left < (job.deadline - job.requested).mul_f64(MIN_TIME_LEFT) {
                // Dropping the sender ends the wait of its scrapes.
                self.forget(state, &job.entry.name, job.number);
                continue;
            }
            let least_loaded = (0..state.running.len()).min_by_key(|n| state.running[*n]);
            let Some(walker) = least_loaded else { break };
            state.running[walker] += 1;
            state.starting.insert(job.number);
            if let Err(unsent) = self.walkers[walker].send(job) {
                state.running[walker] -= 1;
                state.starting.remove(&unsent.0.number);
                self.forget(state, &unsent.0.entry.name, unsent.0.number);
            }
        }
        self.metrics.load(state.running.iter().sum(), state.queue.len());
    }

    fn forget(&self, state: &mut State, name: &str, number: u64) {
        if let Some(walks) = state.in_flight.get_mut(name) {
            walks.retain(|walk| walk.number != number);
            if walks.is_empty() {
                state.in_flight.remove(name);
            }
        }
    }

    /// Whether no scrape waits for a walk. No new one can join it then.
    pub(super) fn give_up_if_abandoned(&self, job: &Job) -> bool {
        let mut state = self.state();
        let abandoned = job.result.receiver_count() == 0;
        if abandoned {
            self.forget(&mut state, &job.entry.name, job.number);
        }
        abandoned
    }

    /// A walk has run for [`STARTED_AFTER`].
    pub(super) fn started(&self, job: &Job) {
        let mut state = self.state();
        state.starting.remove(&job.number);
        self.dispatch(&mut state);
    }

    /// A walker has finished a job.
    pub(super) fn finished(&self, walker: usize, job: Job, outcome: Option<Outcome>) {
        let mut state = self.state();
        self.forget(&mut state, &job.entry.name, job.number);
        if let Some(running) = state.running.get_mut(walker) {
            *running = running.saturating_sub(1);
        }
        state.starting.remove(&job.number);
        self.dispatch(&mut state);
        drop(state);
        if outcome.is_some() {
            job.result.send_replace(outcome);
        }
    }

    /// Accepts no more scrapes; those that wait are rejected.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        state.queue.clear();
        state.in_flight.clear();
    }
}

/// A scrape that waits for a walk. Dropping it takes a queued walk that no other scrape waits for
/// out of the queue.
struct Waiter<'a> {
    scheduler: &'a Scheduler,
    number: u64,
    name: &'a str,
    result: Option<watch::Receiver<Option<Outcome>>>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.result = None;
        let mut state = self.scheduler.state();
        let number = self.number;
        let at = state.queue.iter().position(|job| job.number == number);
        if let Some(at) = at.filter(|at| state.queue[*at].result.receiver_count() == 0) {
            state.queue.remove(at);
            self.scheduler.forget(&mut state, self.name, number);
            let queued = state.queue.len();
            self.scheduler.metrics.load(state.running.iter().sum(), queued);
        }
    }
}
