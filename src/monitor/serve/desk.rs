//! Who may have a walk, and when: scrapes that share one, a bounded queue, a bounded number of
//! walks. Plain data behind a lock that nobody holds while waiting.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::numbers::Numbers;
use crate::inventory::Entry;
use crate::report::Report;

/// The least part of its time that a probe must have left when its turn comes. With less, a
/// sound path could look silent.
const LEAST_LEFT: f64 = 0.5;
/// How long after its deadline a walk may still end: `getaddrinfo` has a grace of its own.
const GRACE: Duration = Duration::from_millis(300);
/// Walks that begin at the same time, for each walker. All at once would share the processor, and
/// each would take as long as all of them together; in turn, the first is done at once.
const BEGINNING: usize = 8;
/// From then on a walk waits for the network rather than for the processor, and no longer counts
/// as one that begins: silent targets hold up nobody.
pub(super) const BEGUN: Duration = Duration::from_millis(25);

/// The same for a walk that has `patience`: an answer is there before the scraper gives up, for
/// whom a fifth of a short time was left.
pub(super) fn grace(patience: Duration) -> Duration {
    GRACE.min(patience.mul_f64(0.15))
}

/// What came of a walk, for everybody who waits for it.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    /// It was made.
    Walked(Arc<Walked>),
    /// It could not be made: a file or a credential that is not to be had.
    Failed(Arc<str>),
}

/// A finished walk.
#[derive(Debug)]
pub(super) struct Walked {
    /// What was seen and concluded.
    pub(super) report: Arc<Report>,
    /// Its metrics, in Prometheus's text form.
    pub(super) exposition: axum::body::Bytes,
}

/// Why there is no walk for a scrape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// As many wait as may.
    QueueFull,
    /// Its turn did not come while there was time for a walk.
    NoTimeLeft,
    /// The server ends.
    Stopping,
}

/// One walk to make.
#[derive(Debug)]
pub(super) struct Job {
    number: u64,
    /// The target.
    pub(super) entry: Arc<Entry>,
    asked: Instant,
    /// When its answer must be there.
    pub(super) ends: Instant,
    tell: watch::Sender<Option<Outcome>>,
}

impl Job {
    /// Waits until nobody waits for the walk any more.
    pub(super) async fn unwanted(&self) {
        self.tell.closed().await;
    }
}

/// A walk that waits or is under way, which other scrapes may share.
#[derive(Debug)]
struct Flight {
    number: u64,
    asked: Instant,
    ends: Instant,
    entry: Arc<Entry>,
    tell: watch::Sender<Option<Outcome>>,
}

#[derive(Debug, Default)]
struct State {
    flights: HashMap<String, Vec<Flight>>,
    waiting: VecDeque<Job>,
    /// Walks under way, by walker.
    walking: Vec<usize>,
    /// Those of them that have just begun.
    beginning: HashSet<u64>,
    last: u64,
    stopping: bool,
}

/// The desk at which scrapes ask for walks.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    walkers: Vec<mpsc::UnboundedSender<Job>>,
    concurrency: usize,
    queue: usize,
    numbers: Arc<Numbers>,
}

impl Desk {
    /// A desk before these walkers.
    pub(super) fn new(
        walkers: Vec<mpsc::UnboundedSender<Job>>,
        concurrency: usize,
        queue: usize,
        numbers: Arc<Numbers>,
    ) -> Self {
        let state = State { walking: vec![0; walkers.len()], ..State::default() };
        Self { state: Mutex::new(state), walkers, concurrency, queue, numbers }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A walk of `entry` whose answer is there within `patience`: one that is under way and
    /// ends in time, or a new one.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(super) async fn ask(
        &self,
        entry: &Arc<Entry>,
        patience: Duration,
    ) -> Result<Outcome, Refused> {
        let asked = Instant::now();
        let ends = asked + patience;
        let (number, hear) = self.join(entry, asked, ends)?;
        // Whoever goes away, by a deadline or a closed connection, is counted out.
        let mut waiter = Waiter { desk: self, number, name: &entry.name, hear: Some(hear) };
        let Some(hear) = &mut waiter.hear else { return Err(Refused::Stopping) };
        let told = tokio::time::timeout_at(
            (ends + grace(patience)).into(),
            hear.wait_for(Option::is_some),
        );
        match told.await {
            Ok(Ok(outcome)) => outcome.clone().ok_or(Refused::NoTimeLeft),
            // The walker gave it up.
            Ok(Err(_)) if self.state().stopping => Err(Refused::Stopping),
            Ok(Err(_)) | Err(_) => {
                self.numbers.refused("no_time_left");
                Err(Refused::NoTimeLeft)
            }
        }
    }

    /// Shares a walk, or puts a new one on the list.
    fn join(
        &self,
        entry: &Arc<Entry>,
        asked: Instant,
        ends: Instant,
    ) -> Result<(u64, watch::Receiver<Option<Outcome>>), Refused> {
        let mut state = self.state();
        if state.stopping {
            return Err(Refused::Stopping);
        }
        let under_way = state.flights.get(&entry.name);
        // One that ends in time, of this very entry (a reload makes others), and that looks long
        // enough: nobody gets a verdict from a shorter look than a probe of its own would take.
        let fits = |flight: &&Flight| {
            flight.ends <= ends
                && Arc::ptr_eq(&flight.entry, entry)
                && flight.ends - flight.asked >= (ends - asked).mul_f64(LEAST_LEFT)
        };
        if let Some(flight) = under_way.and_then(|all| all.iter().find(fits)) {
            self.numbers.shared();
            return Ok((flight.number, flight.tell.subscribe()));
        }
        let walking: usize = state.walking.iter().sum();
        if walking + state.waiting.len() >= self.concurrency + self.queue {
            self.numbers.refused("queue_full");
            return Err(Refused::QueueFull);
        }
        state.last += 1;
        let number = state.last;
        let (tell, hear) = watch::channel(None);
        let flight = Flight { number, asked, ends, entry: Arc::clone(entry), tell: tell.clone() };
        state.flights.entry(entry.name.clone()).or_default().push(flight);
        let job = Job { number, entry: Arc::clone(entry), asked, ends, tell };
        state.waiting.push_back(job);
        self.hand_out(&mut state);
        Ok((number, hear))
    }

    /// Gives waiting walks to the walkers that have the fewest.
    fn hand_out(&self, state: &mut State) {
        while state.walking.iter().sum::<usize>() < self.concurrency
            && state.beginning.len() < BEGINNING * self.walkers.len()
        {
            let Some(job) = state.waiting.pop_front() else { break };
            let left = job.ends.saturating_duration_since(Instant::now());
            if left < (job.ends - job.asked).mul_f64(LEAST_LEFT) {
                // Its waiters hear that nobody tells them any more.
                self.forget(state, &job.entry.name, job.number);
                continue;
            }
            let fewest = (0..state.walking.len()).min_by_key(|walker| state.walking[*walker]);
            let Some(walker) = fewest else { break };
            state.walking[walker] += 1;
            state.beginning.insert(job.number);
            if let Err(gone) = self.walkers[walker].send(job) {
                state.walking[walker] -= 1;
                state.beginning.remove(&gone.0.number);
                self.forget(state, &gone.0.entry.name, gone.0.number);
            }
        }
        self.numbers.load(state.walking.iter().sum(), state.waiting.len());
    }

    fn forget(&self, state: &mut State, name: &str, number: u64) {
        if let Some(flights) = state.flights.get_mut(name) {
            flights.retain(|flight| flight.number != number);
            if flights.is_empty() {
                state.flights.remove(name);
            }
        }
    }

    /// Whether a walk is given up: nobody waits for it, and nobody will.
    pub(super) fn given_up(&self, job: &Job) -> bool {
        let mut state = self.state();
        let nobody = job.tell.receiver_count() == 0;
        if nobody {
            self.forget(&mut state, &job.entry.name, job.number);
        }
        nobody
    }

    /// A walk has lasted [`BEGUN`].
    pub(super) fn begun(&self, job: &Job) {
        let mut state = self.state();
        state.beginning.remove(&job.number);
        self.hand_out(&mut state);
    }

    /// A walker has done with a job.
    pub(super) fn done(&self, walker: usize, job: Job, outcome: Option<Outcome>) {
        let mut state = self.state();
        self.forget(&mut state, &job.entry.name, job.number);
        if let Some(walking) = state.walking.get_mut(walker) {
            *walking = walking.saturating_sub(1);
        }
        state.beginning.remove(&job.number);
        self.hand_out(&mut state);
        drop(state);
        if outcome.is_some() {
            job.tell.send_replace(outcome);
        }
    }

    /// Takes no more scrapes; those that wait are told so.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        state.waiting.clear();
        state.flights.clear();
    }
}

/// Somebody who waits for a walk.
struct Waiter<'a> {
    desk: &'a Desk,
    number: u64,
    name: &'a str,
    hear: Option<watch::Receiver<Option<Outcome>>>,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.hear = None;
        let mut state = self.desk.state();
        let number = self.number;
        let at = state.waiting.iter().position(|job| job.number == number);
        let unwanted = at.filter(|at| state.waiting[*at].tell.receiver_count() == 0);
        if let Some(at) = unwanted {
            state.waiting.remove(at);
            self.desk.forget(&mut state, self.name, number);
            let waiting = state.waiting.len();
            self.desk.numbers.load(state.walking.iter().sum(), waiting);
        }
    }
}
