//! A small estate in which everything is right: account, endpoint, zone, link, record, this machine.

use serde_json::{Value, json};

use super::Fake;
use crate::azure::Scope;
use crate::evidence::azure::ResourceId;

pub(super) const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

/// An id in the subscription.
pub(super) fn id(group: &str, rest: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/{rest}")
}

pub(super) fn account() -> String {
    id("ai-rg", "Microsoft.CognitiveServices/accounts/myacct")
}

pub(super) fn endpoint() -> String {
    id("net-rg", "Microsoft.Network/privateEndpoints/pe-myacct")
}

pub(super) fn interface(name: &str) -> String {
    id("net-rg", &format!("Microsoft.Network/networkInterfaces/{name}"))
}

pub(super) fn network(name: &str) -> String {
    id("net-rg", &format!("Microsoft.Network/virtualNetworks/{name}"))
}

pub(super) fn zone(name: &str) -> String {
    id("dns-rg", &format!("Microsoft.Network/privateDnsZones/{name}"))
}

pub(super) fn machine() -> String {
    id("app-rg", "Microsoft.Compute/virtualMachines/jump-01")
}

pub(super) const ZONE: &str = "privatelink.openai.azure.com";

/// The JSON of an interface.
pub(super) fn interface_json(address: &str, subnet: &str, more: Value) -> Value {
    let mut properties = json!({"ipConfigurations": [{"properties":
        {"privateIPAddress": address, "subnet": {"id": subnet}}}]});
    super::merge(&mut properties, more);
    properties
}

/// Adds a zone with one link and one record.
pub(super) fn add_zone(fake: &mut Fake, name: &str, linked_to: &str, address: Option<&str>) {
    let zone = zone(name);
    let link = format!("{zone}/virtualNetworkLinks/link");
    fake.resource(&zone, json!({}));
    fake.resource(
        &link,
        json!({"virtualNetwork": {"id": linked_to},
        "virtualNetworkLinkState": "Completed"}),
    );
    let link_json = json!({"id": link, "properties": {"virtualNetwork": {"id": linked_to},
        "virtualNetworkLinkState": "Completed", "resolutionPolicy": "Default"}});
    fake.get(&format!("{zone}/virtualNetworkLinks"), json!({"value": [link_json]}));
    if let Some(address) = address {
        let record = format!("{zone}/A/myacct");
        fake.get(
            &record,
            json!({"id": record, "properties":
            {"ttl": 10, "aRecords": [{"ipv4Address": address}]}}),
        );
    }
}

/// The estate, and the scope of a walk from its machine.
pub(super) fn estate() -> (Fake, Scope) {
    let mut fake = Fake::default();
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    fake.with(
        &subscription,
        json!({"id": subscription, "subscriptionId": SUBSCRIPTION, "tenantId": "tenant-1"}),
    );
    let connection = json!({"id": format!("{}/privateEndpointConnections/c1", account()),
        "properties": {"privateEndpoint": {"id": endpoint()}, "groupIds": ["account"],
            "privateLinkServiceConnectionState": {"status": "Approved"}}});
    fake.with(
        &account(),
        json!({"id": account(), "kind": "OpenAI", "location": "westeurope",
        "tenantId": "tenant-1", "properties": {"customSubDomainName": "myacct",
            "endpoint": "https://myacct.openai.azure.com/", "publicNetworkAccess": "Disabled",
            "privateEndpointConnections": [connection]}}),
    );
    fake.get(&format!("{}/privateEndpointConnections", account()), json!({"value": [connection]}));
    let subnet = |name: &str| format!("{}/subnets/{name}", network("spoke"));
    fake.resource(
        &endpoint(),
        json!({"subnet": {"id": subnet("endpoints")},
        "networkInterfaces": [{"id": interface("pe-nic")}],
        "privateLinkServiceConnections": [{"properties": {"privateLinkServiceId": account(),
            "groupIds": ["account"],
            "privateLinkServiceConnectionState": {"status": "Approved"}}}]}),
    );
    let configuration = json!({"name": "openai", "properties": {"privateDnsZoneId": zone(ZONE),
        "recordSets": [{"recordSetName": "myacct", "ipAddresses": ["10.3.0.5"]}]}});
    fake.get(
        &format!("{}/privateDnsZoneGroups", endpoint()),
        json!({"value": [
        {"name": "default", "properties": {"privateDnsZoneConfigs": [configuration]}}]}),
    );
    fake.resource(
        &interface("pe-nic"),
        interface_json(
            "10.3.0.5",
            &subnet("endpoints"),
            json!({"privateEndpoint": {"id": endpoint()}}),
        ),
    );
    fake.resource(
        &interface("jump-nic"),
        interface_json("10.3.0.4", &subnet("apps"), json!({"virtualMachine": {"id": machine()}})),
    );
    fake.resource(
        &interface("dns-nic"),
        interface_json(
            "10.1.0.10",
            &format!("{}/subnets/dns", network("hub")),
            json!({"virtualMachine": {"id": machine().replace("jump", "dns")}}),
        ),
    );
    fake.with(
        &machine(),
        json!({"id": machine(), "identity": {"principalId": "p1"},
        "properties": {"networkProfile": {"networkInterfaces": [{"id": interface("jump-nic")}]}}}),
    );
    let group = |name: &str| json!({"id": id("net-rg", &format!("Microsoft.Network/networkSecurityGroups/{name}"))});
    fake.resource(
        &network("spoke"),
        json!({"addressSpace": {"addressPrefixes": ["10.3.0.0/16"]},
        "dhcpOptions": {"dnsServers": ["10.1.0.10"]},
        "subnets": [
            {"id": subnet("apps"), "properties": {"addressPrefix": "10.3.0.0/28",
                "networkSecurityGroup": group("apps-nsg")}},
            {"id": subnet("endpoints"), "properties": {"addressPrefix": "10.3.1.0/24",
                "networkSecurityGroup": group("pe-nsg")}}],
        "virtualNetworkPeerings": [{"name": "to-hub", "properties": {"peeringState": "Connected",
            "remoteVirtualNetwork": {"id": network("hub")}}}]}),
    );
    for name in ["apps-nsg", "pe-nsg"] {
        let id = id("net-rg", &format!("Microsoft.Network/networkSecurityGroups/{name}"));
        fake.resource(
            &id,
            json!({"securityRules": [{"name": "deny", "properties":
            {"direction": "Inbound", "access": "Deny", "priority": 100, "protocol": "Tcp"}}]}),
        );
    }
    add_zone(&mut fake, ZONE, &network("hub"), Some("10.3.0.5"));
    let scope = Scope { this_machine: ResourceId::parse(&machine()), ..Scope::default() };
    (fake, scope)
}
