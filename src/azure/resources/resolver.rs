//! Private resolvers, forwarding rulesets and firewalls (facts C26, C27).

use serde_json::Value;

use super::field::{address, at, flag, id_at, list, own_id, text};
use crate::evidence::azure::{Firewall, ForwardingRule, InboundEndpoint};

/// An inbound endpoint; the network is that of its resolver, another read.
pub(in crate::azure) fn inbound_endpoint(value: &Value) -> Option<InboundEndpoint> {
    let configurations = list(value, "properties.ipConfigurations");
    Some(InboundEndpoint {
        id: own_id(value)?,
        addresses: configurations.filter_map(|one| address(one, "privateIpAddress")).collect(),
        network: None,
        state: None,
        read: false,
    })
}

/// A rule of a forwarding ruleset.
pub(in crate::azure) fn forwarding_rule(value: &Value) -> Option<ForwardingRule> {
    let domain = text(value, "properties.domainName")?;
    let state = text(value, "properties.forwardingRuleState");
    let target = |server: &Value| {
        let port = at(server, "port").and_then(Value::as_u64).unwrap_or(53);
        let address = address(server, "ipAddress")?;
        Some(std::net::SocketAddr::new(address, u16::try_from(port).ok()?).to_string())
    };
    Some(ForwardingRule {
        name: text(value, "name")?,
        domain: domain.trim_end_matches('.').to_ascii_lowercase(),
        enabled: state.is_none_or(|state| state.eq_ignore_ascii_case("enabled")),
        targets: list(value, "properties.targetDnsServers").filter_map(target).collect(),
    })
}

/// A firewall; with a policy, its DNS settings are there.
pub(in crate::azure) fn firewall(value: &Value) -> Option<Firewall> {
    let configurations = || list(value, "properties.ipConfigurations");
    let policy = id_at(value, "properties.firewallPolicy.id");
    // Their names hold dots.
    let more = at(value, "properties.additionalProperties");
    let classic = |name: &str| more.and_then(|more| more.get(name)).and_then(Value::as_str);
    let proxy = classic("Network.DNS.EnableProxy").map(|on| on.eq_ignore_ascii_case("true"));
    let servers = classic("Network.DNS.Servers").unwrap_or_default().split(',').map(str::trim);
    Some(Firewall {
        id: own_id(value)?,
        addresses: configurations()
            .filter_map(|one| address(one, "properties.privateIPAddress"))
            .collect(),
        subnet: configurations().find_map(|one| id_at(one, "properties.subnet.id")),
        dns_proxy: match policy {
            None => Some(proxy.unwrap_or(false)),
            Some(_) => None,
        },
        dns_servers: servers
            .filter(|server| server.parse::<std::net::IpAddr>().is_ok())
            .map(str::to_owned)
            .collect(),
        policy,
        read: false,
    })
}

/// Whether a switch of a firewall's policy is on: what is not written is off.
pub(super) fn is_on(value: &Value, path: &str) -> bool {
    flag(value, path).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIREWALL: &str = "/subscriptions/1/resourceGroups/hub/providers/Microsoft.Network/\
                            azureFirewalls/fw";

    #[test]
    fn a_firewall_without_policy_says_itself_whether_it_answers_dns() {
        let configurations = json!([{"properties": {"privateIPAddress": "10.0.1.4"}}]);
        let classic = json!({"id": FIREWALL, "properties": {"ipConfigurations": configurations,
            "additionalProperties": {"Network.DNS.EnableProxy": "true",
                "Network.DNS.Servers": "10.0.0.4, x"}}});
        let read = firewall(&classic).unwrap();
        assert_eq!((read.dns_proxy, read.dns_servers.len()), (Some(true), 1));
        let policy = FIREWALL.replace("azureFirewalls", "firewallPolicies");
        let managed = json!({"id": FIREWALL, "properties": {"firewallPolicy": {"id": policy}}});
        assert_eq!(firewall(&managed).unwrap().dns_proxy, None);
    }

    #[test]
    fn a_rule_for_the_root_has_an_empty_domain() {
        let rule = json!({"name": "all", "properties": {"domainName": ".",
            "targetDnsServers": [{"ipAddress": "10.0.0.4", "port": 53}, {"ipAddress": "x"}]}});
        let read = forwarding_rule(&rule).unwrap();
        assert_eq!((read.domain.as_str(), read.enabled), ("", true));
        assert_eq!(read.targets, ["10.0.0.4:53"]);
    }
}
