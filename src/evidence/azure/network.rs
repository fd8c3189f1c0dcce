//! Virtual networks, interfaces, security groups and routes.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ResourceId;

/// A network interface (facts C18, C24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its id.
    pub id: ResourceId,
    /// Its addresses.
    pub ip_configurations: Vec<IpConfiguration>,
    /// The private endpoint that it belongs to.
    pub private_endpoint: Option<ResourceId>,
    /// The virtual machine that it belongs to.
    pub machine: Option<ResourceId>,
    /// Its own security group.
    pub security_group: Option<ResourceId>,
    /// DNS servers of its own, which win over the network's.
    pub dns_servers: Vec<String>,
    /// `enableIPForwarding`: whether it may forward packets of others.
    pub forwards: Option<bool>,
    /// Whether a GET of this run gave it: enough for a proof, whatever the state of the list that it
    /// is in. A row of Resource Graph otherwise.
    #[serde(default)]
    pub read: bool,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IpConfiguration {
    /// The address.
    pub address: IpAddr,
    /// Its subnet.
    pub subnet: Option<ResourceId>,
    /// The names that a private endpoint serves at it.
    pub fqdns: Vec<String>,
    /// Whether it has a public address of its own; null where that was not seen.
    #[serde(default)]
    pub public_address: Option<bool>,
}

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VirtualMachine {
    /// Its id.
    pub id: ResourceId,
    /// `PowerState/…` without the prefix, e.g. `running`, `deallocated`.
    pub power_state: Option<String>,
    /// Its interfaces.
    pub interfaces: Vec<ResourceId>,
    /// The client ids of its user-assigned identities; null where only its power state was read.
    pub user_identities: Option<Vec<String>>,
    /// Their ids, by which a request may name them too.
    #[serde(default)]
    pub user_identity_ids: Vec<ResourceId>,
    /// Their principals (object ids), likewise.
    #[serde(default)]
    pub user_identity_principals: Vec<String>,
    /// The principal of its system-assigned identity.
    pub system_identity: Option<String>,
}

/// A virtual network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VirtualNetwork {
    /// Its id.
    pub id: ResourceId,
    /// Its address prefixes. Different networks often have the same ones.
    pub prefixes: Vec<String>,
    /// Its DNS servers; none for Azure's own.
    pub dns_servers: Vec<String>,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Its peerings.
    pub peerings: Vec<Peering>,
    /// Whether a GET of this run gave it: enough for a proof, whatever the state of the list that it
    /// is in. A row of Resource Graph otherwise.
    #[serde(default)]
    pub read: bool,
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subnet {
    /// Its id.
    pub id: ResourceId,
    /// Its address prefixes.
    pub prefixes: Vec<String>,
    /// Its security group.
    pub security_group: Option<ResourceId>,
    /// Its route table.
    pub route_table: Option<ResourceId>,
    /// Whether a NAT gateway serves it.
    pub nat_gateway: bool,
    /// Its service endpoints, e.g. `Microsoft.CognitiveServices`.
    pub service_endpoints: Vec<String>,
    /// `privateEndpointNetworkPolicies`: whether security groups and routes apply to private
    /// endpoints in it (`Disabled`, `Enabled`, `NetworkSecurityGroupEnabled`,
    /// `RouteTableEnabled`).
    pub endpoint_policies: Option<String>,
}

/// A peering of a network with another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Peering {
    /// Its name.
    pub name: String,
    /// The other network.
    pub network: Option<ResourceId>,
    /// `peeringState`: `Initiated`, `Connected`, `Disconnected`.
    pub state: Option<String>,
    /// `peeringSyncLevel`, e.g. `FullyInSync`.
    pub sync: Option<String>,
    /// `allowVirtualNetworkAccess`: whether each network counts as part of the other for rules;
    /// null where that was not seen, and where some subnets alone are peered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allows_access: Option<bool>,
    /// `useRemoteGateways`: whether this network uses the other one's gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_remote_gateway: Option<bool>,
    /// `allowGatewayTransit`: whether the other network may use this one's gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lends_gateway: Option<bool>,
}

/// A network security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkSecurityGroup {
    /// Its id.
    pub id: ResourceId,
    /// Its own rules and the default ones.
    pub rules: Vec<NetworkRule>,
}

/// The name of a rule that stands for those of a group which were too many to be kept.
pub const MORE_RULES: &str = "MoreRules";

/// A security rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkRule {
    /// Its name.
    pub name: String,
    /// `Inbound` or `Outbound`.
    pub direction: String,
    /// `Allow` or `Deny`.
    pub access: String,
    /// Its priority: the lowest number that matches decides.
    pub priority: u32,
    /// `Tcp`, `Udp`, `*`, …
    pub protocol: String,
    /// Prefixes, service tags, ids of application security groups, or `*`.
    pub sources: Vec<String>,
    /// Prefixes, service tags, ids of application security groups, or `*`.
    pub destinations: Vec<String>,
    /// Ports, ranges or `*`.
    pub destination_ports: Vec<String>,
    /// Ports, ranges or `*` that the packet comes from; none where that was not seen.
    #[serde(default)]
    pub source_ports: Vec<String>,
    /// The group that it is of, among the rules in effect at an interface: those of two groups come
    /// in one list, and each of the two must let a packet pass. Null in a group's own list.
    #[serde(default)]
    pub group: Option<ResourceId>,
}

impl NetworkRule {
    /// Whether it stands for rules that were not kept: they decide after all that were.
    #[must_use]
    pub fn is_rest(&self) -> bool {
        self.name == MORE_RULES && self.access == "Unknown"
    }
}

/// A route table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteTable {
    /// Its id.
    pub id: ResourceId,
    /// Its routes.
    pub routes: Vec<Route>,
    /// `disableBgpRoutePropagation`.
    pub gateway_routes_disabled: Option<bool>,
}

/// A route that a user defined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// A prefix, or a service tag.
    pub prefix: String,
    /// `VnetLocal`, `Internet`, `VirtualAppliance`, `VirtualNetworkGateway`, `None`.
    pub next_hop_type: String,
    /// The appliance's address.
    pub next_hop: Option<IpAddr>,
}

/// A route in effect at an interface (fact C28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveRoute {
    /// Prefixes.
    pub prefixes: Vec<String>,
    /// As in [`Route`]; also `InterfaceEndpoint` for a private endpoint's own route.
    pub next_hop_type: String,
    /// Addresses of the next hop.
    pub next_hops: Vec<IpAddr>,
    /// `Default`, `User`, `VirtualNetworkGateway`.
    pub source: Option<String>,
    /// `Active` or `Invalid`.
    pub active: bool,
    /// Whether it has more prefixes than are kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
const fn is_false(value: &bool) -> bool {
    !*value
}
