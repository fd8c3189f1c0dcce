//! What is between this machine and the endpoints: security groups, route tables, next hops.

use std::net::IpAddr;

use futures_util::join;
use ipnet::IpNet;

use super::gathered::{Gathered, Kind};
use super::here;
use super::interfaces;
use super::met::push_all;
use super::questions::Questions;
use crate::azure::allowed::{EFFECTIVE_ROUTES, EFFECTIVE_RULES, ROUTE_TABLE, SECURITY_GROUP};
use crate::azure::resources;
use crate::evidence::azure::{
    Answer, EffectiveRoute, Interface, NetworkRule, NetworkSecurityGroup, PrivateEndpoint,
    ResourceId, RouteTable, Subnet, VirtualNetwork,
};

static SECURITY_GROUPS: Kind<NetworkSecurityGroup> =
    Kind { row: SECURITY_GROUP, read: resources::security_group, mark: |_| (), most: 8 };
static ROUTE_TABLES: Kind<RouteTable> =
    Kind { row: ROUTE_TABLE, read: resources::route_table, mark: |_| (), most: 8 };

/// Networks between two that are not peered with each other, at most.
const HUBS: usize = 4;
/// Next hops that are looked for, at most.
const NEXT_HOPS: usize = 8;

/// The subnets at the other end: of the interfaces that have the addresses which the walk met, else
/// of the account's endpoints.
pub(super) fn far_subnets(
    q: &Questions<'_, '_>,
    interfaces: &Gathered<Interface>,
    endpoints: &Answer<Vec<PrivateEndpoint>>,
) -> Vec<ResourceId> {
    let mut subnets = Vec::new();
    let met = interfaces.known().filter(|one| interfaces::has_address(one, &q.met.targets));
    push_all(&mut subnets, met.flat_map(interfaces::subnets_of).cloned());
    if q.wants(subnets.is_empty()) {
        push_all(&mut subnets, endpoints.items().iter().filter_map(|one| one.subnet.clone()));
    }
    subnets
}

/// Networks that are peered with one of `ours` and with one of `theirs`: packets between the two can
/// pass through them. Where this machine is in no network of Azure, those that are peered with
/// `theirs`, since a gateway is in one of them.
pub(super) fn hubs(
    networks: &Gathered<VirtualNetwork>,
    ours: &[ResourceId],
    theirs: &[ResourceId],
) -> Vec<ResourceId> {
    let peers = |side: &[ResourceId]| {
        let mut peers = Vec::new();
        for network in networks.known().filter(|network| side.contains(&network.id)) {
            push_all(&mut peers, network.peerings.iter().filter_map(|one| one.network.clone()));
        }
        peers
    };
    if ours.iter().any(|own| theirs.contains(own) || peers(theirs).contains(own)) {
        return Vec::new();
    }
    let near = peers(ours);
    let mut hubs = peers(theirs);
    hubs.retain(|hub| ours.is_empty() || near.contains(hub));
    hubs.truncate(HUBS);
    hubs
}

/// Security groups and route tables of both ends, and of gateways between them.
pub(super) async fn rules(
    q: &Questions<'_, '_>,
    interfaces: &Gathered<Interface>,
    networks: &Gathered<VirtualNetwork>,
    far: &[ResourceId],
) -> (Vec<NetworkSecurityGroup>, Vec<RouteTable>) {
    let is_gateway = |subnet: &&Subnet| subnet.id.name().eq_ignore_ascii_case("GatewaySubnet");
    let all = || networks.known().flat_map(|network| &network.subnets);
    let ends: Vec<&Subnet> = all()
        .filter(|subnet| far.contains(&subnet.id))
        .chain(here::subnets(q, interfaces, networks))
        .collect();
    let own = interfaces::own(q, interfaces);
    let groups = ends.iter().filter_map(|subnet| subnet.security_group.clone());
    let groups = groups.chain(own.iter().filter_map(|one| one.security_group.clone()));
    let gateways = all().filter(is_gateway);
    let tables = ends.iter().copied().chain(gateways).filter_map(|one| one.route_table.clone());
    let (mut known_groups, mut known_tables) =
        (Gathered::new(&SECURITY_GROUPS), Gathered::new(&ROUTE_TABLES));
    join!(
        known_groups.read(q, groups.collect::<Vec<_>>()),
        known_tables.read(q, tables.collect::<Vec<_>>()),
    );
    (known_groups.into_read(), known_tables.into_read())
}

/// The addresses of appliances to which the tables send packets to one of `targets`.
pub(super) fn next_hops(tables: &[RouteTable], targets: &[IpAddr]) -> Vec<IpAddr> {
    let leads_to_target = |prefix: &str| {
        let net: Option<IpNet> = prefix.parse().ok();
        net.is_some_and(|net| targets.iter().any(|target| net.contains(target)))
    };
    let mut hops = Vec::new();
    for route in tables.iter().flat_map(|table| &table.routes) {
        push_all(&mut hops, route.next_hop.filter(|_| leads_to_target(&route.prefix)));
    }
    hops.truncate(NEXT_HOPS);
    hops
}

/// The machines of the interfaces that have one of the addresses.
pub(super) fn machines_at(
    interfaces: &Gathered<Interface>,
    addresses: &[IpAddr],
) -> Vec<ResourceId> {
    let mut machines = Vec::new();
    let there = interfaces.known().filter(|one| interfaces::has_address(one, addresses));
    push_all(&mut machines, there.filter_map(|one| one.machine.clone()));
    machines
}

/// What is in effect at this machine's interface (fact C28): a computation, asked for by a switch.
pub(super) async fn effective(
    q: &Questions<'_, '_>,
    interfaces: &Gathered<Interface>,
) -> (Answer<Vec<EffectiveRoute>>, Answer<Vec<NetworkRule>>) {
    let named = interfaces::own_by_name(q, interfaces);
    // Of several candidates, none is known to be this machine's.
    let (true, [own]) = (q.scope.effective, named.as_slice()) else {
        return (Answer::NotAsked, Answer::NotAsked);
    };
    let (routes, rules) =
        join!(q.reader.list(EFFECTIVE_ROUTES, &own.id), q.reader.list(EFFECTIVE_RULES, &own.id));
    (
        super::joined::each(routes, resources::effective_route),
        rules.map(|groups| groups.iter().flat_map(resources::effective_rules).collect()),
    )
}
