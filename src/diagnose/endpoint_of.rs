//! Which private endpoint has an address: its network interface shows it (an endpoint's own list is
//! often empty). Endpoints are often in a hub's subscription, and `az network nic list` shows only
//! the current one.

use std::fmt::Display;

use super::FindingBuilder;

/// The command that searches every subscription for exactly this address.
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

/// The steps that show which endpoint has an address, and for which names; `says` describes their
/// purpose.
pub(super) fn look(
    finding: FindingBuilder,
    message: impl Display,
    address: impl Display,
) -> FindingBuilder {
    finding
        .inspect(
            format!("{message}, in every subscription that you can read"),
            everywhere(&address),
        )
        .or_inspect(
            "in the current subscription only, where an empty answer shows nothing about the \
             others",
            here(&address),
        )
}
