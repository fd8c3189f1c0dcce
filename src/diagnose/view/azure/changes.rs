//! What changed shortly before the walk (fact C35): that is certain, and that it is the cause is
//! not.

use super::AzureView;
use crate::evidence::azure::{Change, ResourceId};
use crate::evidence::text::span;

/// Seconds before a walk within which a change may still spread through the service.
const RECENT_S: u64 = 3600;

impl<'a> AzureView<'a> {
    /// The changes of the last hour before the walk, the newest first.
    pub(in crate::diagnose) fn recent_changes(&self) -> impl Iterator<Item = (&'a Change, u64)> {
        let changes = self.said.estate.changes.items();
        changes.iter().filter_map(|change| {
            let ago = self.before_walk(&change.at)?;
            (ago <= RECENT_S).then_some((change, ago))
        })
    }

    /// How long before the walk the resource was changed last, in words, if within the last hour.
    pub(in crate::diagnose) fn changed(&self, id: &ResourceId) -> Option<String> {
        self.recent_changes().find(|(change, _)| change.resource == *id).map(|(_, ago)| span(ago))
    }
}
