//! One round: every entry of an inventory walked once, side by side within bounds.

use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream;

use super::walker::Walker;
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
    mut finished: impl FnMut(usize, Result<Report, String>),
) {
    let walks = stream::iter(entries.iter().enumerate())
        .map(|(place, entry)| async move { (place, walker.walk(entry, None).await) })
        .buffer_unordered(at_once);
    let mut walks = pin!(walks);
    let mut ends = pin!(ends);
    loop {
        tokio::select! {
            biased;
            () = &mut ends => return,
            next = walks.next() => match next {
                Some((place, report)) => finished(place, report),
                None => return,
            },
        }
    }
}
