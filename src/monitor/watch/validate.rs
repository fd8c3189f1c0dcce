//! Targets of an inventory that cannot be walked now.

use crate::inventory::Inventory;
use crate::monitor::walker::Walker;

/// Targets that are named at the start because they cannot be walked.
const MAX_WARNINGS: usize = 20;

/// Targets that cannot be walked now, each with what it lacks: the others are watched all the
/// same, and what is missing may come while they are.
pub(super) fn invalid_targets(walker: &Walker, inventory: &Inventory) -> Vec<String> {
    let message = inventory.entries.iter().filter_map(|entry| {
        let message = walker.prepare(entry).err()?;
        Some(format!("not walked: line {}: {}: {message}", entry.line, entry.name))
    });
    message.take(MAX_WARNINGS).collect()
}
