//! Role assignments, role definitions, and changes (facts C30, C31, C35).

use serde_json::Value;

use super::field::{at, flag, id_at, list, text, texts};
use crate::evidence::azure::{Change, DenyAssignment, RoleAssignment};

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

/// A deny assignment. The id of all zeros is everyone (fact C64).
pub(in crate::azure) fn deny_assignment(value: &Value) -> Option<DenyAssignment> {
    const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";
    let ids = |path: &str| -> Vec<String> {
        list(value, path).filter_map(|one| text(one, "id")).collect()
    };
    let groups = |path: &str| {
        let is_group =
            |one: &Value| text(one, "type").is_none_or(|kind| kind.eq_ignore_ascii_case("Group"));
        list(value, path).any(is_group)
    };
    let (data_actions, not_data_actions) = data_actions(value);
    let mut principals = ids("properties.principals");
    let everyone = principals.iter().any(|id| id == EVERYONE);
    principals.retain(|id| id != EVERYONE);
    Some(DenyAssignment {
        name: text(value, "properties.denyAssignmentName")?,
        scope: text(value, "properties.scope")?,
        not_below: flag(value, "properties.doNotApplyToChildScopes").unwrap_or_default(),
        everyone,
        of_groups: groups("properties.principals"),
        spares_groups: groups("properties.excludePrincipals"),
        principals,
        excluded: ids("properties.excludePrincipals"),
        data_actions,
        not_data_actions,
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
