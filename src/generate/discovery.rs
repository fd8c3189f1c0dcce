//! The inventory as Prometheus's file_sd reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::GenerateError;
use crate::inventory::Inventory;
use crate::render::prometheus::label_name;

/// A scrape waits no longer than this: a silent hop takes five seconds, experiments beside it,
/// and what follows it as long again.
const LONGEST_SCRAPE: Duration = Duration::from_secs(15);

/// Prometheus forgets a series after five minutes: with longer pauses alerts would come and go.
const LONGEST_INTERVAL: Duration = Duration::from_secs(120);

/// One group of targets (prometheus.io, configuration, `file_sd_config`).
#[derive(Serialize)]
struct Group<'a> {
    targets: [&'a str; 1],
    labels: BTreeMap<String, String>,
}

/// The inventory's targets, each with its labels, `__param_target` for the exporter, and its own
/// interval, up to two minutes.
///
/// # Errors
///
/// [`GenerateError::Schema`]: it could not be written as JSON.
pub fn prometheus_sd(inventory: &Inventory) -> Result<String, GenerateError> {
    let groups: Vec<Group<'_>> = inventory
        .entries
        .iter()
        .map(|entry| {
            let mut labels: BTreeMap<String, String> = BTreeMap::new();
            for (name, value) in &entry.labels {
                labels.insert(label_name(name), value.clone());
            }
            let interval = entry.interval.clamp(Duration::from_secs(1), LONGEST_INTERVAL);
            let timeout = interval.min(LONGEST_SCRAPE);
            labels.insert("__param_target".to_owned(), entry.name.clone());
            labels.insert("__scrape_interval__".to_owned(), milliseconds(interval));
            labels.insert("__scrape_timeout__".to_owned(), milliseconds(timeout));
            Group { targets: [&entry.name], labels }
        })
        .collect();
    Ok(serde_json::to_string_pretty(&groups)? + "\n")
}

/// A duration as Prometheus writes it.
fn milliseconds(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}
