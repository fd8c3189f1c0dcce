//! Where answers from an endpoint go, compared with the way of the packets to it. A stateful firewall
//! that sees one direction alone drops the connection (fact T9).

use std::net::IpAddr;

use super::Proof;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::gateway::Back;
use crate::diagnose::view::azure::routes::Next;
use crate::diagnose::view::azure::way::Way;
use crate::evidence::azure::{ResourceId, Route, Subnet, VirtualNetwork};

/// Packets of a connection, as routes show them.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct Flow<'a> {
    /// Where they come from, and the endpoint's address.
    pub(in crate::diagnose) caller: IpAddr,
    pub(in crate::diagnose) endpoint: IpAddr,
    /// The endpoint's subnet.
    pub(in crate::diagnose) subnet: &'a Subnet,
    /// The appliance that the packets to the endpoint pass.
    pub(in crate::diagnose) through: Option<IpAddr>,
}

/// What routes show of the way back; none where neither way has a detour.
pub(in crate::diagnose) fn described(azure: &AzureView<'_>, flow: Flow<'_>) -> Option<Proof> {
    let Flow { caller, endpoint, subnet, through } = flow;
    let from = subnet.id.name();
    let there = match through {
        Some(appliance) => format!("packets for {endpoint} pass {appliance}"),
        None => format!("packets for {endpoint} pass no appliance that a route names"),
    };
    let (route, table, next) = match (azure.way_back(subnet, caller), through) {
        (Back::By(route, table, next), _) => (route, table, next),
        (Back::Straight, Some(appliance)) => {
            let none = format!("no route of {from} leads the answers back to it");
            return Some(past(Proof::default(), &there, &none, appliance));
        }
        (Back::Beaten(route, table), Some(appliance)) => {
            let named = named(route, table);
            let shorter = format!("{named} is shorter than Azure's own route to {caller}");
            let proof = Proof::default().cites("/estate/route_tables");
            return Some(past(proof, &there, &shorter, appliance));
        }
        (Back::Open(route, table), _) => {
            let named = named(route, table);
            let open = format!(
                "{there}, and whether {named} leads the answers to {caller} is not known: a longer \
                 route, of a peering or learned from a gateway, would take its place"
            );
            return Some(Proof::default().reasoning(open).cites("/estate/route_tables"));
        }
        (Back::Straight | Back::Beaten(..) | Back::Unread, _) => return None,
    };
    let named = named(route, table);
    let proof = Proof::default()
        .fact(format!("answers from {from} to {caller}: {named}, next hop {}", hop(next)))
        .cites("/estate/route_tables");
    Some(match (next, through) {
        (Next::Appliance(Some(back)), Some(appliance)) if back == appliance => proof
            .ruled_out(format!("answers that go past {appliance}: {named} leads them back to it")),
        (Next::Appliance(Some(back)), _) => proof.reasoning(format!(
            "{there}, and {named} sends the answers for {caller} to {back}, which has seen no \
             request: a stateful firewall drops such answers. Whether an endpoint's answers follow \
             that route differs by service"
        )),
        _ => proof.reasoning(format!(
            "{named} sends the answers for {caller} to {}: they do not come back, if the \
             endpoint's answers follow that route, which differs by service",
            hop(next)
        )),
    })
}

/// Packets pass an appliance, and answers go past it.
fn past(proof: Proof, there: &str, why: &str, appliance: IpAddr) -> Proof {
    proof.reasoning(format!(
        "{there}, and {why}: unless {appliance} translates the source address (SNAT), it may see \
         one direction alone, and a stateful firewall then drops the connection"
    ))
}

/// The proof where routes whose prefixes only Azure knows leave the way to `ip` open.
pub(in crate::diagnose) fn by_service(way: &Way<'_>, ip: IpAddr) -> Option<Proof> {
    way.route.by_service.then(|| {
        Proof::default()
            .reasoning(format!(
                "the subnet {} has a route by service tag, or a service endpoint, whose prefixes \
                 are not in its table: one may be the longest that has {ip}, and where Azure sends \
                 the packets is not decided; --azure-effective asks Azure for the routes in effect",
                way.place.subnet.id.name()
            ))
            .cites("/estate/networks")
    })
}

/// Why sites behind the gateway of `hub` may not know the way to `there` (fact C62).
pub(in crate::diagnose) fn not_announced(
    there: &VirtualNetwork,
    hub: &VirtualNetwork,
) -> Option<String> {
    let to = |from: &VirtualNetwork, to: &VirtualNetwork| {
        from.peerings.iter().find(|one| one.network.as_ref() == Some(&to.id)).cloned()
    };
    let uses = to(there, hub)?.uses_remote_gateway;
    let lends = to(hub, there).and_then(|peering| peering.lends_gateway);
    let (of, switch) = match (uses, lends) {
        (Some(false), _) => (there, "useRemoteGateways"),
        (_, Some(false)) => (hub, "allowGatewayTransit"),
        _ => return None,
    };
    Some(format!(
        "{switch} is off in the peering of {} with {}: the gateway does not announce the prefixes \
         of {} to this site, unless an appliance carries its packets",
        of.id.name(),
        if of.id == there.id { hub.id.name() } else { there.id.name() },
        there.id.name()
    ))
}

/// A route with its prefix and its table, in words.
pub(in crate::diagnose) fn named(route: &Route, table: &ResourceId) -> String {
    format!("the route {} of {} ({})", route.name, table.name(), route.prefix)
}

fn hop(next: Next) -> String {
    match next {
        Next::Appliance(Some(address)) => address.to_string(),
        Next::Dropped => "None".to_owned(),
        Next::Internet => "Internet".to_owned(),
        _ => "an appliance without an address".to_owned(),
    }
}
