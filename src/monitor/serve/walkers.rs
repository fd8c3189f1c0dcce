//! Threads that walk: a walk cannot move from thread to thread, so each thread has its own
//! runtime, its own view of the machine and its own tokens.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::mpsc;

use super::metrics::ServerMetrics;
use super::recent_walks::RecentWalks;
use super::scheduler::{Job, Outcome, STARTED_AFTER, Scheduler, Walked};
use super::targets::Targets;
use crate::monitor::walker::{NotWalked, Walker};
use crate::panics;
use crate::render::metrics;
use crate::report::Report;
use crate::world::World;

/// Threads, at most: a walk mostly waits.
const MAX_WALKERS: usize = 8;

/// Reads the outside, on any thread.
pub type WorldReader = Arc<dyn Fn() -> World + Send + Sync>;

/// One thread for each processor.
pub(super) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WALKERS)
}

/// What every thread needs.
pub(super) struct Shared {
    pub(super) scheduler: Arc<Scheduler>,
    pub(super) recent: Arc<RecentWalks>,
    pub(super) targets: Arc<RwLock<Arc<Targets>>>,
    pub(super) metrics: Arc<ServerMetrics>,
    pub(super) read_world: WorldReader,
}

impl Shared {
    /// Keeps a walk for the pages, unless its target has been removed meanwhile. The lock keeps the
    /// inventory unchanged until then.
    fn keep(&self, job: &Job, began: Instant, report: &Arc<Report>) {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        if targets.contains(&job.entry) {
            self.recent.keep(began, report);
        }
    }
}

/// Starts the thread of one walker. The process does not wait for it when it ends.
///
/// # Errors
///
/// A thread or a runtime cannot be started.
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
        .map_err(|e| {
            format!("a thread for the walks cannot be started: {}", crate::wire::words(&e))
        })
}

async fn work(number: usize, shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let read_world = Arc::clone(&shared.read_world);
    let walker = std::rc::Rc::new(Walker::new(move || read_world()));
    while let Some(job) = jobs.recv().await {
        let (walker, shared) = (std::rc::Rc::clone(&walker), Arc::clone(&shared));
        tokio::task::spawn_local(async move {
            let outcome = walk(&walker, &shared, &job).await;
            shared.scheduler.finished(number, job, outcome);
        });
    }
}

/// One walk; none when it was given up because no scrape waits for it any more.
async fn walk(walker: &Walker, shared: &Shared, job: &Job) -> Option<Outcome> {
    let began = Instant::now();
    let within = job.deadline.saturating_duration_since(began);
    let mut walk = std::pin::pin!(walker.walk(&job.entry, Some(within)));
    let mut starting = std::pin::pin!(tokio::time::sleep(STARTED_AFTER));
    let mut is_starting = true;
    let walked = loop {
        tokio::select! {
            biased;
            walked = &mut walk => break walked,
            () = &mut starting, if is_starting => {
                is_starting = false;
                shared.scheduler.started(job);
            }
            () = job.abandoned() => {
                if shared.scheduler.give_up_if_abandoned(job) {
                    shared.metrics.given_up();
                    return None;
                }
            }
        }
    };
    let outcome = match walked {
        Ok(report) => panics::caught(|| {
            let exposition = metrics::exposition(&report).into();
            shared.metrics.walked(report.verdict.state, began.elapsed());
            Walked { report: Arc::new(report), exposition }
        })
        .map_err(NotWalked::Bug),
        Err(why) => Err(why),
    };
    let outcome = outcome.or_else(|why| {
        shared.metrics.failed();
        match &why {
            // The operator cannot fix this: the state of the target is unknown, and the scraper gets
            // the reason.
            NotWalked::Bug(_) => panics::caught(|| {
                let report = Arc::new(walker.not_walked(&job.entry, &why.to_string()));
                Walked { exposition: metrics::exposition(&report).into(), report }
            })
            .map_err(|_| why),
            // The scrape fails. On the pages an earlier result would pass for the current one.
            NotWalked::Lacks(_) => {
                let report = panics::caught(|| walker.not_walked(&job.entry, &why.to_string()));
                if let Ok(report) = report {
                    shared.keep(job, began, &Arc::new(report));
                }
                Err(why)
            }
            // Any report would show the name, in which the secret is.
            NotWalked::HoldsSecret(_) => Err(why),
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
