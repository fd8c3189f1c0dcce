//! A key file is opened on a thread of its own, within the walk's patience: what it asks for may lie
//! in a part that is locked itself and cannot be looked at before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

use super::certificate::{Material, NoCertificate};
use crate::blocking;
use crate::secret::Secret;

/// Threads that no walk waits for any more and that are still at work.
static LATE: AtomicUsize = AtomicUsize::new(0);
/// As many may be: in repeated walks they would otherwise become more with each round. One derivation
/// takes up to 1 GiB (`p12-keystore`'s bound for scrypt).
const MOST_LATE: usize = 1;

const AT_WORK: u8 = 0;
const GIVEN_UP: u8 = 1;
const ENDED: u8 = 2;

/// A certificate and its key. A locked file may take its time, and the walk goes on meanwhile.
pub(super) async fn opened(
    octets: Zeroizing<Vec<u8>>,
    password: Option<&Secret>,
    patience: Duration,
) -> Result<Material, NoCertificate> {
    let password = password.map(|password| Secret::new(password.expose().to_owned()));
    within(patience, move || Material::read(&octets, password.as_ref())).await
}

async fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, NoCertificate> + Send + 'static,
) -> Result<T, NoCertificate> {
    if LATE.load(Ordering::SeqCst) >= MOST_LATE {
        return Err(NoCertificate::NotRead(
            "was not opened: a key file of an earlier walk still asks for rounds without an end",
        ));
    }
    let state = Arc::new(AtomicU8::new(AT_WORK));
    let theirs = Ends(Arc::clone(&state));
    let opening = blocking::apart("certificate", move || {
        let _ends = theirs;
        work()
    });
    match tokio::time::timeout(patience, opening).await {
        Ok(Ok(done)) => return done,
        Ok(Err(_)) => {
            return Err(NoCertificate::NotRead("was not opened: no thread to be had for it"));
        }
        Err(_) => {}
    }
    LATE.fetch_add(1, Ordering::SeqCst);
    if state.swap(GIVEN_UP, Ordering::SeqCst) == ENDED {
        LATE.fetch_sub(1, Ordering::SeqCst);
    }
    Err(NoCertificate::NotRead("was not opened within the deadline: too many rounds"))
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
    async fn a_file_without_an_end_holds_up_no_walk_and_one_thread_alone() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (left, ended) = std::sync::mpsc::channel::<()>();
        let endless = within(Duration::from_millis(1), move || {
            let _ = wait.recv();
            drop(left);
            Ok(())
        });
        let says = |no: Result<(), NoCertificate>| format!("{:?}", no.unwrap_err());
        assert!(says(endless.await).contains("within the deadline"));
        let next = within(Duration::from_secs(60), || Ok(()));
        assert!(says(next.await).contains("earlier walk"));
        drop(release);
        assert!(ended.recv().is_err());
        while LATE.load(Ordering::SeqCst) > 0 {
            std::thread::yield_now();
        }
        assert!(within(Duration::from_secs(60), || Ok(())).await.is_ok());
    }
}
