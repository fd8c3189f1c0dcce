//! The inventory as Prometheus's file_sd reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::GenerateError;
use crate::inventory::Inventory;
use crate::render::prometheus::label_name;

/// A scrape takes at most this long: a silent hop takes five seconds, with its experiments in
/// parallel, and the hops after it as long again.
const LONGEST_SCRAPE: Duration = Duration::from_secs(15);

/// Prometheus drops a series after five minutes: with longer pauses, alerts would flap.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_brings_its_name_its_labels_and_its_times() {
        let text = "[defaults]\nlabels = { team = \"ai\" }\n[[target]]\ntarget = \"first\"\nname = \"slow\"\n\
                    interval = \"10m\"\n[[target]]\ntarget = \"second\"\nname = \"quick\"\ninterval = 5\n";
        let inventory = crate::inventory::read(text).unwrap();
        let groups: serde_json::Value =
            serde_json::from_str(&prometheus_sd(&inventory).unwrap()).unwrap();
        for (index, name, interval, timeout) in
            [(0, "slow", "120000ms", "15000ms"), (1, "quick", "5000ms", "5000ms")]
        {
            let group = &groups[index];
            assert_eq!(group["targets"][0], name);
            for (label, value) in [
                ("__param_target", name),
                ("__scrape_interval__", interval),
                ("__scrape_timeout__", timeout),
                ("team", "ai"),
            ] {
                assert_eq!(group["labels"][label], value, "{label} of {name}");
            }
        }
    }
}
