//! What findings of the tcp and tls hops leave open.

mod gateway;
mod silent;

use std::net::IpAddr;

use super::{obstacle, whose};
use crate::diagnose::azure::way_back::{self, Flow};
use crate::diagnose::azure::{Proof, Ruling, Witness};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::view::azure::routes::{Next, Peered};
use crate::diagnose::view::azure::way::{Appliance, Way};
use crate::evidence::azure::{ResourceId, VirtualNetwork};

/// The questions.
pub(super) const WITNESSES: &[Witness] = &[
    Witness {
        findings: &["tcp-silent"],
        ask: silent::state,
        says: Some("what on the way drops the packets"),
    },
    Witness { findings: &["tcp-silent"], ask: silent::missing, says: None },
    Witness {
        findings: &["tcp-no-route", "tcp-unreachable", "tcp-reset"],
        ask: on_the_way,
        says: Some("what routes and NSGs do on the way"),
    },
    Witness {
        findings: &["tcp-refused", "tls-wrong-name", "tls-not-tls", "tls-address-fails"],
        ask: whose_address,
        says: Some("whose address it is"),
    },
    Witness {
        findings: &["tcp-address-dead"],
        ask: whose_dead_address,
        says: Some("whose address it is"),
    },
];

/// The address that the failed connection went to.
fn failed(view: &View<'_>) -> Option<(IpAddr, u16)> {
    let peer = view.tcp.failed()?.first.attempt.connected_to();
    Some((peer.ip(), peer.port()))
}

/// The way from this machine to an address; none where one of the two is not known.
fn way<'a>(azure: &AzureView<'a>, ip: IpAddr, port: u16) -> Option<Way<'a>> {
    let Here::At(place) = azure.here() else { return None };
    Some(azure.way(place, ip, port, subnet_of(azure, ip)))
}

/// The subnet of the endpoint that has an address.
fn subnet_of<'a>(azure: &AzureView<'a>, ip: IpAddr) -> Option<&'a ResourceId> {
    match azure.owner(ip) {
        Owner::Account(endpoint) => endpoint.configuration.subnet.as_ref(),
        Owner::UnknownEndpoint(_, configuration) => configuration.subnet.as_ref(),
        _ => None,
    }
}

fn whose_address(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let ip = match failed(view) {
        Some((ip, _)) => ip,
        None => view.tcp.value()?.selected?,
    };
    whose::ruling(view, azure, ip)
}

fn whose_dead_address(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let dead = view.tcp.dead().first()?.attempt.connected_to().ip();
    whose::ruling(view, azure, dead)
}

/// Peering, route and appliance, where a router or a firewall answered in place of the endpoint:
/// what Azure drops answers nothing, so they explain little; they name what is on the way.
fn on_the_way(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let (ip, port) = failed(view)?;
    let way = way(azure, ip, port)?;
    if let Some(Ruling::Proves(proof) | Ruling::Suggests(proof)) =
        obstacle::ruling(azure, &way, ip, port)
    {
        // What this machine's kernel or a router reports stays the headline.
        return Some(Ruling::Notes(Proof { headline: None, instead: false, ..proof }));
    }
    Some(Ruling::Notes(described(azure, &way, ip)?))
}

/// What is at the address to which a route of `from` leads, in words.
fn appliance_words(azure: &AzureView<'_>, from: &VirtualNetwork, address: IpAddr) -> String {
    match azure.appliance(from, address) {
        Appliance::Firewall(id) => format!("the Azure Firewall {}", id.name()),
        Appliance::Machine(interface, _) => {
            let id = interface.machine.as_ref().unwrap_or(&interface.id);
            format!("the appliance {}", id.name())
        }
        Appliance::NotVisible => "an appliance that is not visible to this caller".to_owned(),
    }
}

/// What is on the way, as facts.
pub(super) fn described(azure: &AzureView<'_>, way: &Way<'_>, ip: IpAddr) -> Option<Proof> {
    let here = &way.place.network.id;
    match (way.route.next, way.peered) {
        (Next::Appliance(Some(address)), _) => {
            let what = appliance_words(azure, way.place.network, address);
            let proof = Proof::default()
                .fact(format!("Azure routes packets for {ip} to {address}: {what}"))
                .reasoning(format!("{what} decides over this connection by rules of its own"))
                .cites("/estate/route_tables");
            let back = way.end.and_then(|(_, subnet)| {
                let (caller, through) = (way.place.address, Some(address));
                way_back::described(azure, Flow { caller, endpoint: ip, subnet, through })
            });
            Some(match back {
                Some(back) => proof.and(back),
                None => proof,
            })
        }
        (Next::Gateway, _) => {
            let (route, table) = way.route.by?;
            let named = way_back::named(route, table);
            Some(
                Proof::default()
                    .fact(format!("{named} sends packets for {ip} to a VPN or ExpressRoute gateway"))
                    .reasoning(format!(
                        "{named} sends packets for {ip} out of Azure: they arrive only if the other \
                         side of the gateway sends them back to the endpoint's network"
                    ))
                    .cites("/estate/route_tables"),
            )
        }
        (Next::Direct, Some(Peered::Same)) => Some(
            Proof::default()
                .fact(format!("this machine and {ip} are in the same network, {}", here.name()))
                .cites("/estate/networks"),
        ),
        (Next::Direct, Some(Peered::Connected)) => Some(
            Proof::default()
                .fact(format!("{} is peered with the network of {ip}: Connected", here.name()))
                .ruled_out("the peering: both ends are Connected")
                .cites("/estate/networks"),
        ),
        (Next::Direct, Some(Peered::Joined)) => Some(
            Proof::default()
                .fact(format!("{} is peered with the network of {ip}: Connected", here.name()))
                .reasoning(
                    "whether that peering lets packets pass (allowVirtualNetworkAccess) was not \
                     seen",
                )
                .cites("/estate/networks"),
        ),
        (Next::Direct, Some(Peered::Broken(network, peering))) if way.route.in_effect => Some(
            Proof::default()
                .ruled_out(format!(
                    "the peering {} of {} ({}): a route in effect leads to {ip} all the same",
                    peering.name,
                    network.id.name(),
                    peering.state.as_deref().unwrap_or("not Connected")
                ))
                .cites("/estate/effective_routes"),
        ),
        _ => way_back::by_service(way, ip),
    }
}
