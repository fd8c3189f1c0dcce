//! Networks, security groups, routes, interfaces, machines and firewalls.

use serde_json::{Value, json};

use super::super::model::{Network, Rule};
use super::{Names, Resources};

/// Rules that every security group has: name, priority, direction, access, from, to, port.
type Default = (&'static str, u32, &'static str, &'static str, &'static str, &'static str);
const DEFAULTS: &[Default] = &[
    ("AllowVnetInBound", 65_000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65_001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65_500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65_000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65_001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65_500, "Outbound", "Deny", "*", "*"),
];

pub(super) fn add(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, network) in &names.0.networks {
        virtual_network(names, all, key, network)?;
    }
    for (key, group) in &names.0.security_groups {
        let id = names.security_group(key)?;
        let named = |name: &str, list: &str, properties: Value| json!({ "id": format!("{id}/{list}/{name}"), "name": name, "properties": properties });
        let own: Vec<Value> = group
            .rules
            .iter()
            .map(|(name, rule)| named(name, "securityRules", properties(rule)))
            .collect();
        let defaults: Vec<Value> = DEFAULTS
            .iter()
            .map(|(name, priority, direction, access, from, to)| {
                named(
                    name,
                    "defaultSecurityRules",
                    json!({
                        "priority": priority, "direction": direction, "access": access,
                        "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
                        "sourceAddressPrefix": from, "destinationAddressPrefix": to,
                        "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
                        "sourcePortRanges": [], "destinationPortRanges": [],
                    }),
                )
            })
            .collect();
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded", "securityRules": own,
                "defaultSecurityRules": defaults,
            }}),
        );
    }
    for (key, table) in &names.0.route_tables {
        let id = names.route_table(key)?;
        let routes: Vec<Value> = table
            .routes
            .iter()
            .map(|(name, route)| {
                let mut properties = json!({
                    "addressPrefix": route.prefix, "nextHopType": route.next,
                    "provisioningState": "Succeeded",
                });
                if let Some(address) = &route.address {
                    properties["nextHopIpAddress"] = address.clone().into();
                }
                json!({ "id": format!("{id}/routes/{name}"), "name": name,
                        "properties": properties })
            })
            .collect();
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded", "routes": routes,
                "disableBgpRoutePropagation": table.no_gateway_routes,
            }}),
        );
    }
    machines(names, all)?;
    firewalls(names, all)
}

/// One prefix or port is a text of its own, several are a list.
fn put(properties: &mut Value, one: &str, several: &str, values: &[String]) {
    match values {
        [value] => {
            properties[one] = value.clone().into();
            properties[several] = json!([]);
        }
        values => properties[several] = json!(values),
    }
}

fn properties(rule: &Rule) -> Value {
    let mut properties = json!({
        "provisioningState": "Succeeded", "priority": rule.priority, "direction": rule.direction,
        "access": rule.access, "protocol": rule.protocol, "description": super::MAIL,
        "sourcePortRange": "*", "sourcePortRanges": [],
    });
    put(&mut properties, "sourceAddressPrefix", "sourceAddressPrefixes", &rule.sources);
    put(
        &mut properties,
        "destinationAddressPrefix",
        "destinationAddressPrefixes",
        &rule.destinations,
    );
    put(&mut properties, "destinationPortRange", "destinationPortRanges", &rule.ports);
    properties
}

fn virtual_network(
    names: &Names<'_>,
    all: &mut Resources,
    key: &str,
    network: &Network,
) -> Result<(), String> {
    let id = names.network(key)?;
    let mut subnets = Vec::new();
    for (name, subnet) in &network.subnets {
        let mut properties = json!({
            "provisioningState": "Succeeded", "addressPrefix": subnet.prefix,
            "privateEndpointNetworkPolicies":
                subnet.endpoint_policies.as_deref().unwrap_or("Disabled"),
            "privateLinkServiceNetworkPolicies": "Enabled",
            "serviceEndpoints": subnet.service_endpoints.iter()
                .map(|s| json!({ "service": s, "provisioningState": "Succeeded",
                                 "locations": ["*"] }))
                .collect::<Vec<_>>(),
        });
        let nsg = Names::optional(subnet.security_group.as_ref(), |k| names.security_group(k))?;
        let routes = Names::optional(subnet.route_table.as_ref(), |k| names.route_table(k))?;
        let nat = match subnet.nat_gateway {
            true => json!({ "id": id.replace("/virtualNetworks/", "/natGateways/") }),
            false => Value::Null,
        };
        for (field, value) in
            [("networkSecurityGroup", nsg), ("routeTable", routes), ("natGateway", nat)]
        {
            if !value.is_null() {
                properties[field] = value;
            }
        }
        let id = format!("{id}/subnets/{name}");
        subnets.push(json!({ "id": id, "name": name, "properties": properties }));
    }
    let mut peerings = Vec::new();
    for (name, peering) in &network.peerings {
        let other = names.network(&peering.to)?;
        let prefixes = names.0.networks.get(&peering.to).map(|n| n.prefixes.clone());
        peerings.push(json!({
            "id": format!("{id}/virtualNetworkPeerings/{name}"), "name": name,
            "properties": {
                "provisioningState": "Succeeded", "remoteVirtualNetwork": { "id": other },
                "peeringState": peering.state.as_deref().unwrap_or("Connected"),
                "peeringSyncLevel": peering.sync.as_deref().unwrap_or("FullyInSync"),
                "allowVirtualNetworkAccess": true, "allowForwardedTraffic": true,
                "useRemoteGateways": peering.uses_remote_gateway,
                "allowGatewayTransit": peering.lends_gateway.unwrap_or(true),
                "remoteAddressSpace": { "addressPrefixes": prefixes },
            },
        }));
    }
    let mut properties = json!({
        "provisioningState": "Succeeded", "addressSpace": { "addressPrefixes": network.prefixes },
        "subnets": subnets, "virtualNetworkPeerings": peerings, "enableDdosProtection": false,
    });
    if !network.dns.is_empty() {
        properties["dhcpOptions"] = json!({ "dnsServers": network.dns });
    }
    all.add(&id, Some("Resources"), json!({ "properties": properties }));
    Ok(())
}

fn machines(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, interface) in &names.0.interfaces {
        let id = names.interface(key)?;
        let owner = names.0.machines.iter().find(|(_, m)| m.interfaces.contains(key));
        let mut properties = json!({
            "provisioningState": "Succeeded", "primary": true, "nicType": "Standard",
            "enableIPForwarding": interface.forwards, "macAddress": "00-0D-3A-1B-2C-3D",
            "dnsSettings": { "dnsServers": interface.dns, "appliedDnsServers": interface.dns },
            "ipConfigurations": [{
                "name": "ipconfig1", "id": format!("{id}/ipConfigurations/ipconfig1"),
                "properties": {
                    "privateIPAddress": interface.address, "primary": true,
                    "privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4",
                    "subnet": Names::reference(names.subnet(&interface.subnet))?,
                },
            }],
        });
        if let Some((machine, _)) = owner {
            // Azure writes the group in capitals here (fact C8).
            let id = names.machine(machine)?;
            let group = id.split('/').nth(4).unwrap_or_default();
            properties["virtualMachine"] =
                json!({ "id": id.replacen(group, &group.to_ascii_uppercase(), 1) });
        }
        let nsg = Names::optional(interface.security_group.as_ref(), |k| names.security_group(k))?;
        if !nsg.is_null() {
            properties["networkSecurityGroup"] = nsg;
        }
        all.add(&id, Some("Resources"), json!({ "properties": properties }));
    }
    for (key, machine) in &names.0.machines {
        let id = names.machine(key)?;
        let interfaces: Vec<Value> = machine
            .interfaces
            .iter()
            .map(|key| {
                Ok(json!({ "id": names.interface(key)?, "properties": { "primary": true } }))
            })
            .collect::<Result<_, String>>()?;
        let mut body = json!({ "properties": {
            "provisioningState": "Succeeded", "vmId": "2f0e9c1d-0b0a-4f0e-8d0c-1a2b3c4d5e6f",
            "hardwareProfile": { "vmSize": "Standard_D2s_v5" },
            "osProfile": { "computerName": key, "adminUsername": "canary-admin" },
            "networkProfile": { "networkInterfaces": interfaces },
        }});
        let users: serde_json::Map<String, Value> = machine
            .user_identities
            .iter()
            .map(|(id, client)| {
                let principal = "3c4f3c1f-9a11-4b52-bb1c-7d1c8e0a5a86";
                (id.clone(), json!({ "clientId": client, "principalId": principal }))
            })
            .collect();
        let kind = match (&machine.system_identity, users.is_empty()) {
            (None, true) => None,
            (Some(_), true) => Some("SystemAssigned"),
            (None, false) => Some("UserAssigned"),
            (Some(_), false) => Some("SystemAssigned, UserAssigned"),
        };
        if let Some(kind) = kind {
            body["identity"] = json!({ "type": kind });
            if let Some(principal) = &machine.system_identity {
                body["identity"]["principalId"] = principal.clone().into();
                body["identity"]["tenantId"] = super::super::TENANT.into();
            }
            if !users.is_empty() {
                body["identity"]["userAssignedIdentities"] = users.into();
            }
        }
        all.add(&id, Some("Resources"), body);
        let power = machine.power.as_deref().unwrap_or("running");
        all.add(
            &format!("{id}/instanceView"),
            None,
            json!({
                "statuses": [
                    { "code": "ProvisioningState/succeeded", "level": "Info" },
                    { "code": format!("PowerState/{power}"), "level": "Info",
                      "displayStatus": format!("VM {power}") },
                ],
            }),
        );
    }
    Ok(())
}

fn firewalls(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, policy) in &names.0.firewall_policies {
        let id = names.firewall_policy(key)?;
        all.add(
            &id,
            Some("Resources"),
            json!({ "properties": {
                "provisioningState": "Succeeded", "threatIntelMode": "Alert",
                "dnsSettings": { "enableProxy": policy.dns_proxy, "servers": policy.servers },
            }}),
        );
    }
    for (key, firewall) in &names.0.firewalls {
        let id = names.firewall(key)?;
        let mut properties = json!({
            "provisioningState": "Succeeded", "sku": { "name": "AZFW_VNet", "tier": "Standard" },
            "ipConfigurations": [{ "name": "ipconfig1", "properties": {
                "privateIPAddress": firewall.address,
                "subnet": Names::reference(names.subnet(&firewall.subnet))?,
            }}],
            "additionalProperties": {},
        });
        match &firewall.policy {
            Some(policy) => {
                properties["firewallPolicy"] = Names::reference(names.firewall_policy(policy))?;
            }
            None => {
                let proxy = firewall.dns_proxy.to_string();
                properties["additionalProperties"]["Network.DNS.EnableProxy"] = proxy.into();
            }
        }
        all.add(&id, Some("Resources"), json!({ "properties": properties }));
    }
    Ok(())
}
