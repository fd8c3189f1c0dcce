//! DNS security policies, their lists of domains, and the DNS settings of a firewall policy
//! (facts C26, C27).

use serde_json::Value;

use super::field::{at, id_at, ids, own_id, text, texts};
use super::resolver::is_on;
use crate::evidence::azure::{DomainList, ResolverPolicyRule, ResourceId};

/// The DNS settings of a firewall policy.
pub(in crate::azure) struct DnsSettings {
    pub(in crate::azure) proxy: bool,
    pub(in crate::azure) servers: Vec<String>,
}

/// The DNS settings of a firewall policy; without any, it answers no DNS.
pub(in crate::azure) fn dns_settings(policy: &Value) -> DnsSettings {
    DnsSettings {
        proxy: is_on(policy, "properties.dnsSettings.enableProxy"),
        servers: texts(policy, "properties.dnsSettings.servers"),
    }
}

/// The policy and the network of a link of a DNS security policy.
pub(in crate::azure) fn policy_link(value: &Value) -> Option<(ResourceId, ResourceId)> {
    let policy = own_id(value)?.up_to("dnsResolverPolicies")?;
    Some((policy, id_at(value, "properties.virtualNetwork.id")?))
}

/// A rule of a DNS security policy; the domains of its lists are another read.
pub(in crate::azure) fn policy_rule(value: &Value) -> Option<ResolverPolicyRule> {
    let state = text(value, "properties.dnsSecurityRuleState");
    let lists = ids(value, "properties.dnsResolverDomainLists").into_iter();
    Some(ResolverPolicyRule {
        id: own_id(value)?,
        action: text(value, "properties.action.actionType"),
        enabled: state.is_none_or(|state| state.eq_ignore_ascii_case("enabled")),
        lists: lists.map(|id| DomainList { id, domains: None }).collect(),
    })
}

/// The domains of a list; none where it is too large to be shown.
pub(in crate::azure) fn domains(list: &Value) -> Option<Vec<String>> {
    at(list, "properties.domains")?.as_array()?;
    let plain = |domain: String| domain.trim_end_matches('.').to_ascii_lowercase();
    Some(texts(list, "properties.domains").into_iter().map(plain).collect())
}
