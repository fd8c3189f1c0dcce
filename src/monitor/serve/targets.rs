//! Looks up targets of the inventory, by the word that a scrape uses.

use std::collections::HashMap;
use std::sync::Arc;

use crate::inventory::{Entry, Inventory};

/// Names that are listed where several targets match.
const LISTED: usize = 5;

/// The targets, in the inventory's order.
pub(super) struct Targets {
    pub(super) entries: Vec<Arc<Entry>>,
    by_name: HashMap<String, usize>,
    /// Indexes by host and by the target as the inventory writes it, in lower case.
    by_host: HashMap<String, Vec<usize>>,
}

/// The target that a scrape means.
pub(super) enum Found {
    /// One target.
    One(Arc<Entry>),
    /// None of the inventory.
    None,
    /// Several; their names.
    Several(String),
}

impl Targets {
    pub(super) fn of(inventory: Inventory) -> Self {
        let entries: Vec<Arc<Entry>> = inventory.entries.into_iter().map(Arc::new).collect();
        let mut by_name = HashMap::new();
        let mut by_host: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, entry) in entries.iter().enumerate() {
            by_name.insert(entry.name.clone(), place);
            for word in [&entry.target.seen.host, &entry.target.seen.input] {
                let places = by_host.entry(word.to_ascii_lowercase()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        Self { entries, by_name, by_host }
    }

    /// The target of this name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Entry>> {
        self.by_name.get(name).map(|place| Arc::clone(&self.entries[*place]))
    }

    /// Whether `entry` is still a target, with the same name and host.
    pub(super) fn contains(&self, entry: &Entry) -> bool {
        self.named(&entry.name).is_some_and(|here| here.target.seen == entry.target.seen)
    }

    /// The target of this name; else with this host, or written like this in the inventory.
    pub(super) fn find(&self, word: &str) -> Found {
        if let Some(entry) = self.named(word) {
            return Found::One(entry);
        }
        match self.by_host.get(&word.to_ascii_lowercase()).map(Vec::as_slice) {
            None | Some([]) => Found::None,
            Some([one]) => Found::One(Arc::clone(&self.entries[*one])),
            Some(several) => {
                let names = several.iter().take(LISTED).map(|at| self.entries[*at].name.as_str());
                Found::Several(names.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
