//! Walks of targets that no scrape has asked for in time, so that no page is stale.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::watch;

use super::routes::Served;
use crate::inventory::Entry;

/// A scraper that is there asks for the first walks itself within this time.
const FIRST: Duration = Duration::from_secs(15);
/// How often it is seen what is due.
const TICK: Duration = Duration::from_secs(1);
/// Walks of its own at once: scrapes come first.
const AT_ONCE: usize = 4;

/// Asks for a walk of each target whose newest one is older than `every`, until `stop`.
pub(super) async fn refresh(
    served: &Served,
    every: Option<Duration>,
    mut stop: watch::Receiver<bool>,
) {
    let Some(every) = every else { return };
    let began = Instant::now();
    let mut asked: HashMap<String, Instant> = HashMap::new();
    let mut tick = tokio::time::interval(TICK.min(every));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let targets = served.targets();
        let newest = served.past.newest(targets.entries.iter().map(|entry| &entry.name));
        let now = Instant::now();
        let due: Vec<&Arc<Entry>> = targets
            .entries
            .iter()
            .zip(newest)
            .filter(|(entry, walk)| {
                // A walk that could not be made is not in the past: it is not asked for at once.
                let last = walk.as_ref().map(|walk| walk.at).max(asked.get(&entry.name).copied());
                last.map_or(now.duration_since(began) >= FIRST.min(every), |last| {
                    now.saturating_duration_since(last) >= every
                })
            })
            .map(|(entry, _)| entry)
            .collect();
        asked.retain(|name, _| targets.named(name).is_some());
        asked.extend(due.iter().map(|entry| (entry.name.clone(), now)));
        let walks = stream::iter(due).map(|entry| served.desk.ask(entry, entry.plan.deadline));
        let walks = walks.buffer_unordered(AT_ONCE).for_each(async |_| ());
        tokio::select! {
            () = walks => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
