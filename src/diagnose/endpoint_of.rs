//! Which private endpoint has an address: its network interface knows (an endpoint's own list is
//! often empty). Endpoints are often in a hub's subscription, and `az network nic list` sees the
//! current one alone.

use std::fmt::Display;

use super::Because;

/// The command that asks every subscription, with an exact match.
pub(super) fn everywhere(address: impl Display) -> String {
    format!(
        "az graph query -q \"resources | where type =~ 'microsoft.network/networkinterfaces' | \
         mv-expand ip = properties.ipConfigurations | where \
         tostring(ip.properties.privateIPAddress) == '{address}' | project id, endpoint = \
         properties.privateEndpoint.id, names = \
         ip.properties.privateLinkConnectionProperties.fqdns\" --query data -o json"
    )
}

/// The same for the current subscription, without an extension of az.
fn here(address: impl Display) -> String {
    format!(
        "az network nic list --query \"[?ipConfigurations[?privateIPAddress=='{address}']].{{id:id,\
         endpoint:privateEndpoint.id,names:ipConfigurations[?privateIPAddress=='{address}'].\
         privateLinkConnectionProperties.fqdns}}\" -o json"
    )
}

/// The steps that show which endpoint has an address, and for which names; `says` is what for.
pub(super) fn look(because: Because, says: impl Display, address: impl Display) -> Because {
    because
        .look(
            format!("{says}, in every subscription that you can read (extension resource-graph)"),
            everywhere(&address),
        )
        .look(
            "or in the current subscription alone, where an empty answer shows nothing about the \
             others",
            here(&address),
        )
}
