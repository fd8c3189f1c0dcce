//! What Resource Manager has: types with their versions, and what a read of each needs.

/// A type that can be read.
pub struct Kind {
    /// Provider and type.
    pub name: &'static str,
    /// Versions of its API (facts C10 to C34), the oldest first.
    pub versions: &'static [&'static str],
    /// Whether a collection comes in pages.
    pub paged: bool,
}

const COGNITIVE: &[&str] = &["2023-05-01", "2024-10-01", "2025-06-01", "2025-12-01", "2026-07-01"];
const NETWORK: &[&str] = &[
    "2023-09-01",
    "2024-05-01",
    "2024-07-01",
    "2024-10-01",
    "2025-01-01",
    "2025-05-01",
    "2025-07-01",
    "2025-09-01",
];
const PRIVATE_DNS: &[&str] = &["2018-09-01", "2020-06-01", "2024-06-01"];
const RESOLVER: &[&str] = &["2022-07-01", "2025-05-01"];
const RESOLVER_POLICY: &[&str] = &["2025-05-01"];
const COMPUTE: &[&str] = &["2024-03-01", "2024-07-01", "2024-11-01"];
const AUTHORIZATION: &[&str] = &["2015-07-01", "2022-04-01"];
const SUBSCRIPTIONS: &[&str] =
    &["2016-06-01", "2020-01-01", "2021-01-01", "2022-01-01", "2022-12-01"];

const fn kind(name: &'static str, versions: &'static [&'static str], paged: bool) -> Kind {
    Kind { name, versions, paged }
}

/// Every one.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    kind("Microsoft.Resources/subscriptions", SUBSCRIPTIONS, true),
    kind("Microsoft.CognitiveServices/accounts", COGNITIVE, true),
    kind("Microsoft.CognitiveServices/accounts/privateEndpointConnections", COGNITIVE, false),
    kind("Microsoft.CognitiveServices/accounts/deployments", COGNITIVE, true),
    kind("Microsoft.CognitiveServices/accounts/networkSecurityPerimeterConfigurations", COGNITIVE, true),
    kind("Microsoft.CognitiveServices/deletedAccounts", COGNITIVE, true),
    kind("Microsoft.Network/privateEndpoints", NETWORK, true),
    kind("Microsoft.Network/privateEndpoints/privateDnsZoneGroups", NETWORK, true),
    kind("Microsoft.Network/networkInterfaces", NETWORK, true),
    kind("Microsoft.Network/networkInterfaces/effectiveRouteTable", NETWORK, false),
    kind("Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups", NETWORK, false),
    kind("Microsoft.Network/locations/operationResults", NETWORK, false),
    kind("Microsoft.Network/virtualNetworks", NETWORK, true),
    kind("Microsoft.Network/networkSecurityGroups", NETWORK, true),
    kind("Microsoft.Network/routeTables", NETWORK, true),
    kind("Microsoft.Network/azureFirewalls", NETWORK, true),
    kind("Microsoft.Network/firewallPolicies", NETWORK, true),
    kind("Microsoft.Network/privateDnsZones", PRIVATE_DNS, true),
    kind("Microsoft.Network/privateDnsZones/virtualNetworkLinks", PRIVATE_DNS, true),
    kind("Microsoft.Network/privateDnsZones/A", PRIVATE_DNS, true),
    kind("Microsoft.Network/dnsResolvers", RESOLVER, true),
    kind("Microsoft.Network/dnsResolvers/inboundEndpoints", RESOLVER, true),
    kind("Microsoft.Network/dnsForwardingRulesets", RESOLVER, true),
    kind("Microsoft.Network/dnsForwardingRulesets/forwardingRules", RESOLVER, true),
    kind("Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks", RESOLVER, true),
    kind("Microsoft.Network/dnsResolverPolicies", RESOLVER_POLICY, true),
    kind("Microsoft.Network/dnsResolverPolicies/dnsSecurityRules", RESOLVER_POLICY, true),
    kind("Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks", RESOLVER_POLICY, true),
    kind("Microsoft.Network/dnsResolverDomainLists", RESOLVER_POLICY, true),
    kind("Microsoft.Compute/virtualMachines", COMPUTE, true),
    kind("Microsoft.Compute/virtualMachines/instanceView", COMPUTE, false),
    kind("Microsoft.Authorization/roleAssignments", AUTHORIZATION, true),
    kind("Microsoft.Authorization/denyAssignments", &["2022-04-01"], true),
    kind("Microsoft.Authorization/roleDefinitions", AUTHORIZATION, false),
    kind("Microsoft.Authorization/permissions", AUTHORIZATION, true),
];

/// Versions of Resource Graph (fact C10).
pub const GRAPH: &[&str] = &["2021-03-01", "2022-10-01", "2024-04-01"];

/// The row of a type.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
}
