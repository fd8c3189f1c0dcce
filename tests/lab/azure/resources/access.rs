//! Subscriptions and groups, roles and their assignments, and what changed.

use serde_json::{Value, json};

use super::super::model::Assignment;
use super::{Names, Resources};

pub(super) fn add(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, subscription) in &names.0.subscriptions {
        let id = names.subscription(key)?;
        all.add(
            &id,
            Some("ResourceContainers"),
            json!({
                "subscriptionId": subscription.id, "tenantId": subscription.tenant,
                "displayName": format!("Contoso {key}"), "state": "Enabled",
                "authorizationSource": "RoleBased", "managedByTenants": [],
            }),
        );
        for (name, role) in &names.0.roles {
            let id = format!("{id}/providers/Microsoft.Authorization/roleDefinitions/{}", role.id);
            all.add(
                &id,
                Some("AuthorizationResources"),
                json!({ "properties": {
                    "roleName": name, "type": "BuiltInRole", "assignableScopes": ["/"],
                    "description": "", "createdBy": super::MAIL,
                    "permissions": [{
                        "actions": role.actions, "notActions": [],
                        "dataActions": role.data_actions, "notDataActions": role.not_data_actions,
                    }],
                }}),
            );
        }
    }
    for (at, (key, assignment)) in names.0.assignments.iter().enumerate() {
        let scope = names.scope(&assignment.scope)?;
        let role = names.0.roles.get(&assignment.role);
        let role = role.ok_or_else(|| format!("{key}: no role {}", assignment.role))?;
        let subscription = scope.split('/').take(3).collect::<Vec<_>>().join("/");
        let id = format!(
            "{scope}/providers/Microsoft.Authorization/roleAssignments/\
             a0000000-0000-4000-8000-{at:012}"
        );
        let mut properties = json!({
            "roleDefinitionId": format!(
                "{subscription}/providers/Microsoft.Authorization/roleDefinitions/{}", role.id
            ),
            "principalId": assignment.principal, "scope": scope,
            "principalType":
                if assignment.members.is_empty() { "ServicePrincipal" } else { "Group" },
            "createdOn": all.ago(assignment.minutes_ago), "createdBy": super::MAIL,
            "updatedOn": all.ago(assignment.minutes_ago), "description": super::MAIL,
        });
        if let Some(condition) = &assignment.condition {
            properties["condition"] = condition.clone().into();
            properties["conditionVersion"] = "2.0".into();
        }
        all.add(&id, Some("AuthorizationResources"), json!({ "properties": properties }));
    }
    denies(names, all)?;
    changes(names, all)
}

fn denies(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (at, (name, deny)) in names.0.denies.iter().enumerate() {
        let scope = names.scope(&deny.scope)?;
        let id = format!(
            "{scope}/providers/Microsoft.Authorization/denyAssignments/\
             d0000000-0000-4000-8000-{at:012}"
        );
        let kind = if deny.groups { "Group" } else { "ServicePrincipal" };
        let one = |id: &String| json!({ "id": id, "type": kind });
        let everyone = "00000000-0000-0000-0000-000000000000";
        let principals: Vec<Value> = match deny.principals.as_slice() {
            [] => vec![json!({ "id": everyone, "type": "SystemDefined" })],
            some => some.iter().map(one).collect(),
        };
        all.add(
            &id,
            None,
            json!({ "properties": {
                "denyAssignmentName": name, "description": super::MAIL, "scope": scope,
                "permissions": [{ "actions": [], "notActions": [],
                    "dataActions": deny.data_actions, "notDataActions": [] }],
                "principals": principals,
                "excludePrincipals": deny.excluded.iter().map(one).collect::<Vec<_>>(),
                "doNotApplyToChildScopes": false, "isSystemProtected": true,
                "createdBy": super::MAIL,
            }}),
        );
    }
    Ok(())
}

/// Who an assignment counts for, by its id in lower case.
pub fn principals(names: &Names<'_>) -> Result<Vec<(String, Vec<String>)>, String> {
    let of = |(at, (_, assignment)): (usize, (&String, &Assignment))| {
        let id = format!(
            "{}/providers/Microsoft.Authorization/roleAssignments/a0000000-0000-4000-8000-{at:012}",
            names.scope(&assignment.scope)?
        );
        let mut all = assignment.members.clone();
        all.push(assignment.principal.clone());
        Ok((id.to_ascii_lowercase(), all))
    };
    names.0.assignments.iter().enumerate().map(of).collect()
}

fn changes(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (at, change) in names.0.changes.iter().enumerate() {
        let target = names.scope(&change.resource)?;
        let changes: serde_json::Map<String, Value> = change
            .properties
            .iter()
            .map(|(name, [before, after])| {
                (
                    name.clone(),
                    json!({
                        "previousValue": before, "newValue": after, "propertyChangeType": "Update",
                        "changeCategory": "User",
                    }),
                )
            })
            .collect();
        let id =
            format!("{target}/providers/Microsoft.Resources/changes/08584000{at:08}_a1b2c3d4-0000");
        all.add(&id, Some("ResourceChanges"), json!({ "properties": {
            "targetResourceId": target, "targetResourceType": super::kind_of(&target),
            "changeType": change.kind, "changes": changes,
            "changeAttributes": {
                "timestamp": all.ago(change.minutes_ago), "changesCount": changes.len(),
                "correlationId": "5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99", "changedBy": super::MAIL,
                "changedByType": "User", "clientType": "Azure Portal", "operation": "x/write",
            },
        }}));
    }
    Ok(())
}
