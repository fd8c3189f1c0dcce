//! The model of an Azure estate: what a world's TOML says of it, one table a resource. A key is the
//! resource's name, unless `name` says otherwise, and what others refer to it by.

mod network;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

pub use network::*;

type Map<T> = BTreeMap<String, T>;

/// Everything that there is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Estate {
    pub subscriptions: Map<Subscription>,
    pub accounts: Map<Account>,
    /// Deleted accounts that can be recovered.
    pub deleted_accounts: Map<DeletedAccount>,
    pub endpoints: Map<Endpoint>,
    pub zones: Map<Zone>,
    pub networks: Map<Network>,
    pub security_groups: Map<SecurityGroup>,
    pub route_tables: Map<RouteTable>,
    pub machines: Map<Machine>,
    pub interfaces: Map<Interface>,
    pub resolvers: Map<DnsResolver>,
    pub rulesets: Map<Ruleset>,
    pub resolver_policies: Map<ResolverPolicy>,
    pub domain_lists: Map<DomainList>,
    pub firewalls: Map<Firewall>,
    pub firewall_policies: Map<FirewallPolicy>,
    pub roles: Map<Role>,
    pub assignments: Map<Assignment>,
    pub denies: Map<Deny>,
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    pub id: String,
    /// Its tenant.
    #[serde(default = "tenant")]
    pub tenant: String,
}

fn tenant() -> String {
    super::TENANT.to_owned()
}

/// Where a resource is.
pub trait Placed {
    /// Key of its subscription, its group, and its name if that is not its key.
    fn place(&self) -> (&str, &str, Option<&str>);
}

macro_rules! placed {
    ($($kind:ident)*) => {$(
        impl Placed for $kind {
            fn place(&self) -> (&str, &str, Option<&str>) {
                let subscription = self.subscription.as_deref().unwrap_or("prod");
                (subscription, &self.group, self.name.as_deref())
            }
        }
    )*};
}

placed! {
    Account DeletedAccount Endpoint Zone Network SecurityGroup RouteTable Machine Interface
    DnsResolver Ruleset ResolverPolicy DomainList Firewall FirewallPolicy
}

/// A deleted account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeletedAccount {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub kind: String,
    /// The custom subdomain; empty for none.
    pub subdomain: String,
    /// Names of further endpoints.
    pub endpoints: Map<String>,
    pub public_access: String,
    pub default_action: String,
    pub ip_rules: Vec<String>,
    /// `network/subnet`.
    pub subnet_rules: Vec<String>,
    pub keys_disabled: Option<bool>,
    pub state: String,
    pub deployments: Map<Deployment>,
    /// Connections whose endpoints are elsewhere, or nowhere.
    pub connections: Map<Connection>,
    pub perimeter: Option<Perimeter>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            subscription: None,
            group: String::new(),
            name: None,
            kind: "OpenAI".to_owned(),
            subdomain: String::new(),
            endpoints: Map::new(),
            public_access: "Disabled".to_owned(),
            default_action: "Deny".to_owned(),
            ip_rules: Vec::new(),
            subnet_rules: Vec::new(),
            keys_disabled: None,
            state: "Succeeded".to_owned(),
            deployments: Map::new(),
            connections: Map::new(),
            perimeter: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deployment {
    pub model: String,
    pub sku: String,
    pub capacity: u64,
    pub state: String,
    /// `Running` or `Paused`.
    pub deployment_state: Option<String>,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            model: "gpt-4o".to_owned(),
            sku: "GlobalStandard".to_owned(),
            capacity: 50,
            state: "Succeeded".to_owned(),
            deployment_state: None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The id of its endpoint.
    pub endpoint: Option<String>,
    pub status: String,
    #[serde(default)]
    pub description: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perimeter {
    pub id: String,
    /// `Enforced`, `Learning`, `Audit`.
    pub mode: String,
    #[serde(default)]
    pub prefixes: Vec<String>,
    #[serde(default)]
    pub subscriptions: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoint {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    /// `network/subnet`.
    pub subnet: String,
    /// Key of the account; or the id of what it leads to.
    pub target: String,
    /// `account` without it.
    pub group_id: Option<String>,
    /// Of the connection, at both sides; `Approved` without it.
    pub status: Option<String>,
    /// As the endpoint itself has it, where that differs (fact C19).
    pub own_status: Option<String>,
    pub description: String,
    /// Connected by request, not automatically.
    pub manual: bool,
    /// Its addresses, with the names that it serves at each.
    pub addresses: Map<Vec<String>>,
    /// Names of zone groups, with the keys of their zones.
    pub zone_groups: Map<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Zone {
    /// Key of its subscription; `prod` without it.
    pub subscription: Option<String>,
    /// Its resource group.
    pub group: String,
    /// Its name, where the key is another word.
    pub name: Option<String>,
    pub links: Map<Link>,
    /// A records.
    pub records: Map<Vec<IpAddr>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Key of the network.
    pub network: String,
    /// `Completed` without it.
    pub state: Option<String>,
    /// `Default` without it.
    pub policy: Option<String>,
}

/// A role's definition; its key is its name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Role {
    pub id: String,
    pub actions: Vec<String>,
    pub data_actions: Vec<String>,
    pub not_data_actions: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// An object id of a user, an identity or a group.
    pub principal: String,
    /// Object ids of the group's members, nested ones too.
    #[serde(default)]
    pub members: Vec<String>,
    /// Key of the role.
    pub role: String,
    /// A scope, as the caller's rights have it.
    pub scope: String,
    pub condition: Option<String>,
    /// How long ago it was made.
    #[serde(default = "month")]
    pub minutes_ago: i64,
}

/// A deny assignment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// Object ids; everyone without one.
    #[serde(default)]
    pub principals: Vec<String>,
    /// Whether they are groups.
    #[serde(default)]
    pub groups: bool,
    #[serde(default)]
    pub excluded: Vec<String>,
    pub data_actions: Vec<String>,
    /// A scope, as the caller's rights have it.
    pub scope: String,
}

const fn month() -> i64 {
    30 * 24 * 60
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// A scope, as the caller's rights have it.
    pub resource: String,
    pub minutes_ago: i64,
    pub kind: String,
    /// Properties with the value before and after.
    #[serde(default)]
    pub properties: Map<[String; 2]>,
}
