//! Networks of an estate: subnets, rules, routes, machines, resolvers and firewalls.

use serde::Deserialize;

use super::Map;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub prefixes: Vec<String>,
    pub dns: Vec<String>,
    pub subnets: Map<Subnet>,
    pub peerings: Map<Peering>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subnet {
    pub prefix: String,
    pub security_group: Option<String>,
    pub route_table: Option<String>,
    pub nat_gateway: bool,
    pub service_endpoints: Vec<String>,
    /// `Disabled` without it.
    pub endpoint_policies: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peering {
    /// Key of the other network.
    pub to: String,
    /// `Connected` without it.
    pub state: Option<String>,
    /// `FullyInSync` without it.
    pub sync: Option<String>,
    /// `useRemoteGateways`; false without it.
    #[serde(default)]
    pub uses_remote_gateway: bool,
    /// `allowGatewayTransit`; true without it.
    pub lends_gateway: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityGroup {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub rules: Map<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub priority: u32,
    pub direction: String,
    pub access: String,
    #[serde(default = "any")]
    pub protocol: String,
    /// One is `sourceAddressPrefix`, several are `sourceAddressPrefixes`.
    #[serde(default = "all")]
    pub sources: Vec<String>,
    #[serde(default = "all")]
    pub destinations: Vec<String>,
    #[serde(default = "all")]
    pub ports: Vec<String>,
}

fn any() -> String {
    "*".to_owned()
}

fn all() -> Vec<String> {
    vec![any()]
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteTable {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub routes: Map<Route>,
    pub no_gateway_routes: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub prefix: String,
    pub next: String,
    pub address: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    /// Keys of its interfaces.
    pub interfaces: Vec<String>,
    /// `running` without it.
    pub power: Option<String>,
    /// The principal of its system-assigned identity.
    pub system_identity: Option<String>,
    /// Ids of user-assigned identities, with their client ids.
    pub user_identities: Map<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Interface {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub address: String,
    /// `network/subnet`.
    pub subnet: String,
    pub security_group: Option<String>,
    pub dns: Vec<String>,
    pub forwards: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DnsResolver {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    /// Key of its network.
    pub network: String,
    /// `Connected` without it.
    pub state: Option<String>,
    /// Addresses of its inbound endpoints.
    pub inbound: Map<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ruleset {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub rules: Map<Forward>,
    /// Names of links, with the keys of their networks.
    pub links: Map<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// With its dot at the end.
    pub domain: String,
    pub servers: Vec<String>,
    /// `Enabled` without it.
    pub state: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResolverPolicy {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub rules: Map<PolicyRule>,
    /// Names of links, with the keys of their networks.
    pub links: Map<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    pub action: String,
    /// `Enabled` without it.
    pub state: Option<String>,
    /// Keys of lists.
    pub lists: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DomainList {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    /// None for a list that is too large to be shown.
    pub domains: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Firewall {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub address: String,
    /// `network/subnet`.
    pub subnet: String,
    pub policy: Option<String>,
    /// Without a policy.
    pub dns_proxy: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FirewallPolicy {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub dns_proxy: bool,
    pub servers: Vec<String>,
}
