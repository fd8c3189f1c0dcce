//! Commands of `az` about resources whose ids are known.

use crate::diagnose::reading::word;
use crate::evidence::azure::{NetworkRule, NetworkSecurityGroup, ResourceId};

/// The options that name the group of a resource, its subscription first: it is often another one
/// than the current.
fn place(id: &ResourceId) -> String {
    format!("--subscription {} -g {}", word(id.subscription()), word(id.group()))
}

/// Shows the rules of a network security group, those that Azure adds too.
pub(in crate::diagnose) fn security_rules(group: &ResourceId) -> String {
    format!(
        "az network nsg rule list {} --nsg-name {} --include-default -o table",
        place(group),
        word(group.name())
    )
}

/// Adds a rule that lets one connection through in front of `rule`, and removes it again.
pub(in crate::diagnose) fn allow_before(
    group: &NetworkSecurityGroup,
    rule: &NetworkRule,
    (source, destination, port): (&str, &str, u16),
) -> (String, String) {
    let taken = |priority: u32| {
        let same = |one: &&NetworkRule| one.direction.eq_ignore_ascii_case(&rule.direction);
        group.rules.iter().filter(same).any(|one| one.priority == priority)
    };
    // Numbers from 100 to 4096 are for users.
    let free = (100..rule.priority.min(4097)).rev().find(|priority| !taken(*priority));
    let priority = free.map_or_else(|| "<n>".to_owned(), |priority| priority.to_string());
    let named =
        format!("{} --nsg-name {} -n allow-azure-openai", place(&group.id), word(group.id.name()));
    (
        format!(
            "az network nsg rule create {named} --priority {priority} --direction {} --access \
             Allow --protocol Tcp --source-address-prefixes {source} \
             --destination-address-prefixes {destination} --destination-port-ranges {port}",
            word(&rule.direction)
        ),
        format!("az network nsg rule delete {named}"),
    )
}

/// Shows the routes of a route table.
pub(in crate::diagnose) fn routes(table: &ResourceId) -> String {
    format!(
        "az network route-table route list {} --route-table-name {} -o table",
        place(table),
        word(table.name())
    )
}

/// Adds or deletes a route of a route table.
pub(in crate::diagnose) fn route(verb: &str, table: &ResourceId, name: &str, rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!(
        "az network route-table route {verb} {} --route-table-name {} -n {}{space}{rest}",
        place(table),
        word(table.name()),
        word(name)
    )
}

/// Shows the peerings of a network.
pub(in crate::diagnose) fn peerings(network: &ResourceId) -> String {
    format!(
        "az network vnet peering list {} --vnet-name {} -o table",
        place(network),
        word(network.name())
    )
}

/// Creates a peering of `from` with `to`, and deletes it again.
pub(in crate::diagnose) fn peer(
    from: &ResourceId,
    to: &ResourceId,
    name: &str,
) -> (String, String) {
    let named = format!("{} --vnet-name {} -n {}", place(from), word(from.name()), word(name));
    (
        format!(
            "az network vnet peering create {named} --remote-vnet {} --allow-vnet-access",
            word(to.as_str())
        ),
        format!("az network vnet peering delete {named}"),
    )
}

/// Lets a network's peering pass packets by default, or not.
pub(in crate::diagnose) fn peering_access(network: &ResourceId, name: &str, on: bool) -> String {
    format!(
        "az network vnet peering update {} --vnet-name {} -n {} --set \
         allowVirtualNetworkAccess={on}",
        place(network),
        word(network.name()),
        word(name)
    )
}

/// Shows who requests a connection, and its state.
pub(in crate::diagnose) fn connection(id: &ResourceId) -> String {
    format!(
        "az network private-endpoint-connection show --id {} --query \
         \"properties.{{endpoint:privateEndpoint.id,state:privateLinkServiceConnectionState}}\"",
        word(id.as_str())
    )
}

/// Approves or rejects a connection.
pub(in crate::diagnose) fn decide_connection(verb: &str, id: &ResourceId) -> String {
    format!("az network private-endpoint-connection {verb} --id {}", word(id.as_str()))
}

/// Shows the addresses of an interface, with the names that they are for.
pub(in crate::diagnose) fn addresses(interface: &ResourceId) -> String {
    format!(
        "az network nic show --ids {} --query \"ipConfigurations[].{{address:privateIPAddress,\
         names:privateLinkConnectionProperties.fqdns}}\"",
        word(interface.as_str())
    )
}

/// Shows a property of any resource.
pub(in crate::diagnose) fn show(id: &ResourceId, query: &str) -> String {
    format!("az resource show --ids {} --query \"{query}\"", word(id.as_str()))
}

/// Shows the security rules that are in effect at an interface: it needs a right to an action.
pub(in crate::diagnose) fn effective_rules(interface: &ResourceId) -> String {
    format!("az network nic list-effective-nsg --ids {}", word(interface.as_str()))
}

/// Shows the routes that are in effect at an interface: it needs a right to an action.
pub(in crate::diagnose) fn effective_routes(interface: &ResourceId) -> String {
    format!("az network nic show-effective-route-table --ids {} -o table", word(interface.as_str()))
}
