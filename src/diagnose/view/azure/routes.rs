//! Where Azure sends a packet: the longest prefix wins, and at equal length a user's route wins.
//!
//! A private endpoint has a route of its own, a /32, in its network and in those that are peered
//! with it. A shorter user route takes its place only where the endpoint's subnet has network
//! policies for route tables (fact C46). Routes that a gateway learns show in effective routes
//! alone.

use std::net::IpAddr;

use ipnet::IpNet;

use super::AzureView;
use super::here::{Place, prefix};
use crate::evidence::azure::{
    Answer, EffectiveRoute, Peering, ResourceId, Route, RouteTable, Subnet, VirtualNetwork,
};
use crate::evidence::classify;

/// Where a packet goes next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::diagnose) enum Next {
    /// To the endpoint, or to a machine of the network or of a peer.
    Direct,
    /// To an appliance at this address; none where the route does not name one.
    Appliance(Option<IpAddr>),
    /// To a VPN or ExpressRoute gateway.
    Gateway,
    /// To the internet.
    Internet,
    /// Nowhere: it is dropped.
    Dropped,
    /// Not known.
    Unknown,
}

/// A choice of route.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct Choice<'a> {
    pub(in crate::diagnose) next: Next,
    /// The user's route, with its table, where one decides.
    pub(in crate::diagnose) by: Option<(&'a Route, &'a ResourceId)>,
    /// The prefix that matches, for effective routes.
    pub(in crate::diagnose) prefix: Option<IpNet>,
    /// Whether Azure itself computed it.
    pub(in crate::diagnose) in_effect: bool,
    /// Whether it is not decided because not all prefixes of the routes in effect were kept.
    pub(in crate::diagnose) cut: bool,
    /// Whether it is not decided because a route by service tag, or of a service endpoint, may be
    /// longer: their prefixes are not in the table.
    pub(in crate::diagnose) by_service: bool,
}

/// The peering between two networks.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Peered<'a> {
    /// They are one network.
    Same,
    /// Connected at both ends, and each lets the other's packets in.
    Connected,
    /// Connected at both ends; whether each lets the other's packets in was not seen.
    Joined,
    /// Connected, but this network's end does not let packets pass by default.
    Closed(&'a VirtualNetwork, &'a Peering),
    /// This network's end is not connected.
    Broken(&'a VirtualNetwork, &'a Peering),
    /// The first network has a peering, and the second one has none back.
    OneSided(&'a VirtualNetwork, &'a VirtualNetwork),
    /// There is none.
    None,
}

/// The peering of `here` with `there`.
pub(in crate::diagnose) fn peering<'a>(
    here: &'a VirtualNetwork,
    there: &'a VirtualNetwork,
) -> Peered<'a> {
    if here.id == there.id {
        return Peered::Same;
    }
    let to = |from: &'a VirtualNetwork, to: &VirtualNetwork| {
        from.peerings.iter().find(|peering| peering.network.as_ref() == Some(&to.id))
    };
    let connected = |peering: &Peering| {
        peering.state.as_deref().is_none_or(|state| state.eq_ignore_ascii_case("Connected"))
    };
    match (to(here, there), to(there, here)) {
        (None, None) => Peered::None,
        (Some(mine), _) if !connected(mine) => Peered::Broken(here, mine),
        (_, Some(theirs)) if !connected(theirs) => Peered::Broken(there, theirs),
        (Some(_), None) => Peered::OneSided(here, there),
        (None, Some(_)) => Peered::OneSided(there, here),
        (Some(mine), Some(theirs)) => match (mine.allows_access, theirs.allows_access) {
            (Some(false), _) => Peered::Closed(here, mine),
            (_, Some(false)) => Peered::Closed(there, theirs),
            (Some(true), Some(true)) => Peered::Connected,
            _ => Peered::Joined,
        },
    }
}

/// Where packets end, as far as the caller sees it.
#[derive(Debug, Clone)]
pub(in crate::diagnose) enum End<'a> {
    /// At a private endpoint in this subnet.
    Endpoint(&'a VirtualNetwork, &'a Subnet),
    /// At a private endpoint in a network of which the caller does not see the subnet.
    Hidden(ResourceId),
    /// At an address that is not known to be a private endpoint's.
    Elsewhere,
}

impl<'a> End<'a> {
    /// Its network and subnet, if the caller sees them.
    pub(in crate::diagnose) const fn seen(&self) -> Option<(&'a VirtualNetwork, &'a Subnet)> {
        match self {
            Self::Endpoint(network, subnet) => Some((network, subnet)),
            Self::Hidden(_) | Self::Elsewhere => None,
        }
    }
}

/// Whether a user's route takes the place of Azure's own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wins {
    Yes,
    No,
    /// That depends on a subnet which the caller does not see.
    Open,
}

impl<'a> AzureView<'a> {
    /// The route of packets from `place` to `address`, which is at `end`.
    pub(in crate::diagnose) fn route(
        &self,
        place: &Place<'a>,
        address: IpAddr,
        end: &End<'a>,
    ) -> Choice<'a> {
        if let Answer::Read { value } = &self.said.estate.effective_routes
            && let Some(choice) = in_effect(value, address)
        {
            return choice;
        }
        self.written_route(place.network, place.subnet, address, end)
    }

    /// The same by the route table of a subnet, whatever Azure computed for this machine.
    pub(in crate::diagnose) fn written_route(
        &self,
        network: &'a VirtualNetwork,
        subnet: &'a Subnet,
        address: IpAddr,
        end: &End<'a>,
    ) -> Choice<'a> {
        let table = subnet.route_table.as_ref().and_then(|id| self.route_table(id));
        let user = table.and_then(|table| longest(table, address));
        let (system, length) = system(network, address, end.seen());
        let unread = subnet.route_table.is_some() && table.is_none();
        let wins = |net: IpNet| {
            let wins = match end {
                End::Hidden(there) if !is_whole(net) && may_reach(network, there) => {
                    return Wins::Open;
                }
                End::Endpoint(there, subnet) if system == Next::Direct => {
                    let long = net.prefix_len() >= shortest(there, address).unwrap_or(0);
                    is_whole(net) || obeys_route_tables(subnet) && long
                }
                _ => net.prefix_len() >= length,
            };
            if wins { Wins::Yes } else { Wins::No }
        };
        let own = |next| Choice {
            next,
            by: None,
            prefix: None,
            in_effect: false,
            cut: false,
            by_service: false,
        };
        let found = user.filter(|_| system == Next::Internet);
        let (leads, whole) = match found {
            Some((net, route)) => (next(&route.next_hop_type, route.next_hop), is_whole(net)),
            None => (system, false),
        };
        if system == Next::Internet && !whole && may_be_by_service(subnet, table, leads) {
            return Choice { by_service: true, ..own(Next::Unknown) };
        }
        match user.map(|(net, route)| (wins(net), route)) {
            Some((Wins::Yes, route)) => Choice {
                next: next(&route.next_hop_type, route.next_hop),
                by: table.map(|table| (route, &table.id)),
                prefix: prefix(&route.prefix),
                ..own(system)
            },
            Some((Wins::Open, _)) => own(Next::Unknown),
            Some((Wins::No, _)) | None => own(if unread { Next::Unknown } else { system }),
        }
    }

    /// A route table, if it was read.
    pub(in crate::diagnose) fn route_table(&self, id: &ResourceId) -> Option<&'a RouteTable> {
        self.said.estate.route_tables.iter().find(|table| table.id == *id)
    }
}

/// Whether a prefix is a single address.
pub(super) fn is_whole(net: IpNet) -> bool {
    net.prefix_len() == net.max_prefix_len()
}

/// Whether a network may have the route of an endpoint in `there`: it is that network, or its
/// peering with it is not known to be down.
pub(super) fn may_reach(network: &VirtualNetwork, there: &ResourceId) -> bool {
    let up = |peering: &Peering| {
        let state = peering.state.as_deref();
        state.is_none_or(|state| state.eq_ignore_ascii_case("Connected"))
    };
    let peer = |peering: &Peering| peering.network.as_ref() == Some(there) && up(peering);
    network.id == *there || network.peerings.iter().any(peer)
}

/// Whether user routes apply to private endpoints in the subnet.
pub(in crate::diagnose) fn obeys_route_tables(subnet: &Subnet) -> bool {
    is_policy(subnet, "RouteTableEnabled")
}

/// Whether security groups apply to private endpoints in the subnet.
pub(in crate::diagnose) fn obeys_security_groups(subnet: &Subnet) -> bool {
    is_policy(subnet, "NetworkSecurityGroupEnabled")
}

fn is_policy(subnet: &Subnet, kind: &str) -> bool {
    let policies = subnet.endpoint_policies.as_deref().unwrap_or_default();
    policies.eq_ignore_ascii_case("Enabled") || policies.eq_ignore_ascii_case(kind)
}

/// The route of Azure's own: where it leads, and the length of its prefix.
fn system(
    network: &VirtualNetwork,
    address: IpAddr,
    endpoint: Option<(&VirtualNetwork, &Subnet)>,
) -> (Next, u8) {
    if let Some(length) = shortest(network, address) {
        return (Next::Direct, length);
    }
    if let Some((there, _)) = endpoint {
        return match peering(network, there) {
            Peered::Same | Peered::Connected | Peered::Joined | Peered::Closed(..) => {
                (Next::Direct, shortest(there, address).unwrap_or(0))
            }
            // A gateway of the network or of a peer may know the way.
            _ if !network.peerings.is_empty() || has_gateway(network) => (Next::Unknown, 0),
            _ => (Next::Dropped, 0),
        };
    }
    match classify(address).is_public() {
        true => (Next::Internet, 0),
        false => (Next::Unknown, 0),
    }
}

/// Whether `there` is the network, or a peer of it that is Connected.
pub(super) fn is_or_joins(network: &VirtualNetwork, there: &ResourceId) -> bool {
    let joined = |peering: &Peering| {
        let state = peering.state.as_deref();
        peering.network.as_ref() == Some(there)
            && state.is_some_and(|state| state.eq_ignore_ascii_case("Connected"))
    };
    network.id == *there || network.peerings.iter().any(joined)
}

fn has_gateway(network: &VirtualNetwork) -> bool {
    super::gateway::gateway_subnet(network).is_some()
}

/// The length of the network's prefix that has the address; none where it is not in the network.
pub(super) fn shortest(network: &VirtualNetwork, address: IpAddr) -> Option<u8> {
    let nets = network.prefixes.iter().filter_map(|text| prefix(text));
    nets.filter(|net| net.contains(&address)).map(|net| net.prefix_len()).min()
}

/// The table's route with the longest prefix that has the address.
fn longest(table: &RouteTable, address: IpAddr) -> Option<(IpNet, &Route)> {
    let nets = table.routes.iter().filter_map(|route| Some((prefix(&route.prefix)?, route)));
    nets.filter(|(net, _)| net.contains(&address)).max_by_key(|(net, _)| net.prefix_len())
}

/// The user's route of a table that has the address, and where it leads.
pub(super) fn user_route(table: &RouteTable, address: IpAddr) -> Option<(IpNet, &Route, Next)> {
    let (net, route) = longest(table, address)?;
    Some((net, route, next(&route.next_hop_type, route.next_hop)))
}

/// Services whose service endpoints never have the address of a model or of a sign-in.
const STORES: &[&str] = &[
    "Microsoft.AzureCosmosDB",
    "Microsoft.ContainerRegistry",
    "Microsoft.EventHub",
    "Microsoft.KeyVault",
    "Microsoft.ServiceBus",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.Storage.Global",
];

/// Whether a public address may have a longer route, with prefixes that only Azure knows, and
/// another next hop than `leads`.
fn may_be_by_service(subnet: &Subnet, table: Option<&RouteTable>, leads: Next) -> bool {
    let is_store = |one: &String| STORES.iter().any(|store| one.eq_ignore_ascii_case(store));
    let tag = |route: &Route| {
        prefix(&route.prefix).is_none() && next(&route.next_hop_type, route.next_hop) != leads
    };
    !subnet.service_endpoints.iter().all(is_store)
        || table.is_some_and(|table| table.routes.iter().any(tag))
}

fn in_effect<'a>(routes: &[EffectiveRoute], address: IpAddr) -> Option<Choice<'a>> {
    let active = || routes.iter().filter(|route| route.active);
    let best = active()
        .flat_map(|route| route.prefixes.iter().map(move |text| (prefix(text), route)))
        .filter_map(|(net, route)| Some((net?, route)))
        .filter(|(net, _)| net.contains(&address))
        .max_by_key(|(net, _)| net.prefix_len());
    let leads =
        |route: &EffectiveRoute| next(&route.next_hop_type, route.next_hops.first().copied());
    // A longer prefix may be among those that were not kept.
    let rest = || active().filter(|route| route.cut);
    let undecided = match best {
        Some((net, route)) => !is_whole(net) && rest().any(|other| leads(other) != leads(route)),
        None => rest().next().is_some(),
    };
    let choice = |next, prefix, cut| Choice {
        next,
        by: None,
        prefix,
        in_effect: true,
        cut,
        by_service: false,
    };
    match best {
        _ if undecided => Some(choice(Next::Unknown, None, true)),
        Some((net, route)) => Some(choice(leads(route), Some(net), false)),
        None => None,
    }
}

fn next(kind: &str, address: Option<IpAddr>) -> Next {
    match kind.to_ascii_lowercase().as_str() {
        "vnetlocal"
        | "vnetpeering"
        | "virtualnetworkpeering"
        | "globalvnetpeering"
        // A network manager's connected group has no peerings.
        | "connectedgroup"
        | "interfaceendpoint" => Next::Direct,
        "virtualappliance" => Next::Appliance(address),
        "virtualnetworkgateway" => Next::Gateway,
        "internet" => Next::Internet,
        "none" => Next::Dropped,
        _ => Next::Unknown,
    }
}
