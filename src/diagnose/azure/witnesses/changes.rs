//! What changed minutes before a call failed (fact C35): the event is certain, the cause is not.

use crate::diagnose::azure::Proof;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::evidence::text::span;

/// Changes that are named, at most.
const NAMED: usize = 3;

/// The last changes of resources on the path.
pub(in crate::diagnose::azure) fn recent(azure: &AzureView<'_>) -> Option<Proof> {
    let changes: Vec<_> = azure.recent_changes().take(NAMED).collect();
    let (first, ago) = changes.first()?;
    let mut proof = Proof::default().cites("/estate/changes").reasoning(format!(
        "{} was changed {} before this check: that is certain, that it is the cause is not; \
         compare it with the time of the first failure",
        first.resource.name(),
        span(*ago)
    ));
    for (change, ago) in &changes {
        let properties = match change.properties.as_slice() {
            [] => String::new(),
            all => format!(" ({})", all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ")),
        };
        proof = proof.fact(format!(
            "{} before this check: {} of {}{properties}",
            span(*ago),
            change.kind,
            shown(&change.resource)
        ));
    }
    Some(proof)
}
