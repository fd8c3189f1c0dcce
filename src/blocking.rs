//! Work that may block: `getaddrinfo`, a file on a server that is away, a pipe, a program, a long
//! derivation. It runs on a thread that does nothing else meanwhile, that the process does not wait
//! for at its end, and that is kept for a while afterwards. No caller waits longer than it wants to.
//!
//! A panic in the work becomes a panic of the caller, as if the caller had done the work itself.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use crate::panics::{self, Bug};

/// Work under way. Dropping this does not end it.
#[derive(Debug)]
pub struct Work<T>(Receiver<Result<T, Bug>>);

impl<T> Work<T> {
    /// Blocks the calling thread until the work is done, and returns its result.
    ///
    /// # Errors
    ///
    /// `TimedOut` where that takes longer than `timeout`.
    pub fn wait(&self, timeout: Duration) -> io::Result<T> {
        match self.0.recv_timeout(timeout) {
            Ok(done) => Ok(done.unwrap_or_else(|bug| panics::pass_on(bug))),
            Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
            // Taken before.
            Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Starts `work` on another thread.
///
/// # Errors
///
/// The system has no thread for it.
pub fn start<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Work<T>> {
    let (report, done) = sync_channel(1);
    spawn(work, move |result| drop(report.send(result)))?;
    Ok(Work(done))
}

/// The result of `work`, for which the calling thread blocks at most for `timeout`.
///
/// # Errors
///
/// Those of [`start`] and [`Work::wait`].
pub fn run_with_timeout<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    start(work)?.wait(timeout)
}

/// The result of `work`, for which the calling task alone waits. It begins at once.
///
/// # Errors
///
/// The system has no thread for it.
pub fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = io::Result<T>> + 'static {
    let (report, done) = tokio::sync::oneshot::channel();
    let started = spawn(work, move |result| drop(report.send(result)));
    async move {
        started?;
        match done.await {
            Ok(done) => Ok(done.unwrap_or_else(|bug| panics::pass_on(bug))),
            Err(_) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Hands `work` to an idle thread, or to a new one where all are busy. Its result, or the bug that
/// ended it, goes to `report`.
fn spawn<T>(
    work: impl FnOnce() -> T + Send + 'static,
    report: impl FnOnce(Result<T, Bug>) + Send + 'static,
) -> io::Result<()> {
    let mut job: Job = Box::new(move |offer| {
        let result = panics::caught(work);
        // Idle before the caller can know: its next work takes this thread again.
        let kept = offer();
        report(result);
        kept
    });
    while let Some(Idle { jobs, .. }) = { idle().pop() } {
        match jobs.send(job) {
            Ok(()) => return Ok(()),
            // It has just ended.
            Err(SendError(back)) => job = back,
        }
    }
    std::thread::Builder::new().name("blocking".to_owned()).spawn(move || serve(job)).map(drop)
}

/// Work, and what is done with its result. It calls the function that it is handed when the work
/// is done, and returns what that returned.
type Job = Box<dyn FnOnce(&dyn Fn() -> bool) -> bool + Send>;

/// A thread that waits for a job.
struct Idle {
    thread: ThreadId,
    jobs: SyncSender<Job>,
}

/// Threads kept without work: a walk needs one for `getaddrinfo`, and a new thread costs as much
/// processor time as several connections.
const MOST_IDLE: usize = 16;
/// How long a thread is kept without work.
const KEPT_IDLE: Duration = Duration::from_secs(10);

/// The threads that wait, the one that did so last at the end: it is taken first, so that the
/// others can end.
fn idle() -> MutexGuard<'static, Vec<Idle>> {
    static IDLE: Mutex<Vec<Idle>> = Mutex::new(Vec::new());
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does one job after another until none has come for a while.
fn serve(first: Job) {
    let thread = std::thread::current().id();
    let (jobs, handed) = sync_channel(1);
    let offer = || {
        let mut idle = idle();
        let kept = idle.len() < MOST_IDLE;
        if kept {
            idle.push(Idle { thread, jobs: jobs.clone() });
        }
        kept
    };
    let mut next = Some(first);
    while let Some(job) = next.take() {
        if !job(&offer) {
            return;
        }
        next = handed.recv_timeout(KEPT_IDLE).ok().or_else(|| {
            let mut idle = idle();
            match idle.iter().position(|waiting| waiting.thread == thread) {
                Some(at) => {
                    idle.remove(at);
                    None
                }
                // It has been chosen: the job is on its way.
                None => handed.recv().ok(),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_caller_waits_no_longer_than_its_timeout() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let late = run_with_timeout(Duration::from_millis(1), move || wait.recv().is_err());
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(release);
        assert_eq!(run_with_timeout(LONG, || 7).unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_of_the_work_is_passed_on_to_its_caller() {
        assert_eq!(run_blocking(|| 7).await.unwrap(), 7);
        let passed = panics::caught_in(run_blocking(|| panics::pass_on(Bug::default()))).await;
        assert!(matches!(passed, Err::<io::Result<()>, _>(bug) if bug == Bug::default()));
        let passed =
            panics::caught(|| run_with_timeout(LONG, || -> () { panics::pass_on(Bug::default()) }));
        assert!(passed.is_err());
    }

    #[test]
    fn threads_are_used_again_and_never_while_they_are_busy() {
        let current = || std::thread::current().id();
        let mut threads = std::collections::HashSet::new();
        // Other tests take and return threads at the same time; most are met again all the same.
        for _ in 0..1000 {
            threads.insert(run_with_timeout(LONG, current).unwrap());
        }
        assert!(threads.len() < 100, "{} threads", threads.len());
        let (first, started) = std::sync::mpsc::channel();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let busy = start(move || (first.send(current()).is_ok(), wait.recv().is_err())).unwrap();
        let held = started.recv().unwrap();
        for _ in 0..100 {
            assert_ne!(run_with_timeout(LONG, current).unwrap(), held);
        }
        drop(release);
        assert_eq!(busy.wait(LONG).unwrap(), (true, true));
    }
}
