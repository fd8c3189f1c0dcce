//! Work that may block: a file on a server that is away, a pipe, a program, a long derivation. It
//! has a thread of its own, and no caller waits for it longer than it wants to.
//!
//! A panic in it is the caller's, as if the work had been done in its place.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::panics::{self, Bug};

/// Work under way. Dropping it leaves the thread to itself.
#[derive(Debug)]
pub struct Work<T>(Receiver<Result<T, Bug>>);

impl<T> Work<T> {
    /// What it gives; the calling thread waits.
    ///
    /// # Errors
    ///
    /// `TimedOut` where that takes longer than `patience`.
    pub fn within(&self, patience: Duration) -> io::Result<T> {
        match self.0.recv_timeout(patience) {
            Ok(done) => Ok(done.unwrap_or_else(|bug| panics::pass_on(bug))),
            Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
            // Taken before.
            Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

/// Starts `work` on a thread with this name.
///
/// # Errors
///
/// The system has no thread for it.
pub fn start<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Work<T>> {
    let (tell, told) = sync_channel(1);
    spawn(name, work, move |done| drop(tell.send(done)))?;
    Ok(Work(told))
}

/// What `work` gives, while the calling thread waits.
///
/// # Errors
///
/// As [`start`] and [`Work::within`].
pub fn within<T: Send + 'static>(
    name: &'static str,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    start(name, work)?.within(patience)
}

/// What `work` gives, while the calling task waits, and others go on. It begins at once.
///
/// # Errors
///
/// The system has no thread for it.
pub fn apart<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = io::Result<T>> + 'static {
    let (tell, told) = tokio::sync::oneshot::channel();
    let started = spawn(name, work, move |done| drop(tell.send(done)));
    async move {
        started?;
        match told.await {
            Ok(done) => Ok(done.unwrap_or_else(|bug| panics::pass_on(bug))),
            Err(_) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

fn spawn<T>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
    tell: impl FnOnce(Result<T, Bug>) + Send + 'static,
) -> io::Result<()> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(move || tell(panics::caught(work))).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_caller_waits_longer_than_it_wants_to() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let late = within("test", Duration::from_millis(1), move || wait.recv().is_err());
        assert_eq!(late.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(release);
        assert_eq!(within("test", Duration::from_secs(60), || 7).unwrap(), 7);
    }

    #[tokio::test]
    async fn a_bug_of_the_work_is_the_caller_s() {
        assert_eq!(apart("test", || 7).await.unwrap(), 7);
        let passed = panics::caught_in(apart("test", || panics::pass_on(Bug::default()))).await;
        assert!(matches!(passed, Err::<io::Result<()>, _>(bug) if bug == Bug::default()));
        let passed = panics::caught(|| {
            within("test", Duration::from_secs(60), || -> () { panics::pass_on(Bug::default()) })
        });
        assert!(passed.is_err());
    }
}
