//! Commands that show which routes and rules Azure applies to this machine's packets.

use std::net::IpAddr;

use crate::diagnose::{FindingBuilder, platform_advice};
use crate::evidence::Evidence;
use crate::evidence::vantage::Platform;

/// Whether the machine is in Azure, so that a subnet's routes and NSG apply to it.
pub(in crate::diagnose::rules) fn in_azure(e: &Evidence) -> bool {
    let platforms = [Platform::AppService, Platform::Functions, Platform::ContainerApps];
    e.vantage.azure.answer == Some(true) || platforms.into_iter().any(|one| e.vantage.is_on(one))
}

/// Adds how to see the routes and the NSG rules that apply to this machine's traffic to an address.
pub(in crate::diagnose::rules) fn rules(
    finding: FindingBuilder,
    e: &Evidence,
    ip: IpAddr,
) -> FindingBuilder {
    let finding = routes(finding, e, ip);
    // For a subnet, one command shows both.
    if platform_advice::subnet(e).is_some() {
        return finding;
    }
    finding.inspect(
        "see the NSG rules that apply to this machine",
        "az network nic list-effective-nsg -g <group> -n <nic of this machine>",
    )
}

/// Adds how to see where Azure sends packets of this machine to an address: by its network
/// interface, or by its subnet where Azure shows no interface of its own for it.
pub(in crate::diagnose::rules) fn routes(
    finding: FindingBuilder,
    e: &Evidence,
    ip: IpAddr,
) -> FindingBuilder {
    match platform_advice::subnet(e) {
        Some(subnet) => finding.inspect(
            format!("see the route table and the NSG of {subnet}, and how they treat {ip}"),
            "az network vnet subnet show -g <group> --vnet-name <vnet> -n <subnet> \
             --query '{nsg: networkSecurityGroup.id, routes: routeTable.id}'",
        ),
        None => finding.inspect(
            format!("see the next hop that Azure uses from this machine to {ip}"),
            "az network nic show-effective-route-table -g <group> -n <nic of this machine> \
             -o table",
        ),
    }
}
