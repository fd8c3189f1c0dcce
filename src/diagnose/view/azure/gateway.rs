//! The way of packets that come from outside Azure through a VPN or ExpressRoute gateway: what the
//! route table of its subnet does to them, and where answers from an endpoint's subnet go.
//!
//! Whether a private endpoint's answers follow the routes of its subnet is disputed, and differs by
//! service (facts T7, C63): every conclusion on the way back is a possibility, never a proof.

use std::net::IpAddr;

use super::AzureView;
use super::needs::right;
use super::routes::{Choice, End, Next, obeys_route_tables, user_route};
use crate::evidence::azure::{Peering, ResourceId, Route, Subnet, VirtualNetwork};

/// A gateway's subnet, and what its routes do to packets for an endpoint.
pub(in crate::diagnose) struct Gateway<'a> {
    /// Its network.
    pub(in crate::diagnose) network: &'a VirtualNetwork,
    /// The subnet.
    pub(in crate::diagnose) subnet: &'a Subnet,
    /// Where it sends packets for the endpoint.
    pub(in crate::diagnose) route: Choice<'a>,
}

/// Where answers from an endpoint's subnet go.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Back<'a> {
    /// By Azure's own routes: straight back.
    Straight,
    /// By a user's route with its table.
    By(&'a Route, &'a ResourceId, Next),
    /// By a route table that was not read.
    Unread,
}

impl<'a> AzureView<'a> {
    /// The gateways through which packets from outside can reach the endpoint: that of its own
    /// network, else of the peer whose gateway it uses, else of any peer.
    pub(in crate::diagnose) fn gateways(
        &self,
        (there, subnet): (&'a VirtualNetwork, &'a Subnet),
        address: IpAddr,
    ) -> Vec<Gateway<'a>> {
        let of = |network: &'a VirtualNetwork| {
            let subnet_of = gateway_subnet(network)?;
            let end = End::Endpoint(there, subnet);
            let route = self.written_route(network, subnet_of, address, &end);
            Some(Gateway { network, subnet: subnet_of, route })
        };
        if let Some(own) = of(there) {
            return vec![own];
        }
        let used = |peering: &&Peering| peering.uses_remote_gateway == Some(true);
        let uses_one = there.peerings.iter().any(|peering| used(&peering));
        let peers = there.peerings.iter().filter(|peering| {
            let state = peering.state.as_deref();
            let connected = state.is_some_and(|state| state.eq_ignore_ascii_case("Connected"));
            connected && (!uses_one || used(peering))
        });
        let networks = self.said.estate.networks.items();
        peers
            .filter_map(|peering| {
                let id = peering.network.as_ref()?;
                of(networks.iter().find(|network| network.id == *id)?)
            })
            .collect()
    }

    /// What the caller may not read of the way through gateways to the endpoint.
    pub(in crate::diagnose) fn missing_of_gateways(
        &self,
        end: (&'a VirtualNetwork, &'a Subnet),
        address: IpAddr,
    ) -> Vec<String> {
        let networks = self.said.estate.networks.items();
        let hidden = |id: &&ResourceId| !networks.iter().any(|network| network.id == **id);
        let gateways = self.gateways(end, address);
        let peers = end.0.peerings.iter().filter_map(|peering| peering.network.as_ref());
        let peers = peers.filter(hidden).filter(|_| gateways.is_empty());
        let tables = gateways.iter().filter_map(|gateway| gateway.subnet.route_table.as_ref());
        let own = end.1.route_table.as_ref().filter(|_| obeys_route_tables(end.1));
        let tables = tables.chain(own).filter(|id| self.route_table(id).is_none());
        peers
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
        match user_route(table, to) {
            Some((route, next @ (Next::Appliance(_) | Next::Dropped | Next::Internet))) => {
                Back::By(route, id, next)
            }
            _ => Back::Straight,
        }
    }
}

/// The subnet of a network's gateway: Azure gives it this name.
pub(super) fn gateway_subnet(network: &VirtualNetwork) -> Option<&Subnet> {
    let is_gateway = |subnet: &&Subnet| subnet.id.name().eq_ignore_ascii_case("GatewaySubnet");
    network.subnets.iter().find(is_gateway)
}
