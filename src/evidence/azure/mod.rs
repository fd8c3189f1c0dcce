//! What Azure Resource Manager says of the target, where the user asked for it (`--azure`).
//!
//! Every resource is reduced to the fields that a rule reads: no keys, no tags, no mail addresses
//! (fact C60). What is not visible to the caller is never absent (facts C2, C4): each question keeps
//! its own [`Answer`].

mod answer;
mod dns;
mod id;
mod network;
mod private_link;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, Read, ReadKind, Refusal};
pub use dns::{
    DomainList, Firewall, ForwardingRule, InboundEndpoint, PrivateZone, RecordSet, ResolverPolicy,
    ResolverPolicyRule, Ruleset, ZoneLink,
};
pub use id::ResourceId;
pub use network::{
    EffectiveRoute, Interface, IpConfiguration, MORE_RULES, NetworkRule, NetworkSecurityGroup,
    Peering, Route, RouteTable, Subnet, VirtualMachine, VirtualNetwork,
};
pub use private_link::{
    Account, Change, Connection, ConnectionStatus, DataPermission, DenyAssignment, Deployment,
    Perimeter, PrivateEndpoint, RoleAssignment, ZoneConfiguration,
};

use super::Evidence;

/// What Resource Manager says of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AzureEvidence {
    /// When the reading began, RFC 3339, UTC: a saved report may be older.
    #[serde(default)]
    pub at: String,
    /// The host that was asked, that of the target's cloud (facts C50 to C52).
    pub host: String,
    /// Who asked it; not necessarily who calls the target (fact C5).
    pub caller: Caller,
    /// The hops to it and how the token was acquired; null where nothing was contacted.
    pub path: Option<Box<Evidence>>,
    /// Why nothing was read, or why the reading ended early.
    pub stopped: Option<String>,
    /// Every read, in the order of their beginning.
    pub reads: Vec<Read>,
    /// What the answers say.
    pub estate: Estate,
    /// Time from the first read to the last answer, in milliseconds.
    pub took_ms: f64,
}

/// The identity of a token for Resource Manager, by its claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Caller {
    /// `oid`: the object id of the user or service principal.
    pub object_id: Option<String>,
    /// `tid`: its tenant.
    pub tenant: Option<String>,
    /// Whether it is the identity whose token the target is called with; null where that one is
    /// not known.
    pub calls_target: Option<bool>,
}

/// The part of an Azure estate that has to do with the target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Estate {
    /// Ids of the subscriptions that the caller sees, each with its own row in Resource Graph
    /// (fact C15).
    pub subscriptions: Answer<Vec<String>>,
    /// The account that has the target's name.
    pub account: Answer<Account>,
    /// Accounts that are deleted and can still be recovered, by name, in the account's
    /// subscription.
    pub deleted: Answer<Vec<String>>,
    /// Every private endpoint connection of the account, in every state.
    pub connections: Answer<Vec<Connection>>,
    /// Every deployment of the account.
    pub deployments: Answer<Vec<Deployment>>,
    /// Private endpoints of the account that are visible.
    pub endpoints: Answer<Vec<PrivateEndpoint>>,
    /// Network interfaces that have an address which the walk met: one that a resolver gave, this
    /// machine's, or a resolver's own; those of the account's endpoints too.
    pub interfaces: Answer<Vec<Interface>>,
    /// Virtual machines that those interfaces belong to.
    pub machines: Vec<VirtualMachine>,
    /// The id of this machine by its metadata service (fact C47).
    pub this_machine: Option<ResourceId>,
    /// Private DNS zones of the target's suffix, of its siblings and of the suffix's parents.
    pub zones: Answer<Vec<PrivateZone>>,
    /// Virtual networks: this machine's, those of the endpoints, and those of resolvers.
    pub networks: Answer<Vec<VirtualNetwork>>,
    /// Security groups of the subnets and interfaces at both ends.
    pub security_groups: Vec<NetworkSecurityGroup>,
    /// Route tables of the subnets at both ends, and of gateway subnets between them.
    pub route_tables: Vec<RouteTable>,
    /// The routes in effect at this machine's interface; read with `--azure-effective` alone.
    pub effective_routes: Answer<Vec<EffectiveRoute>>,
    /// The security rules in effect at this machine's interface; read with `--azure-effective`
    /// alone.
    pub effective_rules: Answer<Vec<NetworkRule>>,
    /// Inbound endpoints of Azure DNS Private Resolver.
    pub inbound_endpoints: Answer<Vec<InboundEndpoint>>,
    /// Forwarding rulesets with their rules and links.
    pub rulesets: Answer<Vec<Ruleset>>,
    /// DNS security policies.
    pub resolver_policies: Answer<Vec<ResolverPolicy>>,
    /// Azure Firewalls, as possible DNS proxies.
    pub firewalls: Answer<Vec<Firewall>>,
    /// The network security perimeter of the account.
    pub perimeter: Answer<Perimeter>,
    /// Role assignments of the identity that calls the target, over the account.
    pub roles: Answer<Vec<RoleAssignment>>,
    /// Deny assignments over the account, about every caller.
    #[serde(skip_serializing_if = "Answer::is_not_asked")]
    pub denies: Answer<Vec<DenyAssignment>>,
    /// What changed in the last hour, the newest first (fact C35).
    pub changes: Answer<Vec<Change>>,
    /// The tenant of the account's subscription.
    pub tenant: Answer<String>,
}
