//! What Azure applies to packets of this machine: the commands that show it.

use std::net::IpAddr;

use crate::diagnose::{Because, platform_advice};
use crate::evidence::Evidence;
use crate::evidence::vantage::Platform;

/// Whether the machine is in Azure, so that routes and NSG of a subnet hold for it.
pub(in crate::diagnose::rules) fn in_azure(e: &Evidence) -> bool {
    let platforms = [Platform::AppService, Platform::Functions, Platform::ContainerApps];
    e.vantage.azure.answer == Some(true) || platforms.into_iter().any(|one| e.vantage.is_on(one))
}

/// Adds how to see the routes and the NSG rules that hold for this machine towards an address.
pub(in crate::diagnose::rules) fn rules(because: Because, e: &Evidence, ip: IpAddr) -> Because {
    let because = routes(because, e, ip);
    // Of a subnet one command shows both.
    if platform_advice::subnet(e).is_some() {
        return because;
    }
    because.look(
        "see the NSG rules that hold for this machine",
        "az network nic list-effective-nsg -g <group> -n <nic of this machine>",
    )
}

/// Adds how to see where Azure sends packets of this machine to an address: by its network
/// interface, or by its subnet where Azure shows no interface of its own for it.
pub(in crate::diagnose::rules) fn routes(because: Because, e: &Evidence, ip: IpAddr) -> Because {
    match platform_advice::subnet(e) {
        Some(subnet) => because.look(
            format!("see the route table and the NSG of {subnet}, and what they do with {ip}"),
            "az network vnet subnet show -g <group> --vnet-name <vnet> -n <subnet> \
             --query '{nsg: networkSecurityGroup.id, routes: routeTable.id}'",
        ),
        None => because.look(
            format!("see the next hop that Azure gives this machine towards {ip}"),
            "az network nic show-effective-route-table -g <group> -n <nic of this machine> \
             -o table",
        ),
    }
}
