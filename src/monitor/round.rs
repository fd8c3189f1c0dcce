//! One round: every entry of an inventory walked once, side by side within bounds.

use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream;

use super::walker::{NotWalked, Walker};
use crate::inventory::Entry;
use crate::report::Report;

/// Walks that are under way at once. Silent ones must overlap, or a round lasts many deadlines;
/// a dozen sockets each is what bounds it.
pub const AT_ONCE: usize = 512;

/// Walks `entries`, and hands over each report as it is finished, with its entry's place.
/// `ends` ends the round early: what is not finished then is not handed over.
pub async fn walk(
    walker: &Walker,
    entries: &[&Entry],
    at_once: usize,
    ends: impl Future<Output = ()>,
    mut finished: impl FnMut(usize, Result<Report, NotWalked>),
) {
    let walks = entries.iter().enumerate();
    let walks = walks.map(|(place, entry)| async move { (place, walker.walk(entry, None).await) });
    tokio::select! {
        biased;
        () = ends => {}
        () = side_by_side(walks, at_once, |(place, report)| finished(place, report)) => {}
    }
}

/// Runs `all`, `at_once` at a time: when one ends, the next begins. `ended` gets what each gives.
pub async fn side_by_side<F: Future>(
    all: impl IntoIterator<Item = F>,
    at_once: usize,
    mut ended: impl FnMut(F::Output),
) {
    let mut all = pin!(stream::iter(all).buffer_unordered(at_once));
    while let Some(one) = all.next().await {
        ended(one);
    }
}
