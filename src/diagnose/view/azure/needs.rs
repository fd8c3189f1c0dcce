//! Which right a question needs that was not answered, in words.

use std::fmt::Display;

use crate::evidence::azure::{Answer, ResourceId};

/// A resource in facts: its name and its group, as `web-nsg (app-rg)`. Ids are in commands.
pub(in crate::diagnose) fn shown(id: &ResourceId) -> String {
    match id.group() {
        "" => id.name().to_owned(),
        group => format!("{} ({group})", id.name()),
    }
}

/// The scope of a role assignment in facts: what it is and its name.
pub(in crate::diagnose) fn scope(id: &str) -> String {
    let Some(id) = ResourceId::parse(id) else { return id.to_owned() };
    match (id.segment("providers"), id.group()) {
        (Some(_), _) => shown(&id),
        (None, "") => format!("the subscription {}", id.subscription()),
        (None, group) => format!("the group {group}"),
    }
}

/// `action` over `scope`.
pub(in crate::diagnose) fn right(action: &str, scope: impl Display) -> String {
    format!("{action} over {scope}")
}

/// What keeps a question open, if its answer does: the right that Resource Manager names, or
/// `action` over `scope`.
pub(in crate::diagnose) fn missing<T>(
    answer: &Answer<T>,
    action: &str,
    scope: impl Display,
) -> Option<String> {
    match answer {
        Answer::Read { .. } | Answer::Listed { .. } | Answer::Absent | Answer::NotAsked => None,
        Answer::Refused { refusal } => {
            let action = refusal.action.as_deref().unwrap_or(action);
            Some(match &refusal.scope {
                Some(scope) => right(action, scope),
                None => right(action, scope),
            })
        }
        Answer::NotVisible | Answer::Failed { .. } => Some(right(action, scope)),
    }
}
