//! Role assignments, role definitions, and changes (facts C30, C31, C35).

use serde_json::Value;

use super::field::{at, flag, id_at, list, text, texts};
use crate::evidence::azure::{Change, DataPermission, DenyAssignment, RoleAssignment};

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
        more_permissions: Vec::new(),
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
    let Permissions { first, more, conditional } = permissions(value);
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
        conditional: conditional || text(value, "properties.condition").is_some(),
        data_actions: first.data_actions,
        not_data_actions: first.not_data_actions,
        more_permissions: more,
    })
}

/// The assignment with what the definition of its role gives.
pub(in crate::azure) fn with_definition(
    assignment: RoleAssignment,
    definition: &Value,
) -> RoleAssignment {
    let Permissions { first, more, conditional } = permissions(definition);
    RoleAssignment {
        role: text(definition, "properties.roleName"),
        conditional: assignment.conditional || conditional,
        data_actions: Some(first.data_actions),
        not_data_actions: first.not_data_actions,
        more_permissions: more,
        ..assignment
    }
}

/// The permissions that have data actions.
struct Permissions {
    first: DataPermission,
    more: Vec<DataPermission>,
    /// Whether one of them has a condition.
    conditional: bool,
}

/// The permissions of a role's definition or of a deny assignment.
fn permissions(value: &Value) -> Permissions {
    let (mut all, mut conditional) = (Vec::new(), false);
    for one in list(value, "properties.permissions") {
        let data_actions = texts(one, "dataActions");
        if !data_actions.is_empty() {
            conditional |= text(one, "condition").is_some();
            all.push(DataPermission {
                data_actions,
                not_data_actions: texts(one, "notDataActions"),
            });
        }
    }
    let mut all = all.into_iter();
    Permissions { first: all.next().unwrap_or_default(), more: all.collect(), conditional }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{deny_assignment, role_assignment, with_definition};

    #[test]
    fn a_deny_assignment_keeps_its_conditions_and_its_permissions_apart() {
        let deny = |condition: serde_json::Value, of_permission: serde_json::Value| {
            deny_assignment(&json!({"properties": {
            "denyAssignmentName": "stack", "scope": "/subscriptions/s", "condition": condition,
            "permissions": [
                {"actions": ["*"], "condition": "of no data action"},
                {"dataActions": ["A/*"], "notDataActions": ["A/b/*"]},
                {"dataActions": ["A/b/*"], "condition": of_permission},
            ]}}))
            .unwrap()
        };
        let plain = deny(json!(null), json!(""));
        assert!(!plain.conditional);
        assert_eq!((plain.data_actions, plain.not_data_actions.len()), (vec!["A/*".into()], 1));
        assert_eq!(plain.more_permissions[0].data_actions, ["A/b/*"]);
        assert!(plain.more_permissions[0].not_data_actions.is_empty());
        assert!(deny(json!("@Resource[..]"), json!(null)).conditional);
        assert!(deny(json!(null), json!("@Resource[..]")).conditional);
    }

    #[test]
    fn a_role_s_definition_adds_its_conditions() {
        let assignment = json!({"properties": {"roleDefinitionId": "/d", "scope": "/s"}});
        let role = |condition: serde_json::Value| {
            let definition = json!({"properties": {"roleName": "Custom", "permissions":
                [{"dataActions": ["A/*"], "condition": condition}]}});
            with_definition(role_assignment(&assignment).unwrap(), &definition)
        };
        assert!(!role(json!(null)).conditional);
        let conditional = role(json!("@Resource[..]"));
        assert!(conditional.conditional);
        assert_eq!(conditional.role.as_deref(), Some("Custom"));
        assert_eq!(conditional.data_actions, Some(vec!["A/*".to_owned()]));
    }
}
