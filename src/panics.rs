//! Panics: bugs of ours. One ends the walk that it happens in, and no other.
//!
//! Of a panic only its place is ever reported: its message may hold anything, a secret too.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind, set_hook};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;

thread_local! {
    /// Where this thread's last panic was.
    static PLACE: RefCell<Option<Bug>> = const { RefCell::new(None) };
    /// How many callers on this thread's stack take a panic and report it themselves.
    static CAUGHT: Cell<u32> = const { Cell::new(0) };
}

/// Reports a panic that nothing takes.
static REPORT: OnceLock<fn(&Bug)> = OnceLock::new();
/// Whether there was such a panic.
static UNCAUGHT: AtomicBool = AtomicBool::new(false);

/// A bug of ours, by its place in the source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bug(Option<String>);

impl Bug {
    /// The place of a panic.
    #[must_use]
    pub fn of(info: &PanicHookInfo<'_>) -> Self {
        Self(info.location().map(|place| format!("{}:{}", place.file(), place.line())))
    }

    /// Why there is no result, as a line of standard error.
    #[must_use]
    pub fn report(&self) -> String {
        format!("aoai-probe: this is {self}; the walk was not judged")
    }

    /// What ended a call to [`catch_unwind`]: a bug that another thread had, or this thread's own.
    fn caught(payload: Box<dyn Any + Send>) -> Self {
        match payload.downcast::<Self>() {
            Ok(bug) => *bug,
            Err(_) => PLACE.take().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(place) => write!(f, "a bug of ours at {place}"),
            None => f.write_str("a bug of ours"),
        }
    }
}

/// From now on the place of every panic is known, and `report` gets those that no caller of
/// [`caught`] or [`caught_in`] takes. For `main`, once.
pub fn install(report: fn(&Bug)) {
    let _ = REPORT.set(report);
    set_hook(Box::new(|info| {
        let bug = Bug::of(info);
        match CAUGHT.get() {
            0 => uncaught(&bug),
            _ => PLACE.set(Some(bug)),
        }
    }));
}

fn uncaught(bug: &Bug) {
    UNCAUGHT.store(true, Ordering::Relaxed);
    if let Some(report) = REPORT.get() {
        report(bug);
    }
}

/// Runs the whole program; none where a panic ended it, or a part of it that its result may rest
/// on. It has been reported then.
pub fn program<T>(run: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(done) => Some(done).filter(|_| !UNCAUGHT.load(Ordering::Relaxed)),
        Err(payload) => {
            // Passed on from another thread, where it was caught and not reported.
            if let Ok(bug) = payload.downcast::<Bug>() {
                uncaught(&bug);
            }
            None
        }
    }
}

/// What `work` gives.
///
/// # Errors
///
/// The bug that ended it. What `work` borrows must bear being left half-done.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Bug> {
    CAUGHT.set(CAUGHT.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(CAUGHT.get() - 1);
    done.map_err(Bug::caught)
}

/// What a future gives.
///
/// # Errors
///
/// As [`caught`].
pub async fn caught_in<T>(work: impl Future<Output = T>) -> Result<T, Bug> {
    let mut work = pin!(work);
    poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Err(bug) => Poll::Ready(Err(bug)),
    })
    .await
}

/// Passes on a bug that was caught elsewhere, as if it were this thread's.
pub fn pass_on(bug: Bug) -> ! {
    resume_unwind(Box::new(bug))
}

/// A task that serves a walk and that no caller awaits. A panic in it is the walk's: without this
/// its silence would be taken for the peer's.
#[derive(Debug, Default)]
pub struct Helper(Arc<OnceLock<Bug>>);

impl Helper {
    /// Starts it on the current runtime.
    pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let helper = Self::default();
        let bug = Arc::clone(&helper.0);
        tokio::spawn(async move {
            // What it holds is dropped only after this: who waits for that then finds the bug.
            let mut work = pin!(work);
            if let Err(found) = caught_in(work.as_mut()).await {
                let _ = bug.set(found);
            }
        });
        helper
    }

    /// Panics where the task did.
    pub fn check(&self) {
        if let Some(bug) = self.0.get() {
            pass_on(bug.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_keeps_its_place_from_thread_to_thread() {
        let place = Bug(Some("src/walk/a.rs:7".to_owned()));
        let passed = caught(|| -> () { pass_on(place.clone()) });
        assert_eq!(passed, Err(place.clone()));
        assert_eq!(place.to_string(), "a bug of ours at src/walk/a.rs:7");
        assert_eq!(caught(|| 1), Ok(1));
    }

    #[tokio::test]
    async fn a_helper_that_panics_ends_what_it_serves() {
        let (held, gone) = tokio::sync::oneshot::channel::<()>();
        let place = Bug(Some("hyper/src/a.rs:1".to_owned()));
        let bug = place.clone();
        let helper = Helper::spawn(async move {
            let _held = held;
            tokio::task::yield_now().await;
            pass_on(bug)
        });
        helper.check();
        assert!(gone.await.is_err());
        assert_eq!(caught(|| helper.check()), Err(place));
        let well = Helper::spawn(async {});
        tokio::task::yield_now().await;
        well.check();
    }
}
