//! Threads that walk: walks cannot move from thread to thread, so each has its own runtime,
//! its own view of the machine and its own tokens.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::mpsc;

use super::desk::{BEGUN, Desk, Job, Outcome, Walked};
use super::numbers::Numbers;
use super::past::Past;
use super::targets::Targets;
use crate::monitor::walker::{NotWalked, Walker};
use crate::panics;
use crate::render::metrics;
use crate::report::Report;
use crate::world::World;

/// Threads at most: a walk is mostly waiting.
const MOST: usize = 8;

/// How the outside is read, by any thread.
pub type Look = Arc<dyn Fn() -> World + Send + Sync>;

/// As many threads as the machine has processors.
pub(super) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST)
}

/// What every thread needs.
pub(super) struct Shared {
    pub(super) desk: Arc<Desk>,
    pub(super) past: Arc<Past>,
    pub(super) targets: Arc<RwLock<Arc<Targets>>>,
    pub(super) numbers: Arc<Numbers>,
    pub(super) look: Look,
}

impl Shared {
    /// Keeps a walk for the pages, unless its target was taken away meanwhile. The inventory
    /// stays as it is until that is done.
    fn keep(&self, job: &Job, began: Instant, report: &Arc<Report>) {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        if targets.have(&job.entry) {
            self.past.keep(began, report);
        }
    }
}

/// Starts the thread of one walker; the process does not wait for it at its end.
///
/// # Errors
///
/// No thread or no runtime is to be had.
pub(super) fn start(
    number: usize,
    shared: Arc<Shared>,
    jobs: mpsc::UnboundedReceiver<Job>,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("the network cannot be used: {}", crate::wire::words(&e)))?;
    std::thread::Builder::new()
        .name(format!("walker-{number}"))
        .spawn(move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, work(number, shared, jobs));
        })
        .map(drop)
        .map_err(|e| format!("no thread for the walks: {}", crate::wire::words(&e)))
}

async fn work(number: usize, shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let look = Arc::clone(&shared.look);
    let walker = std::rc::Rc::new(Walker::new(move || look()));
    while let Some(job) = jobs.recv().await {
        let (walker, shared) = (std::rc::Rc::clone(&walker), Arc::clone(&shared));
        tokio::task::spawn_local(async move {
            let outcome = one(&walker, &shared, &job).await;
            shared.desk.done(number, job, outcome);
        });
    }
}

/// One walk; none when nobody waits for it any more.
async fn one(walker: &Walker, shared: &Shared, job: &Job) -> Option<Outcome> {
    let began = Instant::now();
    let within = job.ends.saturating_duration_since(began);
    let mut walk = std::pin::pin!(walker.walk(&job.entry, Some(within)));
    let mut beginning = std::pin::pin!(tokio::time::sleep(BEGUN));
    let mut begins = true;
    let walked = loop {
        tokio::select! {
            biased;
            walked = &mut walk => break walked,
            () = &mut beginning, if begins => {
                begins = false;
                shared.desk.begun(job);
            }
            () = job.unwanted() => {
                if shared.desk.given_up(job) {
                    shared.numbers.given_up();
                    return None;
                }
            }
        }
    };
    let outcome = match walked {
        Ok(report) => panics::caught(|| {
            let exposition = metrics::exposition(&report).into();
            shared.numbers.walked(report.verdict.state, began.elapsed());
            Walked { report: Arc::new(report), exposition }
        })
        .map_err(NotWalked::Bug),
        Err(why) => Err(why),
    };
    let outcome = outcome.or_else(|why| {
        shared.numbers.failed();
        match &why {
            // Nothing that the operator can put right: the target's state is not known, and the
            // scraper learns why.
            NotWalked::Bug(_) => panics::caught(|| {
                let report = Arc::new(walker.not_walked(&job.entry, &why.to_string()));
                Walked { exposition: metrics::exposition(&report).into(), report }
            })
            .map_err(|_| why),
            NotWalked::Lacks(_) => Err(why),
        }
    });
    Some(match outcome {
        Ok(walked) => {
            shared.keep(job, began, &walked.report);
            Outcome::Walked(Arc::new(walked))
        }
        Err(why) => Outcome::Failed(why.to_string().into()),
    })
}
