//! Bounds what many walks do to one peer at the same time: a check of a fleet is no flood.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many exchanges with one peer are under way at once. One that is silent gives its turn
/// away after a while: a dead peer is not loaded by it, and the others must not wait for it.
#[derive(Debug)]
pub struct Turns {
    at_once: usize,
    hold: Duration,
    by_peer: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

impl Turns {
    /// `at_once` exchanges with one peer, each counted until it ends or `hold` is over.
    #[must_use]
    pub fn new(at_once: usize, hold: Duration) -> Self {
        Self { at_once, hold, by_peer: Mutex::default() }
    }

    /// Waits for a turn with each of `peers`; whoever drops them gives them back.
    pub async fn take(&self, mut peers: Vec<IpAddr>) -> Vec<OwnedSemaphorePermit> {
        // All take them in one order, so that no two wait for each other.
        peers.sort_unstable();
        peers.dedup();
        let mut permits = Vec::with_capacity(peers.len());
        for peer in peers {
            let turns = {
                let mut all = self.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(all.entry(peer).or_insert_with(|| Semaphore::new(self.at_once).into()))
            };
            permits.extend(turns.acquire_owned().await.ok());
        }
        permits
    }

    /// Does `work` in a turn with `peer`.
    pub async fn during<T>(&self, peer: IpAddr, work: impl Future<Output = T>) -> T {
        let held = self.take(vec![peer]).await;
        self.holding(held, work).await
    }

    /// Does `work`, and gives `held` back when it ends or has lasted too long to count.
    pub async fn holding<T>(
        &self,
        held: Vec<OwnedSemaphorePermit>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        match tokio::time::timeout(self.hold, &mut work).await {
            Ok(done) => done,
            Err(_) => {
                drop(held);
                work.await
            }
        }
    }
}
