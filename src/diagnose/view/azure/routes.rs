//! Where Azure sends a packet: the longest prefix wins, and at equal length a user's route wins.
//!
//! A private endpoint has a route of its own, a /32, in its network and in those that are peered
//! with it. A shorter user route takes its place only where the endpoint's subnet has network
//! policies for route tables (fact C46). Routes that a gateway learns show in effective routes
//! alone.

use std::net::IpAddr;

use ipnet::IpNet;

use super::AzureView;
use super::here::{Place, holds, prefix};
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
}

/// The peering between two networks.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Peered<'a> {
    /// They are one network.
    Same,
    /// Connected at each end that is seen.
    Connected,
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
        _ => Peered::Connected,
    }
}

impl<'a> AzureView<'a> {
    /// The route of packets from `place` to `address`, which is an endpoint's where its subnet is
    /// given.
    pub(in crate::diagnose) fn route(
        &self,
        place: &Place<'a>,
        address: IpAddr,
        endpoint: Option<(&'a VirtualNetwork, &'a Subnet)>,
    ) -> Choice<'a> {
        if let Answer::Read { value } = &self.said.estate.effective_routes
            && let Some(choice) = in_effect(value, address)
        {
            return choice;
        }
        let table = place.subnet.route_table.as_ref().and_then(|id| self.route_table(id));
        let user = table.and_then(|table| longest(table, address));
        let (system, length) = system(place.network, address, endpoint);
        let unread = place.subnet.route_table.is_some() && table.is_none();
        let wins = |(net, _): &(IpNet, &'a Route)| match endpoint {
            Some((network, subnet)) if system == Next::Direct => {
                net.prefix_len() == net.max_prefix_len()
                    || obeys_route_tables(subnet) && net.prefix_len() >= shortest(network, address)
            }
            _ => net.prefix_len() >= length,
        };
        match user.filter(wins) {
            Some((_, route)) => Choice {
                next: next(&route.next_hop_type, route.next_hop),
                by: table.map(|table| (route, &table.id)),
                prefix: prefix(&route.prefix),
                in_effect: false,
            },
            None => {
                let next = if unread { Next::Unknown } else { system };
                Choice { next, by: None, prefix: None, in_effect: false }
            }
        }
    }

    /// A route table, if it was read.
    pub(in crate::diagnose) fn route_table(&self, id: &ResourceId) -> Option<&'a RouteTable> {
        self.said.estate.route_tables.iter().find(|table| table.id == *id)
    }
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
    if holds(&network.prefixes, address) {
        return (Next::Direct, shortest(network, address));
    }
    if let Some((there, _)) = endpoint {
        let direct = matches!(peering(network, there), Peered::Same | Peered::Connected);
        return match direct {
            true => (Next::Direct, shortest(there, address)),
            // A gateway of the network or of a peer may know the way.
            false if !network.peerings.is_empty() || has_gateway(network) => (Next::Unknown, 0),
            false => (Next::Dropped, 0),
        };
    }
    match classify(address).is_public() {
        true => (Next::Internet, 0),
        false => (Next::Unknown, 0),
    }
}

/// Whether a network has a gateway, or a connected peering with a network other than `there`.
pub(in crate::diagnose) fn has_other_way(
    network: &VirtualNetwork,
    there: Option<&ResourceId>,
) -> bool {
    let connected = |peering: &&Peering| {
        peering.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("Connected"))
    };
    let mut peerings = network.peerings.iter().filter(connected);
    has_gateway(network) || peerings.any(|peering| peering.network.as_ref() != there)
}

fn has_gateway(network: &VirtualNetwork) -> bool {
    network.subnets.iter().any(|subnet| subnet.id.name().eq_ignore_ascii_case("GatewaySubnet"))
}

/// The length of the network's prefix that has the address.
fn shortest(network: &VirtualNetwork, address: IpAddr) -> u8 {
    let nets = network.prefixes.iter().filter_map(|text| prefix(text));
    nets.filter(|net| net.contains(&address)).map(|net| net.prefix_len()).min().unwrap_or(0)
}

/// The table's route with the longest prefix that has the address.
fn longest(table: &RouteTable, address: IpAddr) -> Option<(IpNet, &Route)> {
    let nets = table.routes.iter().filter_map(|route| Some((prefix(&route.prefix)?, route)));
    nets.filter(|(net, _)| net.contains(&address)).max_by_key(|(net, _)| net.prefix_len())
}

fn in_effect<'a>(routes: &[EffectiveRoute], address: IpAddr) -> Option<Choice<'a>> {
    let (net, route) = routes
        .iter()
        .filter(|route| route.active)
        .flat_map(|route| route.prefixes.iter().map(move |text| (prefix(text), route)))
        .filter_map(|(net, route)| Some((net?, route)))
        .filter(|(net, _)| net.contains(&address))
        .max_by_key(|(net, _)| net.prefix_len())?;
    let next = next(&route.next_hop_type, route.next_hops.first().copied());
    Some(Choice { next, by: None, prefix: Some(net), in_effect: true })
}

fn next(kind: &str, address: Option<IpAddr>) -> Next {
    match kind.to_ascii_lowercase().as_str() {
        "vnetlocal"
        | "vnetpeering"
        | "virtualnetworkpeering"
        | "globalvnetpeering"
        | "interfaceendpoint" => Next::Direct,
        "virtualappliance" => Next::Appliance(address),
        "virtualnetworkgateway" => Next::Gateway,
        "internet" => Next::Internet,
        "none" => Next::Dropped,
        _ => Next::Unknown,
    }
}
