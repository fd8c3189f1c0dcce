//! Walks targets that have not been scraped for a while, so that no page is stale.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::routes::AppState;
use crate::inventory::Entry;
use crate::monitor::round;

/// A running Prometheus requests the first walks itself within this time.
const FIRST: Duration = Duration::from_secs(15);
/// How often due targets are looked for.
const TICK: Duration = Duration::from_secs(1);
/// Walks at the same time: scrapes have precedence.
const CONCURRENCY: usize = 4;

/// Requests a walk of each target whose newest one is older than `every`, until `stop`.
pub(super) async fn refresh(
    app: &AppState,
    every: Option<Duration>,
    mut stop: watch::Receiver<bool>,
) {
    let Some(every) = every else { return };
    let began = Instant::now();
    let mut requested: HashMap<String, Instant> = HashMap::new();
    let mut tick = tokio::time::interval(TICK.min(every));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let targets = app.targets();
        let newest = app.recent.newest(targets.entries.iter().map(|entry| &entry.name));
        let now = Instant::now();
        let due: Vec<&Arc<Entry>> = targets
            .entries
            .iter()
            .zip(newest)
            .filter(|(entry, walk)| {
                // A walk that could not be made leaves no trace there, and is not retried at once.
                let last =
                    walk.as_ref().map(|walk| walk.at).max(requested.get(&entry.name).copied());
                last.map_or(now.duration_since(began) >= FIRST.min(every), |last| {
                    now.saturating_duration_since(last) >= every
                })
            })
            .map(|(entry, _)| entry)
            .collect();
        requested.retain(|name, _| targets.named(name).is_some());
        requested.extend(due.iter().map(|entry| (entry.name.clone(), now)));
        let walks = due.into_iter().map(|entry| app.scheduler.walk(entry, entry.plan.deadline));
        let walks = round::run_concurrently(walks, CONCURRENCY, drop);
        tokio::select! {
            () = walks => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
