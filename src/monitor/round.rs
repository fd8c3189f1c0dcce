//! One round: every entry of an inventory walked once, a bounded number at the same time.

use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream;

use super::walker::{NotWalked, Walker};
use crate::inventory::Entry;
use crate::report::Report;

/// Walks at the same time. Those of silent targets must overlap, or a round takes many deadlines;
/// the bound is for their sockets, a dozen each.
pub const CONCURRENCY: usize = 512;

/// Walks `entries` and passes each report, with the index of its entry, to `finished`. When `stop`
/// completes, the round ends early; unfinished walks are dropped.
pub async fn walk(
    walker: &Walker,
    entries: &[&Entry],
    concurrency: usize,
    stop: impl Future<Output = ()>,
    mut finished: impl FnMut(usize, Result<Report, NotWalked>),
) {
    let walks = entries.iter().enumerate();
    let walks = walks.map(|(place, entry)| async move { (place, walker.walk(entry, None).await) });
    tokio::select! {
        biased;
        () = stop => {}
        () = run_concurrently(walks, concurrency, |(place, report)| finished(place, report)) => {}
    }
}

/// Runs all of them, `concurrency` at a time: when one ends, the next begins, so that one that is
/// slow holds up no other. The only way in which fleets are run.
pub async fn run_concurrently<F: Future>(
    all: impl IntoIterator<Item = F>,
    concurrency: usize,
    mut finished: impl FnMut(F::Output),
) {
    let mut all = pin!(stream::iter(all).buffer_unordered(concurrency));
    while let Some(output) = all.next().await {
        finished(output);
    }
}
