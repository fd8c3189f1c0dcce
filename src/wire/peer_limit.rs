//! Limits what many walks do to one peer at the same time: checking a fleet must not flood it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sorting;

/// How many exchanges with one peer are under way at once. One with a silent peer stops counting
/// after a while: it does not load a dead peer, and the others must not wait for it.
#[derive(Debug)]
pub struct PeerLimiter {
    concurrency: usize,
    hold: Duration,
    by_peer: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

impl PeerLimiter {
    /// `concurrency` exchanges with one peer, each counted until it ends or `hold` is over.
    #[must_use]
    pub fn new(concurrency: usize, hold: Duration) -> Self {
        Self { concurrency, hold, by_peer: Mutex::default() }
    }

    /// Waits for a permit for each of `peers`.
    pub async fn acquire(&self, mut peers: Vec<IpAddr>) -> Vec<OwnedSemaphorePermit> {
        // Every caller acquires them in the same order, so that no two wait for each other.
        sorting::ascending(&mut peers);
        peers.dedup();
        let mut permits = Vec::with_capacity(peers.len());
        for peer in peers {
            let semaphore = {
                let mut all = self.by_peer.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(
                    all.entry(peer).or_insert_with(|| Semaphore::new(self.concurrency).into()),
                )
            };
            permits.extend(semaphore.acquire_owned().await.ok());
        }
        permits
    }

    /// Does `work` with a permit for `peer`.
    pub async fn run<T>(&self, peer: IpAddr, work: impl Future<Output = T>) -> T {
        let permits = self.acquire(vec![peer]).await;
        self.hold(permits, work).await
    }

    /// Does `work`, and releases `permits` when it ends or stops counting.
    pub async fn hold<T>(
        &self,
        permits: Vec<OwnedSemaphorePermit>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        match tokio::time::timeout(self.hold, &mut work).await {
            Ok(done) => done,
            Err(_) => {
                drop(permits);
                work.await
            }
        }
    }
}
