//! The account, its private endpoints, and who may use it.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ResourceId;

/// An account (fact C20). Keys are never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Its id.
    pub id: ResourceId,
    /// `kind`, e.g. `OpenAI`, `AIServices`.
    pub kind: Option<String>,
    /// Its region.
    pub location: Option<String>,
    /// `customSubDomainName`; null or empty where it has none.
    pub custom_subdomain: Option<String>,
    /// `endpoint` and every value of `endpoints`, in order.
    pub endpoints: Vec<String>,
    /// `publicNetworkAccess`, e.g. `Enabled`, `Disabled`.
    pub public_network_access: Option<String>,
    /// `networkAcls.defaultAction`: `Allow` or `Deny`.
    pub default_action: Option<String>,
    /// `networkAcls.ipRules[].value`: addresses and prefixes.
    pub ip_rules: Vec<String>,
    /// `networkAcls.virtualNetworkRules[].id`: subnets.
    pub subnet_rules: Vec<ResourceId>,
    /// `disableLocalAuth`: whether keys are refused.
    pub keys_disabled: Option<bool>,
    /// `provisioningState`, e.g. `Succeeded`, `ResolvingDNS`.
    pub provisioning_state: Option<String>,
}

/// A private endpoint connection of the account (fact C21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Its id, for `az network private-endpoint-connection`.
    pub id: ResourceId,
    /// The private endpoint; it may be in a subscription or tenant that the caller does not see.
    pub endpoint: Option<ResourceId>,
    /// Its status.
    pub status: ConnectionStatus,
    /// What its owner wrote about the status.
    pub description: Option<String>,
    /// `groupIds`, e.g. `account`.
    pub group_ids: Vec<String>,
}

/// The status of a private endpoint connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// It carries traffic.
    Approved,
    /// It waits for approval.
    Pending,
    /// It was rejected.
    Rejected,
    /// The other side was deleted.
    Disconnected,
    /// Another word.
    Other(String),
}

/// A private endpoint (fact C24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivateEndpoint {
    /// Its id.
    pub id: ResourceId,
    /// Its subnet.
    pub subnet: Option<ResourceId>,
    /// Its network interfaces: they have its addresses (fact C18).
    pub interfaces: Vec<ResourceId>,
    /// The resources that it leads to, connected automatically or on request.
    pub targets: Vec<ResourceId>,
    /// `groupIds` of its connections.
    pub group_ids: Vec<String>,
    /// The status that it has of its connection.
    pub status: Option<ConnectionStatus>,
    /// Its DNS zone groups.
    pub zone_groups: super::Answer<Vec<ZoneConfiguration>>,
    /// Whether a GET of this run gave it: enough for a proof, whatever the state of the list that it
    /// is in. A row of Resource Graph otherwise.
    #[serde(default)]
    pub read: bool,
}

/// A zone in a private endpoint's DNS zone group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZoneConfiguration {
    /// The group's name.
    pub group: String,
    /// The zone that it writes records into.
    pub zone: ResourceId,
    /// The names of the records that it wrote, e.g. `myacct`.
    pub records: Vec<String>,
    /// Their addresses.
    pub addresses: Vec<IpAddr>,
}

/// A deployment of a model (fact C22).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// Its name, as calls use it.
    pub name: String,
    /// The model's name.
    pub model: Option<String>,
    /// `sku.name`, e.g. `GlobalStandard`.
    pub sku: Option<String>,
    /// `sku.capacity`: thousands of tokens a minute for most of them.
    pub capacity: Option<u64>,
    /// `provisioningState`.
    pub provisioning_state: Option<String>,
    /// `deploymentState`: `Running` or `Paused`; null with older versions of the API.
    pub deployment_state: Option<String>,
}

/// The network security perimeter of the account (fact C23).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Perimeter {
    /// Its id.
    pub id: Option<ResourceId>,
    /// `accessMode`: `Enforced`, `Learning`, `Audit`.
    pub access_mode: Option<String>,
    /// Address prefixes that its inbound rules let in.
    pub inbound_prefixes: Vec<String>,
    /// Subscriptions that its inbound rules let in.
    pub inbound_subscriptions: Vec<ResourceId>,
}

/// A role assignment (facts C30, C31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleAssignment {
    /// `roleName`; null where the definition could not be read.
    pub role: Option<String>,
    /// The definition's id.
    pub definition: String,
    /// The scope of the assignment.
    pub scope: String,
    /// Whether a condition restricts it.
    pub conditional: bool,
    /// When it was made, RFC 3339; it may take minutes to have an effect.
    pub created: Option<String>,
    /// Data actions that it gives, with `*`; null where the definition could not be read.
    pub data_actions: Option<Vec<String>>,
    /// Data actions that it takes out again.
    pub not_data_actions: Vec<String>,
    /// The role's further permissions that have data actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_permissions: Vec<DataPermission>,
}

/// One permission of a role or a deny assignment: what it takes out counts within it alone (fact
/// C31).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataPermission {
    /// Its data actions, with `*`.
    pub data_actions: Vec<String>,
    /// Data actions that it takes out again.
    pub not_data_actions: Vec<String>,
}

/// A deny assignment over the account: it refuses in spite of every role (fact C64).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DenyAssignment {
    /// Its name.
    pub name: String,
    /// The scope that it is made for: the account or one above it.
    pub scope: String,
    /// Whether it is for that scope alone, and not for what is below it.
    pub not_below: bool,
    /// Whether it is about everyone.
    pub everyone: bool,
    /// Object ids of the users, identities and groups that it is about.
    pub principals: Vec<String>,
    /// Object ids of those that it spares.
    pub excluded: Vec<String>,
    /// Whether groups are among those that it is about.
    pub of_groups: bool,
    /// Whether groups are among those that it spares.
    pub spares_groups: bool,
    /// Whether a condition restricts it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
    /// Data actions that it refuses.
    pub data_actions: Vec<String>,
    /// Data actions that it takes out again.
    pub not_data_actions: Vec<String>,
    /// Its further permissions that have data actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_permissions: Vec<DataPermission>,
}

/// A change of a resource (fact C35): that it happened is known, that it is the cause is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What was changed.
    pub resource: ResourceId,
    /// When, RFC 3339, UTC.
    pub at: String,
    /// `Create`, `Update` or `Delete`.
    pub kind: String,
    /// The properties that changed, e.g. `properties.publicNetworkAccess`.
    pub properties: Vec<String>,
}
