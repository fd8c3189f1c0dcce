//! The resources of an estate in the form in which Resource Manager shows them.

mod access;
mod account;
mod dns;
mod network;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use access::principals;

use super::ago;
use super::model::{Estate, Placed};

/// What no output may have: mail addresses, tags and all else of a body that no rule reads.
pub const MAIL: &str = "canary-ann@contoso.example";

/// A resource.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its id.
    pub id: String,
    /// Provider and type, e.g. `Microsoft.Network/privateDnsZones/virtualNetworkLinks`.
    pub kind: String,
    /// What a GET shows.
    pub body: Value,
    /// The table of Resource Graph that has a row of it.
    pub table: Option<&'static str>,
}

/// Everything that there is, by its id in lower case.
#[derive(Debug, Clone)]
pub struct Resources {
    /// Seconds since 1970.
    now: i64,
    all: BTreeMap<String, Resource>,
}

impl Resources {
    /// What a model has, now.
    ///
    /// # Errors
    /// Something refers to what is not there.
    pub fn of(estate: &Estate, now: i64) -> Result<Self, String> {
        let names = Names(estate);
        let mut all = Self { now, all: BTreeMap::new() };
        access::add(&names, &mut all)?;
        account::add(&names, &mut all)?;
        dns::add(&names, &mut all)?;
        network::add(&names, &mut all)?;
        Ok(all)
    }

    /// A time so many minutes ago, as Azure writes it.
    fn ago(&self, minutes: i64) -> String {
        ago(self.now, minutes * 60)
    }

    /// Adds one, with what every resource has; `parts` besides, e.g. `properties`.
    pub(self) fn add(&mut self, id: &str, table: Option<&'static str>, parts: Value) {
        let kind = kind_of(id);
        let mut body = json!({
            "id": id,
            "name": id.rsplit('/').next(),
            "type": kind,
            "etag": "\"5a0f2f3c-8d0e-4b57-9f57-3f1d2c1b0a99\"",
            "systemData": {
                "createdBy": MAIL, "createdByType": "User", "createdAt": self.ago(60 * 24 * 90),
                "lastModifiedBy": MAIL, "lastModifiedByType": "User",
            },
        });
        // A child has neither place nor tags of its own.
        if kind.matches('/').count() == 1 {
            body["location"] = "eastus".into();
            body["tags"] = json!({ "owner": MAIL, "secret": "canary-tag", "cost": "canary-17" });
        }
        // A state is no resource, and has no id.
        if kind.ends_with("/instanceView") {
            body = json!({});
        }
        if let (Value::Object(body), Value::Object(parts)) = (&mut body, parts) {
            body.extend(parts);
        }
        let resource = Resource { id: id.to_owned(), kind, body, table };
        self.all.insert(id.to_ascii_lowercase(), resource);
    }

    /// The resource with an id, whatever its case.
    pub fn get(&self, id: &str) -> Option<&Resource> {
        self.all.get(&id.to_ascii_lowercase())
    }

    /// Every resource.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.all.values()
    }

    /// Those of a type directly below an id: a subscription, a group, or a parent.
    pub fn below(&self, scope: &str, kind: &str) -> Vec<&Resource> {
        let below = format!("{}/", scope.to_ascii_lowercase());
        self.iter()
            .filter(|r| r.kind.eq_ignore_ascii_case(kind))
            .filter(|r| r.id.to_ascii_lowercase().starts_with(&below))
            .collect()
    }
}

/// Provider and type of an id: after the last `providers`, every second segment.
pub fn kind_of(id: &str) -> String {
    let Some((_, rest)) = id.rsplit_once("/providers/") else {
        return match id.matches('/').count() {
            2 => "Microsoft.Resources/subscriptions".to_owned(),
            _ => "Microsoft.Resources/subscriptions/resourceGroups".to_owned(),
        };
    };
    let mut segments = rest.split('/');
    let mut kind = segments.next().unwrap_or_default().to_owned();
    while let Some(segment) = segments.next() {
        kind.push('/');
        kind.push_str(segment);
        segments.next();
    }
    kind
}

/// The model, as what turns keys into ids.
pub struct Names<'e>(pub &'e Estate);

impl Names<'_> {
    /// `/subscriptions/<id>` of a key.
    pub fn subscription(&self, key: &str) -> Result<String, String> {
        let found =
            self.0.subscriptions.get(key).ok_or_else(|| format!("no subscription {key}"))?;
        Ok(format!("/subscriptions/{}", found.id))
    }

    /// The id of a resource of this type.
    fn of(&self, kind: &str, key: &str, what: &impl Placed) -> Result<String, String> {
        let (subscription, group, name) = what.place();
        if group.is_empty() {
            return Err(format!("{key} has no group"));
        }
        Ok(format!(
            "{}/resourceGroups/{group}/providers/{kind}/{}",
            self.subscription(subscription)?,
            name.unwrap_or(key)
        ))
    }

    fn found<T: Placed>(
        &self,
        kind: &str,
        all: &BTreeMap<String, T>,
        key: &str,
    ) -> Result<String, String> {
        if key.starts_with('/') {
            return Ok(key.to_owned());
        }
        self.of(kind, key, all.get(key).ok_or_else(|| format!("no {kind} {key}"))?)
    }

    pub fn account(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.CognitiveServices/accounts", &self.0.accounts, key)
    }

    pub fn endpoint(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/privateEndpoints", &self.0.endpoints, key)
    }

    pub fn zone(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/privateDnsZones", &self.0.zones, key)
    }

    pub fn network(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/virtualNetworks", &self.0.networks, key)
    }

    /// The id of `network/subnet`, which must be there.
    pub fn subnet(&self, key: &str) -> Result<String, String> {
        if key.starts_with('/') {
            return Ok(key.to_owned());
        }
        let (network, subnet) = key.split_once('/').ok_or_else(|| format!("no subnet {key:?}"))?;
        let there = self.0.networks.get(network).is_some_and(|n| n.subnets.contains_key(subnet));
        if !there {
            return Err(format!("no subnet {key}"));
        }
        Ok(format!("{}/subnets/{subnet}", self.network(network)?))
    }

    pub fn security_group(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/networkSecurityGroups", &self.0.security_groups, key)
    }

    pub fn route_table(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/routeTables", &self.0.route_tables, key)
    }

    pub fn machine(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Compute/virtualMachines", &self.0.machines, key)
    }

    pub fn interface(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/networkInterfaces", &self.0.interfaces, key)
    }

    pub fn resolver(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/dnsResolvers", &self.0.resolvers, key)
    }

    pub fn ruleset(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/dnsForwardingRulesets", &self.0.rulesets, key)
    }

    pub fn resolver_policy(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/dnsResolverPolicies", &self.0.resolver_policies, key)
    }

    pub fn domain_list(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/dnsResolverDomainLists", &self.0.domain_lists, key)
    }

    pub fn firewall(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/azureFirewalls", &self.0.firewalls, key)
    }

    pub fn firewall_policy(&self, key: &str) -> Result<String, String> {
        self.found("Microsoft.Network/firewallPolicies", &self.0.firewall_policies, key)
    }

    /// A scope: an id, `subscriptions/<key>`, `groups/<name>` of `prod`, `groups/<key>/<name>`, or
    /// `<table of the model>/<key>`.
    pub fn scope(&self, text: &str) -> Result<String, String> {
        let (table, key) = text.split_once('/').ok_or_else(|| format!("no scope {text:?}"))?;
        match table {
            "" => Ok(text.to_owned()),
            "subscriptions" => self.subscription(key),
            "groups" => {
                let (subscription, group) = key.split_once('/').unwrap_or(("prod", key));
                Ok(format!("{}/resourceGroups/{group}", self.subscription(subscription)?))
            }
            "accounts" => self.account(key),
            "endpoints" => self.endpoint(key),
            "zones" => self.zone(key),
            "networks" => self.network(key),
            "security_groups" => self.security_group(key),
            "route_tables" => self.route_table(key),
            "machines" => self.machine(key),
            "interfaces" => self.interface(key),
            "resolvers" => self.resolver(key),
            "rulesets" => self.ruleset(key),
            "resolver_policies" => self.resolver_policy(key),
            "firewalls" => self.firewall(key),
            "firewall_policies" => self.firewall_policy(key),
            other => Err(format!("no scopes of {other}")),
        }
    }

    /// References as Azure writes them: `{"id": …}`.
    pub(self) fn reference(id: Result<String, String>) -> Result<Value, String> {
        id.map(|id| json!({ "id": id }))
    }

    /// The same of an optional key; null without it.
    pub(self) fn optional(
        key: Option<&String>,
        id: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Value, String> {
        key.map_or(Ok(Value::Null), |key| Self::reference(id(key)))
    }
}
