//! Why nothing leads from this machine to the login host: an NSG rule, a route, or no way out at
//! all.

use super::super::obstacle;
use crate::diagnose::azure::{Proof, Ruling, way_back};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::needs::shown;
use crate::diagnose::view::azure::routes::Next;
use crate::diagnose::view::tokens::walk_of;

/// What stops the packets to the login host.
pub(super) fn ruling(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let request = view.identity.acquisition.as_ref()?.requests.last()?;
    let attempt = walk_of(request)?.tcp.value()?.attempts.first()?;
    let peer = attempt.connected_to();
    let Here::At(place) = azure.here() else { return None };
    let way = azure.way(place, peer.ip(), peer.port(), None);
    if let Some(ruling) = obstacle::ruling(azure, &way, peer.ip(), peer.port()) {
        return Some(ruling);
    }
    let subnet = place.subnet;
    let public = place.interface.is_some_and(|interface| {
        interface.ip_configurations.iter().any(|one| one.public_address != Some(false))
    });
    let name = subnet.id.name();
    match way.route.next {
        Next::Internet if !subnet.nat_gateway && place.interface.is_some() && !public => {
            Some(Ruling::Suggests(
                Proof::default()
                    .headline(
                        Clause::from(format!(
                            "the subnet {name} has no NAT gateway, and no way out"
                        ))
                        .or(format!("the subnet {name} has no NAT gateway")),
                    )
                    .fact(format!("{}: no NAT gateway, no public address", shown(&subnet.id)))
                    .reasoning(format!(
                        "Azure routes packets to the internet from {name} itself, and neither a \
                         NAT gateway nor a public address is there; a load balancer's outbound \
                         rule or Azure's default outbound access would do too, and is not visible"
                    ))
                    .cites("/estate/networks"),
            ))
        }
        Next::Appliance(Some(address)) => Some(Ruling::Notes(
            Proof::default()
                .fact(format!("Azure routes packets to the internet to the appliance {address}"))
                .reasoning(format!("the firewall at {address} decides over this connection"))
                .cites("/estate/route_tables"),
        )),
        _ if subnet.nat_gateway => Some(Ruling::Notes(
            Proof::default()
                .ruled_out(format!("a subnet without a way out: a NAT gateway serves {name}"))
                .cites("/estate/networks"),
        )),
        _ => way_back::by_service(&way, peer.ip()).map(Ruling::Notes),
    }
}
