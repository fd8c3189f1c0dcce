//! Spaces a walk's further queries to one resolver: many resolvers and firewalls limit the rate at
//! which one client is answered, and drop what exceeds it.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Between two questions at most: 33 a second pass a limit of 4 in 100 ms.
const GAP: Duration = Duration::from_millis(30);
/// Queries that fit into the time of an experiment, so that the last one can still be answered.
const FIT: u32 = 30;

/// When the last question went to each resolver.
#[derive(Debug, Default)]
pub struct Pace {
    last: RefCell<HashMap<SocketAddr, Instant>>,
    heard: RefCell<HashSet<SocketAddr>>,
    alone: RefCell<HashMap<(SocketAddr, String), Arc<Semaphore>>>,
}

impl Pace {
    /// Records a query that is sent at once.
    pub fn asked(&self, resolver: SocketAddr) {
        self.last.borrow_mut().insert(resolver, Instant::now());
    }

    /// Records that `resolver` answered something.
    pub fn heard(&self, resolver: SocketAddr) {
        self.heard.borrow_mut().insert(resolver);
    }

    /// Whether `resolver` has answered anything in this walk.
    #[must_use]
    pub fn has_heard(&self, resolver: SocketAddr) -> bool {
        self.heard.borrow().contains(&resolver)
    }

    /// Waits until no other query with the same question is on the way to `resolver`, as long as what
    /// is returned lives: a forwarder that has asked its upstream gives that answer to everyone who
    /// meanwhile asks the same (fact D180), and a repeat would show nothing.
    pub async fn alone(
        &self,
        resolver: SocketAddr,
        question: String,
    ) -> Option<OwnedSemaphorePermit> {
        let turn = {
            let mut all = self.alone.borrow_mut();
            let new = || Arc::new(Semaphore::new(1));
            Arc::clone(all.entry((resolver, question)).or_insert_with(new))
        };
        // A semaphore that nothing closes gives a permit in the end.
        turn.acquire_owned().await.ok()
    }

    /// Waits until the next query may go to `resolver`; the gap is short where the query has little
    /// time, `within`.
    pub async fn turn(&self, resolver: SocketAddr, within: Duration) {
        let gap = GAP.min(within / FIT);
        let at = {
            let mut last = self.last.borrow_mut();
            let now = Instant::now();
            let at = last.get(&resolver).map_or(now, |last| now.max(*last + gap));
            last.insert(resolver, at);
            at
        };
        tokio::time::sleep_until(at.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_waits_for_the_answer_to_the_one_before() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let Ok(runtime) = runtime else { return };
        let resolver: SocketAddr = ([10, 1, 0, 10], 53).into();
        runtime.block_on(async {
            let pace = Pace::default();
            let first = pace.alone(resolver, "A a.example".to_owned()).await;
            let other = pace.alone(resolver, "AAAA a.example".to_owned()).await;
            assert!(first.is_some() && other.is_some());
            let mut again = std::pin::pin!(pace.alone(resolver, "A a.example".to_owned()));
            assert!(futures_util::poll!(again.as_mut()).is_pending());
            drop(first);
            assert!(again.await.is_some());
        });
    }

    #[test]
    fn queries_to_one_resolver_leave_one_after_another() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let Ok(runtime) = runtime else { return };
        let (one, other): (SocketAddr, SocketAddr) =
            (([10, 1, 0, 10], 53).into(), ([10, 1, 0, 11], 53).into());
        runtime.block_on(async {
            let pace = Pace::default();
            let began = Instant::now();
            pace.asked(one);
            pace.turn(other, Duration::from_secs(2)).await;
            for _ in 0..3 {
                pace.turn(one, Duration::from_secs(2)).await;
            }
            assert!(began.elapsed() >= GAP * 3);
            // Little time: the gaps shrink, and the question still leaves within it.
            let began = Instant::now();
            pace.asked(one);
            pace.turn(one, Duration::from_millis(30)).await;
            assert!(began.elapsed() >= Duration::from_millis(1));
        });
    }
}
