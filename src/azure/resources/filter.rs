//! Security groups and routes, as they are written and as they are in effect (facts C24, C28).

use serde_json::Value;

use super::field::{
    LIST, address, addresses, at, every, flag, id_at, ids, is_cut, list, one_or_many, own_id, text,
    texts,
};
use crate::evidence::azure::{
    EffectiveRoute, MORE_RULES, NetworkRule, NetworkSecurityGroup, ResourceId, Route, RouteTable,
};
use crate::sorting;

/// A network security group.
pub(in crate::azure) fn security_group(value: &Value) -> Option<NetworkSecurityGroup> {
    let own = every(value, "properties.securityRules");
    let rules = own.chain(list(value, "properties.defaultSecurityRules"));
    let one = |rule: &Value| written_rule(text(rule, "name")?, at(rule, "properties")?);
    Some(NetworkSecurityGroup { id: own_id(value)?, rules: first(rules.filter_map(one).collect()) })
}

/// The rules that decide first, of each direction, and one that stands for the rest.
fn first(mut rules: Vec<NetworkRule>) -> Vec<NetworkRule> {
    if rules.len() <= LIST {
        return rules;
    }
    sorting::by_key(&mut rules, |rule| rule.priority);
    let mut kept: Vec<NetworkRule> = Vec::new();
    for direction in ["Inbound", "Outbound"] {
        let is_of = |rule: &&NetworkRule| rule.direction.eq_ignore_ascii_case(direction);
        let of = || rules.iter().filter(is_of);
        kept.extend(of().take(LIST).cloned());
        kept.extend(of().nth(LIST).map(|rule| NetworkRule {
            name: MORE_RULES.to_owned(),
            access: "Unknown".to_owned(),
            sources: vec![MORE.to_owned()],
            destinations: vec![MORE.to_owned()],
            destination_ports: vec!["*".to_owned()],
            source_ports: Vec::new(),
            protocol: "*".to_owned(),
            ..rule.clone()
        }));
    }
    kept
}

/// Stands for prefixes beyond those that are kept. Like a tag, it may match any address.
const MORE: &str = "MorePrefixes";

fn written_rule(name: String, rule: &Value) -> Option<NetworkRule> {
    let mut sources = one_or_many(rule, "sourceAddressPrefix", "sourceAddressPrefixes");
    let mut destinations =
        one_or_many(rule, "destinationAddressPrefix", "destinationAddressPrefixes");
    let groups = |side: &str| ids(rule, side).into_iter().map(|id| id.as_str().to_owned());
    mark_cut(rule, "sourceAddressPrefixes", &mut sources);
    mark_cut(rule, "destinationAddressPrefixes", &mut destinations);
    sources.extend(groups("sourceApplicationSecurityGroups"));
    destinations.extend(groups("destinationApplicationSecurityGroups"));
    network_rule(name, rule, sources, destinations, None)
}

fn mark_cut(rule: &Value, path: &str, prefixes: &mut Vec<String>) {
    if is_cut(rule, path) {
        prefixes.push(MORE.to_owned());
    }
}

/// The rules of one group that are in effect.
pub(in crate::azure) fn effective_rules(value: &Value) -> Vec<NetworkRule> {
    let group = id_at(value, "networkSecurityGroup.id");
    // Service tags are expanded to prefixes.
    let expanded = |rule: &Value, side: &str| {
        let path = format!("expanded{side}AddressPrefix");
        let mut prefixes = texts(rule, &path);
        mark_cut(rule, &path, &mut prefixes);
        match prefixes.is_empty() {
            false => prefixes,
            true => {
                let side = side.to_ascii_lowercase();
                let one = format!("{side}AddressPrefix");
                let many = format!("{side}AddressPrefixes");
                let mut prefixes = one_or_many(rule, &one, &many);
                mark_cut(rule, &many, &mut prefixes);
                prefixes
            }
        }
    };
    let one = |rule: &Value| {
        let (from, to) = (expanded(rule, "Source"), expanded(rule, "Destination"));
        network_rule(text(rule, "name")?, rule, from, to, group.clone())
    };
    first(every(value, "effectiveSecurityRules").filter_map(one).collect())
}

fn network_rule(
    name: String,
    rule: &Value,
    sources: Vec<String>,
    destinations: Vec<String>,
    group: Option<ResourceId>,
) -> Option<NetworkRule> {
    let protocol = text(rule, "protocol").unwrap_or_else(|| "*".to_owned());
    let priority = at(rule, "priority").and_then(Value::as_u64)?;
    Some(NetworkRule {
        name,
        direction: text(rule, "direction")?,
        access: text(rule, "access")?,
        priority: u32::try_from(priority).ok()?,
        protocol: if protocol.eq_ignore_ascii_case("all") { "*".to_owned() } else { protocol },
        sources,
        destinations,
        destination_ports: one_or_many(rule, "destinationPortRange", "destinationPortRanges"),
        source_ports: one_or_many(rule, "sourcePortRange", "sourcePortRanges"),
        group,
    })
}

/// A route table.
pub(in crate::azure) fn route_table(value: &Value) -> Option<RouteTable> {
    let route = |route: &Value| {
        Some(Route {
            name: text(route, "name")?,
            prefix: text(route, "properties.addressPrefix")?,
            next_hop_type: text(route, "properties.nextHopType")?,
            next_hop: address(route, "properties.nextHopIpAddress"),
        })
    };
    Some(RouteTable {
        id: own_id(value)?,
        routes: list(value, "properties.routes").filter_map(route).collect(),
        gateway_routes_disabled: flag(value, "properties.disableBgpRoutePropagation"),
    })
}

/// A route in effect.
pub(in crate::azure) fn effective_route(value: &Value) -> Option<EffectiveRoute> {
    let state = text(value, "state");
    Some(EffectiveRoute {
        prefixes: one_or_many(value, "addressPrefix", "addressPrefix"),
        next_hop_type: text(value, "nextHopType")?,
        next_hops: addresses(value, "nextHopIpAddress"),
        source: text(value, "source"),
        active: state.is_none_or(|state| state.eq_ignore_ascii_case("active")),
        cut: is_cut(value, "addressPrefix"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_prefix_or_many_and_application_groups_are_all_kept() {
        let group = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/\
                     applicationSecurityGroups/apps";
        let id = group.replace("applicationSecurityGroups", "networkSecurityGroups");
        let rule = |properties: Value| json!({"name": "r", "properties": properties});
        let value = json!({"id": id, "properties": {
            "securityRules": [
                rule(json!({"direction": "Inbound", "access": "Deny", "priority": 100,
                    "protocol": "Tcp", "sourceAddressPrefixes": ["10.1.0.0/24", "10.2.0.0/24"],
                    "destinationAddressPrefix": "*", "destinationPortRange": "443"})),
                rule(json!({"direction": "Inbound", "access": "Allow", "priority": 110,
                    "sourceApplicationSecurityGroups": [{"id": group}]})),
                rule(json!({"direction": "Inbound", "access": "Allow"})),
            ],
            "defaultSecurityRules": [rule(json!({"direction": "Inbound", "access": "Deny",
                "priority": 65500, "protocol": "*"}))]}});
        let read = security_group(&value).unwrap();
        assert_eq!(read.rules.len(), 3, "a rule without a priority decides nothing");
        assert_eq!(read.rules[0].sources.len(), 2);
        assert_eq!(read.rules[0].destination_ports, ["443"]);
        assert_eq!(read.rules[1].sources, [group]);
    }

    #[test]
    fn a_tag_that_stands_for_more_prefixes_than_are_kept_may_match_any_address() {
        let prefixes: Vec<String> =
            (0..1001).map(|n| format!("20.{}.{}.0/24", n / 256, n % 256)).collect();
        let rule = json!({"name": "r", "direction": "Outbound", "access": "Allow",
            "priority": 100, "protocol": "Tcp", "sourcePortRange": "1024-2000",
            "expandedDestinationAddressPrefix": prefixes});
        let rules = effective_rules(&json!({"effectiveSecurityRules": [rule]}));
        assert_eq!(rules[0].destinations.last().map(String::as_str), Some(MORE));
        assert_eq!(rules[0].source_ports, ["1024-2000"]);
    }

    #[test]
    fn of_many_rules_those_that_decide_first_are_kept_and_the_rest_is_not_forgotten() {
        let rule = |n: usize| {
            json!({"name": format!("r{n}"), "direction": "Outbound",
            "access": "Allow", "priority": 5000 - n, "protocol": "Tcp"})
        };
        let many = |count: usize| {
            let rules: Vec<Value> = (0..count).map(rule).collect();
            effective_rules(&json!({"effectiveSecurityRules": rules}))
        };
        assert!(many(1000).iter().all(|rule| !rule.is_rest()));
        let rules = many(1500);
        assert_eq!((rules.len(), rules[0].name.as_str()), (1001, "r1499"));
        let rest = rules.last().unwrap();
        assert!(rest.is_rest() && rest.priority > rules[999].priority, "{rest:?}");
    }

    #[test]
    fn a_route_with_more_prefixes_than_are_kept_is_marked() {
        let of = |count: usize| {
            let prefixes: Vec<String> = (0..count).map(|n| format!("10.0.{n}.0/24")).collect();
            let route = json!({"addressPrefix": prefixes, "nextHopType": "VnetLocal"});
            effective_route(&route).unwrap().cut
        };
        assert_eq!((of(1000), of(1001)), (false, true));
    }
}
