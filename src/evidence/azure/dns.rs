//! Private DNS zones, resolvers in Azure and what they forward.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, ResourceId};

/// A private DNS zone (fact C25).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivateZone {
    /// Its id.
    pub id: ResourceId,
    /// Its name in lower case, e.g. `privatelink.openai.azure.com`. Several zones of one name are
    /// common, in one subscription too.
    pub name: String,
    /// Its links; an absence in a list that was read is proved.
    pub links: Answer<Vec<ZoneLink>>,
    /// The A record set of the target in it.
    pub record: Answer<RecordSet>,
}

/// A link of a private zone to a virtual network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneLink {
    /// Its id.
    pub id: ResourceId,
    /// The network.
    pub network: Option<ResourceId>,
    /// `virtualNetworkLinkState`: `InProgress` or `Completed`.
    pub state: Option<String>,
    /// `resolutionPolicy`: `Default` or `NxDomainRedirect` (fallback to the internet).
    pub resolution_policy: Option<String>,
}

/// A record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordSet {
    /// Its id.
    pub id: ResourceId,
    /// Time to live in seconds.
    pub ttl: Option<u64>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// An inbound endpoint of Azure DNS Private Resolver (fact C26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboundEndpoint {
    /// Its id.
    pub id: ResourceId,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The network of its resolver: the one whose zones and rulesets decide (fact C49).
    pub network: Option<ResourceId>,
    /// `dnsResolverState`, e.g. `Connected`.
    pub state: Option<String>,
    /// Whether a GET of this run gave it: enough for a proof, whatever the state of the list that it
    /// is in. A row of Resource Graph otherwise.
    #[serde(default)]
    pub read: bool,
}

/// A DNS forwarding ruleset (fact C26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ruleset {
    /// Its id.
    pub id: ResourceId,
    /// Its rules.
    pub rules: Answer<Vec<ForwardingRule>>,
    /// The networks that it is linked to.
    pub networks: Answer<Vec<ResourceId>>,
}

/// A rule of a forwarding ruleset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForwardingRule {
    /// Its name.
    pub name: String,
    /// The domain, in lower case, without the dot at its end; empty for the root.
    pub domain: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Where questions go, as `address:port`.
    pub targets: Vec<String>,
}

/// A DNS security policy with its links (fact C26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverPolicy {
    /// Its id.
    pub id: ResourceId,
    /// The networks that it is linked to.
    pub networks: Vec<ResourceId>,
    /// Its rules.
    pub rules: Answer<Vec<ResolverPolicyRule>>,
}

/// A rule of a DNS security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverPolicyRule {
    /// Its id.
    pub id: ResourceId,
    /// `action.actionType`: `Block`, `Allow`, `Alert`.
    pub action: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its lists of domains.
    pub lists: Vec<DomainList>,
}

/// A list of domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DomainList {
    /// Its id.
    pub id: ResourceId,
    /// Its domains in lower case without a dot at the end; null where Resource Manager does not show
    /// them, as for large lists.
    pub domains: Option<Vec<String>>,
}

/// An Azure Firewall (fact C27).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Firewall {
    /// Its id.
    pub id: ResourceId,
    /// Its private addresses.
    pub addresses: Vec<IpAddr>,
    /// Its subnet.
    pub subnet: Option<ResourceId>,
    /// Its policy.
    pub policy: Option<ResourceId>,
    /// `enableProxy`: whether it answers DNS; null where that was not seen.
    pub dns_proxy: Option<bool>,
    /// The DNS servers that it asks; none for Azure's own.
    pub dns_servers: Vec<String>,
    /// Whether a GET of this run gave it: enough for a proof, whatever the state of the list that it
    /// is in. A row of Resource Graph otherwise.
    #[serde(default)]
    pub read: bool,
}
