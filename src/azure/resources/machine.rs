//! Virtual machines (fact C48).

use serde_json::Value;

use super::field::{at, ids, list, own_id, text};
use crate::evidence::azure::{ResourceId, VirtualMachine};

/// Identities of one machine that are kept, at most.
const IDENTITIES: usize = 50;

/// A virtual machine; its power state is another read.
pub(in crate::azure) fn virtual_machine(value: &Value) -> Option<VirtualMachine> {
    let identities = at(value, "identity.userAssignedIdentities").and_then(Value::as_object);
    let all = || identities.into_iter().flatten().take(IDENTITIES);
    let values = |name: &str| all().filter_map(|(_, one)| text(one, name)).collect::<Vec<_>>();
    let clients = values("clientId");
    // Of a list that is cut, or an entry without its client id, none is known to be missing.
    let are_all = identities.is_none_or(|all| all.len() == clients.len());
    Some(VirtualMachine {
        id: own_id(value)?,
        power_state: None,
        interfaces: ids(value, "properties.networkProfile.networkInterfaces"),
        user_identities: are_all.then_some(clients),
        user_identity_ids: all().filter_map(|(id, _)| ResourceId::parse(id)).collect(),
        user_identity_principals: values("principalId"),
        system_identity: text(value, "identity.principalId"),
    })
}

/// The power state of an instance view.
pub(in crate::azure) fn power_state(view: &Value) -> Option<String> {
    let codes = list(view, "statuses").filter_map(|status| text(status, "code"));
    codes.into_iter().find_map(|code| Some(code.strip_prefix("PowerState/")?.to_owned()))
}
