//! Role assignments, role definitions, and changes (facts C30, C31, C35).

use serde_json::Value;

use super::field::{at, id_at, list, text, texts};
use crate::evidence::azure::{Change, RoleAssignment};

/// Properties of one change that are kept, at most.
const PROPERTIES: usize = 20;

/// A role assignment; what the role gives is another read.
pub(in crate::azure) fn role_assignment(value: &Value) -> Option<RoleAssignment> {
    Some(RoleAssignment {
        role: None,
        definition: text(value, "properties.roleDefinitionId")?,
        scope: text(value, "properties.scope")?,
        conditional: text(value, "properties.condition").is_some(),
        created: text(value, "properties.createdOn"),
        data_actions: None,
        not_data_actions: Vec::new(),
    })
}

/// The name of a role.
pub(in crate::azure) fn role_name(definition: &Value) -> Option<String> {
    text(definition, "properties.roleName")
}

/// The data actions that a role gives, and those that it takes out again.
pub(in crate::azure) fn data_actions(definition: &Value) -> (Vec<String>, Vec<String>) {
    let all = |name: &str| {
        let permissions = list(definition, "properties.permissions");
        permissions.flat_map(|permission| texts(permission, name)).collect()
    };
    (all("dataActions"), all("notDataActions"))
}

/// A change, by a row of its query. The names of what changed are kept, not the values.
pub(in crate::azure) fn change(row: &Value) -> Option<Change> {
    let names = at(row, "changes").and_then(Value::as_object);
    // No tags, and not who wrote it (fact C60).
    let is_kept = |name: &&String| {
        let name = name.to_ascii_lowercase();
        !name.starts_with("tags") && !name.starts_with("systemdata")
    };
    let names = names.into_iter().flat_map(|all| all.keys()).filter(is_kept).take(PROPERTIES);
    Some(Change {
        resource: id_at(row, "target")?,
        at: text(row, "at")?,
        kind: text(row, "changeType")?,
        properties: names.map(|name| crate::evidence::text::clean(name, 200)).collect(),
    })
}
