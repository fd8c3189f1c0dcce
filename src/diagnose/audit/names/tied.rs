//! Which zones are the account's: another team may have zones of the same name.

use std::net::IpAddr;

use super::{State, used};
use crate::audit::AuditCheck;
use crate::diagnose::view::azure::AzureView;
use crate::evidence::azure::{PrivateZone, ResourceId, VirtualNetwork};

/// The networks of the endpoints, and those of the resolvers that serve them: the servers that an
/// endpoint's network asks, and inbound endpoints in networks that are peered with it.
pub(super) fn networks(view: &AzureView<'_>) -> Vec<ResourceId> {
    let estate = view.estate();
    let of_subnet = |subnet: &Option<ResourceId>| subnet.as_ref()?.up_to("virtualNetworks");
    let own: Vec<ResourceId> =
        used(view).into_iter().filter_map(|endpoint| of_subnet(&endpoint.subnet)).collect();
    let known: Vec<&VirtualNetwork> =
        estate.networks.items().iter().filter(|network| own.contains(&network.id)).collect();
    let is_server = |address: &IpAddr| {
        let mut servers = known.iter().flat_map(|network| &network.dns_servers);
        servers.any(|server| server.parse() == Ok(*address))
    };
    let is_peered = |id: &ResourceId| {
        let mut peerings = known.iter().flat_map(|network| &network.peerings);
        peerings.any(|peering| {
            peering.network.as_ref() == Some(id) && peering.state.as_deref() == Some("Connected")
        })
    };
    let inbound = estate.inbound_endpoints.items().iter().filter_map(|one| {
        let network = one.network.as_ref()?;
        let serves = one.addresses.iter().any(is_server) || is_peered(network);
        serves.then(|| network.clone())
    });
    let firewalls = estate.firewalls.items().iter();
    let firewalls = firewalls
        .filter(|one| one.addresses.iter().any(is_server))
        .filter_map(|one| of_subnet(&one.subnet));
    let machines = estate.interfaces.items().iter().flat_map(|one| &one.ip_configurations);
    let machines =
        machines.filter(|ip| is_server(&ip.address)).filter_map(|ip| of_subnet(&ip.subnet));
    let resolvers: Vec<ResourceId> = inbound.chain(firewalls).chain(machines).collect();
    own.into_iter().chain(resolvers).collect()
}

/// Whether a zone group writes into the zone, one of the networks asks it, or it has an address of
/// the endpoints.
pub(super) fn is_tied(
    view: &AzureView<'_>,
    zone: &PrivateZone,
    networks: &[ResourceId],
    addresses: &[IpAddr],
) -> bool {
    let mut links = zone.links.items().iter().filter_map(|link| link.network.as_ref());
    let recorded = zone.record.known().map_or(&[][..], |record| &record.addresses);
    written(view).any(|id| *id == zone.id)
        || links.any(|network| networks.contains(network))
        || recorded.iter().any(|address| addresses.contains(address))
}

/// The zones that zone groups of the account's endpoints write into.
fn written<'a>(view: &AzureView<'a>) -> impl Iterator<Item = &'a ResourceId> {
    let endpoints = view.estate().endpoints.items().iter();
    endpoints.flat_map(|endpoint| endpoint.zone_groups.items()).map(|written| &written.zone)
}

/// Zones of this name that a zone group writes into and that were not read.
pub(super) fn not_seen(view: &AzureView<'_>, name: &str) -> Option<AuditCheck> {
    let is_known = |id: &ResourceId| view.zones.items().iter().any(|zone| zone.id == *id);
    let is_meant = |id: &&ResourceId| id.name().eq_ignore_ascii_case(name) && !is_known(id);
    let id = written(view).find(is_meant)?;
    let says = format!("the zone {name} that a zone group writes into was not read");
    Some(AuditCheck::new("zone", State::CannotTell, says).fact(id.as_str()))
}
