//! A key file is opened on a thread of its own, within the timeout of the walk: the work that it asks
//! for may be described in a part that is encrypted itself, and cannot be known before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::certificate::{CertificateError, Material};
use crate::blocking;
use crate::secret::Secret;

/// Threads that are still at work and that no walk waits for any more.
static LATE: AtomicUsize = AtomicUsize::new(0);
/// Their limit: in repeated walks they would otherwise become more with each round. One derivation
/// takes up to 1 GiB (`p12-keystore`'s bound for scrypt).
const MOST_LATE: usize = 1;

const AT_WORK: u8 = 0;
const GIVEN_UP: u8 = 1;
const ENDED: u8 = 2;

/// A certificate and its key. A locked file may take its time, and the walk goes on meanwhile.
pub(super) async fn opened(
    bytes: Zeroizing<Vec<u8>>,
    password: Option<&Secret>,
    timeout: Duration,
) -> Result<Material, CertificateError> {
    let password = password.map(|password| Secret::new(password.expose().to_owned()));
    within(timeout, move || Material::read(&bytes, password.as_ref())).await
}

async fn within<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> Result<T, CertificateError> + Send + 'static,
) -> Result<T, CertificateError> {
    if LATE.load(Ordering::SeqCst) >= MOST_LATE {
        return Err(CertificateError::NotRead(
            "was not opened: a key file of an earlier check is still being opened",
        ));
    }
    let state = Arc::new(AtomicU8::new(AT_WORK));
    let theirs = Ends(Arc::clone(&state));
    let opening = blocking::run_blocking(move || {
        let _ends = theirs;
        work()
    });
    match tokio::time::timeout(timeout, opening).await {
        Ok(Ok(done)) => return done,
        Ok(Err(_)) => {
            return Err(CertificateError::NotRead(
                "was not opened: no thread could be started for it",
            ));
        }
        Err(_) => {}
    }
    LATE.fetch_add(1, Ordering::SeqCst);
    if state.swap(GIVEN_UP, Ordering::SeqCst) == ENDED {
        LATE.fetch_sub(1, Ordering::SeqCst);
    }
    Err(CertificateError::NotRead("was not opened within the deadline: too many rounds"))
}

/// Part of the thread: its end, whatever ends it.
struct Ends(Arc<AtomicU8>);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.swap(ENDED, Ordering::SeqCst) == GIVEN_UP {
            LATE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_never_opens_delays_no_walk_and_holds_one_thread() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (left, ended) = std::sync::mpsc::channel::<()>();
        let endless = within(Duration::from_millis(1), move || {
            let _ = wait.recv();
            drop(left);
            Ok(())
        });
        let message = |no: Result<(), CertificateError>| format!("{:?}", no.unwrap_err());
        assert!(message(endless.await).contains("within the deadline"));
        let next = within(Duration::from_secs(60), || Ok(()));
        assert!(message(next.await).contains("earlier check"));
        drop(release);
        assert!(ended.recv().is_err());
        while LATE.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        assert!(within(Duration::from_secs(60), || Ok(())).await.is_ok());
    }
}
