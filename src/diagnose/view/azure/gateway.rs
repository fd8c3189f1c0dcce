//! The way of packets that come from outside Azure through a VPN or ExpressRoute gateway: what the
//! route table of its subnet does to them, and where answers from an endpoint's subnet go.
//!
//! Whether a private endpoint's answers follow the routes of its subnet is disputed, and differs by
//! service (facts T7, C63): every conclusion on the way back is a possibility, never a proof.

use std::net::IpAddr;

use super::AzureView;
use super::here::Here;
use super::needs::right;
use super::routes::{
    Choice, End, Next, is_whole, may_reach, obeys_route_tables, shortest, user_route,
};
use crate::evidence::azure::{Peering, ResourceId, Route, Subnet, VirtualNetwork};

/// A gateway's subnet, and what its routes do to packets for an endpoint.
pub(in crate::diagnose) struct Gateway<'a> {
    /// Its network.
    pub(in crate::diagnose) network: &'a VirtualNetwork,
    /// The subnet.
    pub(in crate::diagnose) subnet: &'a Subnet,
    /// Where it sends packets for the endpoint.
    pub(in crate::diagnose) route: Choice<'a>,
    /// Whether the endpoint's network is known not to use it: its peering says so.
    pub(in crate::diagnose) unused: bool,
}

/// Where answers from an endpoint's subnet go.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Back<'a> {
    /// By Azure's own routes: straight back.
    Straight,
    /// Likewise, because the prefix of the caller's network is longer than the user's route.
    Beaten(&'a Route, &'a ResourceId),
    /// By a user's route, unless there is a longer one that is not visible.
    Open(&'a Route, &'a ResourceId),
    /// By a user's route with its table.
    By(&'a Route, &'a ResourceId, Next),
    /// By a route table that was not read.
    Unread,
}

impl<'a> AzureView<'a> {
    /// The visible gateways through which packets from outside can reach the endpoint: that of the
    /// peer whose gateway its network uses, else its own network's, else of any peer.
    pub(in crate::diagnose) fn gateways(
        &self,
        (there, subnet): (&'a VirtualNetwork, &'a Subnet),
        address: IpAddr,
    ) -> Vec<Gateway<'a>> {
        let of = |network: &'a VirtualNetwork, unused| {
            let subnet_of = gateway_subnet(network)?;
            let end = End::Endpoint(there, subnet);
            let route = self.written_route(network, subnet_of, address, &end);
            Some(Gateway { network, subnet: subnet_of, route, unused })
        };
        // A network that uses a peer's gateway has none of its own, whatever its subnets are named.
        if !uses_a_peers(there)
            && let Some(own) = of(there, false)
        {
            return vec![own];
        }
        let networks = self.said.estate.networks.items();
        there
            .peerings
            .iter()
            .filter(|peering| lets_in(there, peering))
            .filter_map(|peering| {
                let id = peering.network.as_ref()?;
                let network = networks.iter().find(|network| network.id == *id)?;
                of(network, peering.uses_remote_gateway == Some(false))
            })
            .collect()
    }

    /// The peers that the caller does not see, and whose gateway the endpoint's network may use.
    pub(in crate::diagnose) fn hidden_gateways(
        &self,
        there: &'a VirtualNetwork,
    ) -> Vec<&'a ResourceId> {
        let may_use = |peering: &&Peering| {
            lets_in(there, peering) && peering.uses_remote_gateway != Some(false)
        };
        self.hidden_peers(there, may_use)
    }

    fn hidden_peers(
        &self,
        there: &'a VirtualNetwork,
        which: impl Fn(&&'a Peering) -> bool,
    ) -> Vec<&'a ResourceId> {
        let networks = self.said.estate.networks.items();
        let peers = there.peerings.iter().filter(which);
        let peers = peers.filter_map(|peering| peering.network.as_ref());
        peers.filter(|id| !networks.iter().any(|network| network.id == **id)).collect()
    }

    /// What the caller may not read of the way through gateways to the endpoint.
    pub(in crate::diagnose) fn missing_of_gateways(
        &self,
        end: (&'a VirtualNetwork, &'a Subnet),
        address: IpAddr,
    ) -> Vec<String> {
        let gateways = self.gateways(end, address);
        let peers = match gateways.is_empty() {
            true => self.hidden_peers(end.0, |_| true),
            false => self.hidden_gateways(end.0),
        };
        let tables = gateways.iter().filter_map(|gateway| gateway.subnet.route_table.as_ref());
        let own = end.1.route_table.as_ref().filter(|_| obeys_route_tables(end.1));
        let tables = tables.chain(own).filter(|id| self.route_table(id).is_none());
        peers
            .into_iter()
            .map(|id| right("Microsoft.Network/virtualNetworks/read", id))
            .chain(tables.map(|id| right("Microsoft.Network/routeTables/read", id)))
            .collect()
    }

    /// Where answers to `to` go from an endpoint's subnet, if they follow its routes.
    pub(in crate::diagnose) fn way_back(&self, subnet: &'a Subnet, to: IpAddr) -> Back<'a> {
        let Some(id) = subnet.route_table.as_ref().filter(|_| obeys_route_tables(subnet)) else {
            return Back::Straight;
        };
        let Some(table) = self.route_table(id) else { return Back::Unread };
        let (net, route, next) = match user_route(table, to) {
            Some(found @ (_, _, Next::Appliance(_) | Next::Dropped | Next::Internet)) => found,
            _ => return Back::Straight,
        };
        // The prefix of the endpoint's own network, or of a peer, that has the caller.
        let own = self.subnet(&subnet.id).and_then(|(there, _)| {
            let networks = self.said.estate.networks.items().iter();
            networks
                .filter(|one| may_reach(there, &one.id))
                .filter_map(|one| shortest(one, to))
                .max()
        });
        let is_long = net.prefix_len() >= own.unwrap_or(0);
        let in_azure = own.is_some() && matches!(self.here(), Here::At(_));
        // A gateway may announce a longer prefix of a site.
        let no_gateway = in_azure || table.gateway_routes_disabled == Some(true);
        match is_long {
            true if is_whole(net) || no_gateway => Back::By(route, id, next),
            false if in_azure => Back::Beaten(route, id),
            _ => Back::Open(route, id),
        }
    }
}

/// Whether a network uses the gateway of one of its peers.
fn uses_a_peers(network: &VirtualNetwork) -> bool {
    network.peerings.iter().any(|peering| peering.uses_remote_gateway == Some(true))
}

/// Whether packets from a gateway behind the peering may reach the network: it is Connected, and
/// the network does not use another peer's gateway.
fn lets_in(network: &VirtualNetwork, peering: &Peering) -> bool {
    let state = peering.state.as_deref();
    let connected = state.is_some_and(|state| state.eq_ignore_ascii_case("Connected"));
    connected && (!uses_a_peers(network) || peering.uses_remote_gateway == Some(true))
}

/// The subnet of a network's gateway: Azure gives it this name.
pub(super) fn gateway_subnet(network: &VirtualNetwork) -> Option<&Subnet> {
    let is_gateway = |subnet: &&Subnet| subnet.id.name().eq_ignore_ascii_case("GatewaySubnet");
    network.subnets.iter().find(is_gateway)
}
