//! What Resource Manager says, where it was asked about both walks. What one caller does not see is
//! no difference (fact C2): an entry that one side alone has counts only where both read the whole
//! list.

use crate::compare::row::{Item, Reading, Row, one, optional, unordered};
use crate::evidence::azure::{
    Account, Answer, AzureEvidence, ConnectionStatus, Deployment, Estate, ForwardingRule,
    Interface, NetworkRule, NetworkSecurityGroup, Peering, PrivateZone, ResourceId, Route,
    RouteTable, Ruleset, VirtualNetwork,
};
use crate::report::Report;
use crate::sorting;

pub(super) const ROWS: &[Row] = &[
    Row::new("azure.stopped", "why nothing was read", |r| optional(said(r)?.stopped.as_ref())),
    Row::new("azure.caller", "who asked (object id)", |r| {
        optional(said(r)?.caller.object_id.as_ref())
    }),
    Row::new("azure.rights", "rights that the caller lacks", rights),
    Row::new("azure.account", "account", |r| one(account(r)?.id.as_str())),
    Row::new("azure.subdomain", "custom subdomain", |r| {
        optional(account(r)?.custom_subdomain.as_ref())
    }),
    Row::new("azure.public_access", "public network access", |r| {
        optional(account(r)?.public_network_access.as_ref())
    }),
    Row::new("azure.default_action", "action for networks without a rule", |r| {
        optional(account(r)?.default_action.as_ref())
    }),
    Row::new("azure.ip_rules", "addresses that are let in", |r| unordered(&account(r)?.ip_rules)),
    Row::new("azure.subnet_rules", "subnets that are let in", |r| {
        unordered(account(r)?.subnet_rules.iter().map(|id| id.as_str()))
    }),
    Row::new("azure.keys_disabled", "disableLocalAuth", |r| {
        one(account(r)?.keys_disabled.map_or("not shown", |off| if off { "true" } else { "false" }))
    }),
    Row::new("azure.provisioning", "state of the account", |r| {
        optional(account(r)?.provisioning_state.as_ref())
    }),
    Row::new("azure.connection", "private endpoint connection", |r| {
        let all = estate(r)?.connections.proved()?.iter();
        let shown = |status: &ConnectionStatus| match status {
            ConnectionStatus::Other(word) => word.clone(),
            known => format!("{known:?}"),
        };
        Some(all.map(|one| Item::new(one.id.name(), shown(&one.status))).collect())
    }),
    Row::new("azure.interface", "addresses of the interface", |r| {
        let all = estate(r)?.interfaces.items().iter();
        let addresses =
            |one: &Interface| listed(one.ip_configurations.iter().map(|ip| ip.address.to_string()));
        Some(all.map(|one| Item::new(named(&one.id), addresses(one))).collect())
    })
    .common(),
    Row::new("azure.links", "networks that the zone is linked to", |r| {
        zones(r, |zone| {
            let links = zone.links.proved()?.iter();
            Some(listed(links.filter_map(|link| Some(link.network.as_ref()?.name().to_owned()))))
        })
    })
    .common(),
    Row::new("azure.record", "record in the zone", |r| {
        zones(r, |zone| match &zone.record {
            Answer::Read { value } => Some(listed(value.addresses.iter().map(ToString::to_string))),
            Answer::Absent => Some("none".to_owned()),
            _ => None,
        })
    })
    .common(),
    Row::new("azure.forwarding", "forwarding rule", |r| {
        let rulesets = estate(r)?.rulesets.items().iter();
        let rules = rulesets.flat_map(|set| set.rules.items().iter().map(move |rule| (set, rule)));
        let item = |(set, rule): (&Ruleset, &ForwardingRule)| {
            let off = if rule.enabled { "" } else { ", disabled" };
            let to = listed(rule.targets.iter().cloned());
            Item::new(format!("{} of {}", rule.domain, set.id.name()), format!("{to}{off}"))
        };
        Some(rules.map(item).collect())
    })
    .common(),
    Row::new("azure.dns_servers", "DNS servers of the network", |r| {
        let all = estate(r)?.networks.items().iter();
        let item = |one: &VirtualNetwork| {
            Item::new(named(&one.id), listed(one.dns_servers.iter().cloned()))
        };
        Some(all.map(item).collect())
    })
    .common(),
    Row::new("azure.peering", "peering", |r| {
        let all = estate(r)?.networks.items().iter();
        let peerings = all.flat_map(|one| one.peerings.iter().map(move |peering| (one, peering)));
        let item = |(network, peering): (&VirtualNetwork, &Peering)| {
            let state = peering.state.as_deref().unwrap_or("not shown");
            Item::new(format!("{} of {}", peering.name, network.id.name()), state)
        };
        Some(peerings.map(item).collect())
    })
    .common(),
    Row::new("azure.security_rules", "rules of the security group", |r| {
        let all = estate(r)?.security_groups.iter();
        let rule = |rule: &NetworkRule| {
            let ports = rule.destination_ports.join(" ");
            let (from, to) = (rule.sources.join(" "), rule.destinations.join(" "));
            let way = format!("{} {} {}", rule.direction, rule.access, rule.protocol);
            format!("{} {}: {way} {from} to {to} port {ports}", rule.priority, rule.name)
        };
        let item = |one: &NetworkSecurityGroup| {
            Item::new(named(&one.id), listed(one.rules.iter().map(rule)))
        };
        Some(all.map(item).collect())
    })
    .common(),
    Row::new("azure.routes", "routes of the table", |r| {
        let all = estate(r)?.route_tables.iter();
        let route = |route: &Route| {
            let to = route.next_hop.map_or_else(String::new, |hop| format!(" {hop}"));
            format!("{} {}{to}", route.prefix, route.next_hop_type)
        };
        let item =
            |one: &RouteTable| Item::new(named(&one.id), listed(one.routes.iter().map(route)));
        Some(all.map(item).collect())
    })
    .common(),
    Row::new("azure.deployment", "deployment", |r| {
        let all = estate(r)?.deployments.proved()?.iter();
        let item = |one: &Deployment| {
            let capacity = one.capacity.map(|capacity| capacity.to_string());
            let parts = [&one.model, &one.sku, &capacity, &one.provisioning_state];
            let parts = parts.into_iter().chain([&one.deployment_state]).flatten();
            Item::new(&one.name, listed(parts.cloned()))
        };
        Some(all.map(item).collect())
    }),
    Row::new("azure.roles", "roles of the caller of the target", |r| {
        unordered(estate(r)?.roles.proved()?.iter().map(|one| {
            let role = one.role.as_ref().unwrap_or(&one.definition);
            let condition = if one.conditional { ", with a condition" } else { "" };
            format!("{role} over {}{condition}", one.scope)
        }))
    }),
    Row::new("azure.perimeter", "access mode of the perimeter", |r| match &estate(r)?.perimeter {
        Answer::Read { value } => optional(value.access_mode.as_ref()),
        Answer::Absent => one("no perimeter"),
        _ => None,
    }),
    Row::new("azure.tenant", "tenant of the subscription", |r| {
        optional(Some(estate(r)?.tenant.known()?))
    }),
];

fn said(r: &Report) -> Option<&AzureEvidence> {
    r.evidence.azure.as_deref()
}

fn estate(r: &Report) -> Option<&Estate> {
    said(r).map(|said| &said.estate)
}

fn account(r: &Report) -> Option<&Account> {
    estate(r)?.account.known()
}

/// What the caller may not read.
fn rights(r: &Report) -> Reading {
    unordered(said(r)?.reads.iter().filter_map(|read| {
        let scope = read.scope.as_deref().unwrap_or("a scope that is not named");
        Some(format!("{} over {scope}", read.action.as_deref()?))
    }))
}

/// An entry a zone, of those for which there is one.
fn zones(r: &Report, read: impl Fn(&PrivateZone) -> Option<String>) -> Reading {
    let all = estate(r)?.zones.items().iter();
    Some(all.filter_map(|zone| Some(Item::new(named(&zone.id), read(zone)?))).collect())
}

/// A resource by its name and its group.
fn named(id: &ResourceId) -> String {
    format!("{} ({})", id.name(), id.group())
}

/// Values without an order, in one text.
fn listed(values: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = values.collect();
    sorting::ascending(&mut all);
    match all.is_empty() {
        true => "none".to_owned(),
        false => all.join(", "),
    }
}
