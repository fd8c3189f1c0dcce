//! Network interfaces and virtual networks (facts C18, C24).

use serde_json::Value;

use super::field::{address, at, flag, id_at, list, one_or_many, own_id, text, texts};
use crate::evidence::azure::{Interface, IpConfiguration, Peering, Subnet, VirtualNetwork};

/// A network interface.
pub(in crate::azure) fn interface(value: &Value) -> Option<Interface> {
    let configuration = |one: &Value| {
        let private_link = "properties.privateLinkConnectionProperties.fqdns";
        Some(IpConfiguration {
            address: address(one, "properties.privateIPAddress")?,
            subnet: id_at(one, "properties.subnet.id"),
            fqdns: texts(one, private_link).into_iter().map(|f| f.to_ascii_lowercase()).collect(),
            public_address: Some(at(one, "properties.publicIPAddress.id").is_some()),
        })
    };
    Some(Interface {
        id: own_id(value)?,
        ip_configurations: list(value, "properties.ipConfigurations")
            .filter_map(configuration)
            .collect(),
        private_endpoint: id_at(value, "properties.privateEndpoint.id"),
        machine: id_at(value, "properties.virtualMachine.id"),
        security_group: id_at(value, "properties.networkSecurityGroup.id"),
        dns_servers: texts(value, "properties.dnsSettings.dnsServers"),
        forwards: flag(value, "properties.enableIPForwarding"),
        read: false,
    })
}

/// A virtual network.
pub(in crate::azure) fn virtual_network(value: &Value) -> Option<VirtualNetwork> {
    Some(VirtualNetwork {
        id: own_id(value)?,
        prefixes: texts(value, "properties.addressSpace.addressPrefixes"),
        dns_servers: texts(value, "properties.dhcpOptions.dnsServers"),
        subnets: list(value, "properties.subnets").filter_map(subnet).collect(),
        peerings: list(value, "properties.virtualNetworkPeerings").filter_map(peering).collect(),
        read: false,
    })
}

fn subnet(value: &Value) -> Option<Subnet> {
    let services = list(value, "properties.serviceEndpoints");
    Some(Subnet {
        id: own_id(value)?,
        prefixes: one_or_many(value, "properties.addressPrefix", "properties.addressPrefixes"),
        security_group: id_at(value, "properties.networkSecurityGroup.id"),
        route_table: id_at(value, "properties.routeTable.id"),
        nat_gateway: at(value, "properties.natGateway.id").is_some(),
        service_endpoints: services.filter_map(|one| text(one, "service")).collect(),
        endpoint_policies: text(value, "properties.privateEndpointNetworkPolicies"),
    })
}

fn peering(value: &Value) -> Option<Peering> {
    let access = flag(value, "properties.allowVirtualNetworkAccess");
    let in_part = flag(value, "properties.peerCompleteVnets") == Some(false);
    Some(Peering {
        name: text(value, "name")?,
        network: id_at(value, "properties.remoteVirtualNetwork.id"),
        state: text(value, "properties.peeringState"),
        sync: text(value, "properties.peeringSyncLevel"),
        allows_access: access.filter(|allows| !(*allows && in_part)),
        uses_remote_gateway: flag(value, "properties.useRemoteGateways"),
        lends_gateway: flag(value, "properties.allowGatewayTransit"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn access_over_a_peering_of_some_subnets_is_not_known_for_the_others() {
        for (access, whole, wanted) in [
            (json!(true), json!(null), Some(true)),
            (json!(true), json!(true), Some(true)),
            (json!(true), json!(false), None),
            (json!(false), json!(false), Some(false)),
            (json!(null), json!(true), None),
        ] {
            let properties =
                json!({"allowVirtualNetworkAccess": access, "peerCompleteVnets": whole});
            let read = peering(&json!({"name": "to-hub", "properties": properties})).unwrap();
            assert_eq!(read.allows_access, wanted, "{properties}");
        }
    }
}
