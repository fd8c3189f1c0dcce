//! Names: for each that an endpoint serves, the private zone, its record and its links.

mod tied;

use std::net::IpAddr;

use super::open;
use crate::audit::AuditCheck;
use crate::diagnose::view::azure::AzureView;
use crate::diagnosis::State;
use crate::evidence::azure::{
    Answer, ConnectionStatus, Interface, PrivateEndpoint, PrivateZone, ResourceId,
};
use crate::services;

/// A name that endpoints serve, with all of its addresses.
struct Served {
    name: String,
    zone: String,
    addresses: Vec<IpAddr>,
}

/// Each name that the account's endpoints serve, by their interfaces (fact C18). An address that its
/// interface gives no name may be that of each; where no name is given, the target's is meant.
fn served(view: &AzureView<'_>) -> Vec<Served> {
    let mut all: Vec<Served> = Vec::new();
    let mut unnamed: Vec<IpAddr> = Vec::new();
    let configurations = used(view)
        .into_iter()
        .flat_map(|endpoint| interfaces_of(view, endpoint))
        .flat_map(|interface| &interface.ip_configurations);
    for ip in configurations {
        let mut is_named = false;
        for name in ip.fqdns.iter().map(|name| name.to_ascii_lowercase()) {
            let Some(found) = services::find(&name) else { continue };
            is_named = true;
            match all.iter_mut().find(|served| served.name == name) {
                Some(served) => served.addresses.push(ip.address),
                None => all.push(Served { zone: found.zone, addresses: vec![ip.address], name }),
            }
        }
        if !is_named {
            unnamed.push(ip.address);
        }
    }
    let target = &view.walk.target;
    if let Some(zone) = target.private_zone.clone().filter(|_| all.is_empty()) {
        all.push(Served { name: target.host.clone(), zone, addresses: Vec::new() });
    }
    all.iter_mut().for_each(|served| served.addresses.extend(&unnamed));
    all
}

/// The visible endpoints that carry traffic; every one where none does.
fn used<'a>(view: &AzureView<'a>) -> Vec<&'a PrivateEndpoint> {
    let all = view.estate().endpoints.items();
    let approved = |endpoint: &&PrivateEndpoint| {
        let connection = view.connection_of(&endpoint.id);
        connection.is_some_and(|connection| connection.status == ConnectionStatus::Approved)
    };
    let some: Vec<&PrivateEndpoint> = all.iter().filter(approved).collect();
    if some.is_empty() { all.iter().collect() } else { some }
}

fn interfaces_of<'a>(
    view: &AzureView<'a>,
    endpoint: &'a PrivateEndpoint,
) -> impl Iterator<Item = &'a Interface> {
    let all = view.estate().interfaces.items().iter();
    all.filter(|one| endpoint.interfaces.contains(&one.id))
}

/// Whether every address of every approved endpoint was seen: only then is another address wrong.
fn sees_every_address(view: &AzureView<'_>) -> bool {
    let Some(connections) = view.connections.proved() else { return false };
    let all_read = view.interfaces.proved().is_some();
    let mut approved = connections.iter().filter(|one| one.status == ConnectionStatus::Approved);
    approved.all(|connection| {
        let endpoint = connection.endpoint.as_ref().and_then(|id| view.endpoint(id));
        endpoint.is_some_and(|endpoint| {
            !endpoint.interfaces.is_empty()
                && interfaces_of(view, endpoint).filter(|one| one.read || all_read).count()
                    == endpoint.interfaces.len()
        })
    })
}

/// The zones of each name: there, with the right record, linked.
pub(super) fn names(view: &AzureView<'_>) -> Vec<AuditCheck> {
    // Without an account there is no endpoint, and without an endpoint no record to expect.
    if view.account.known().is_none() || view.connections.proved().is_some_and(Vec::is_empty) {
        return Vec::new();
    }
    let mut zones_seen: Vec<String> = Vec::new();
    let mut checks = Vec::new();
    let all = served(view);
    let host = &view.walk.target.host;
    if !all.iter().any(|served| served.name.eq_ignore_ascii_case(host)) {
        let says = format!("{host}: no visible endpoint serves this name");
        checks.push(AuditCheck::new("zone", State::CannotTell, says));
    }
    let networks = tied::networks(view);
    for served in all {
        let named = view.zones.items().iter().filter(|zone| zone.name == served.zone);
        let (zones, others): (Vec<&PrivateZone>, Vec<&PrivateZone>) =
            named.partition(|zone| tied::is_tied(view, zone, &networks, &served.addresses));
        let first = !zones_seen.contains(&served.zone);
        zones_seen.push(served.zone.clone());
        if first {
            checks.extend(tied::not_seen(view, &served.zone));
        }
        if zones.is_empty() {
            checks.push(no_zone(view, &served, &others));
            continue;
        }
        let is_right = |zone: &&PrivateZone| record(view, &served, zone).state == State::Works;
        let right_in_one = zones.iter().any(is_right);
        for zone in &zones {
            let mut check = record(view, &served, zone);
            if right_in_one && check.state == State::Broken {
                // Clients of another network than this zone's have the right record.
                check.state = State::AtRisk;
            }
            checks.push(check);
            if first {
                checks.push(links(view, zone, &others));
            }
        }
        if first && zones.len() > 1 {
            let says = format!(
                "{} zones are named {}: a network is linked to one of them, and sees its records alone",
                zones.len(),
                served.zone
            );
            let check = AuditCheck::new("zone", State::AtRisk, says);
            checks.push(zones.iter().map(|zone| zone.id.to_string()).fold(check, AuditCheck::fact));
        }
    }
    checks
}

/// No zone of the name is known to be the account's.
fn no_zone(view: &AzureView<'_>, served: &Served, others: &[&PrivateZone]) -> AuditCheck {
    let (name, zone) = (&served.name, &served.zone);
    let says = match others.len() {
        0 => {
            let answer: Answer<()> = match &view.zones {
                Answer::Read { .. } | Answer::Listed { .. } => Answer::NotVisible,
                other => other.clone().map(|_| ()),
            };
            format!("{name}: {}", open(&answer, &format!("zone {zone}")))
        }
        1 => format!("{name}: nothing visible ties the zone {zone} to the account's endpoints"),
        more => format!(
            "{name}: {more} zones are named {zone}, and nothing visible ties one to the account's \
             endpoints"
        ),
    };
    let check = AuditCheck::new("zone", State::CannotTell, says);
    others.iter().map(|zone| zone.id.to_string()).fold(check, AuditCheck::fact)
}

fn record(view: &AzureView<'_>, served: &Served, zone: &PrivateZone) -> AuditCheck {
    let name = &served.name;
    let of_endpoint = match served.addresses.as_slice() {
        [] => "an address that is not visible".to_owned(),
        addresses => list(addresses),
    };
    let (state, says) = match &zone.record {
        Answer::Read { value } if value.addresses.is_empty() => {
            (State::Broken, format!("{name}: its record has no address"))
        }
        Answer::Read { value } => {
            let is_wrong = |address: &IpAddr| !served.addresses.contains(address);
            let wrong: Vec<IpAddr> =
                value.addresses.iter().copied().filter(|address| is_wrong(address)).collect();
            let state = match sees_every_address(view) && !served.addresses.is_empty() {
                true => State::Broken,
                false => State::CannotTell,
            };
            match wrong.is_empty() {
                true => (
                    State::Works,
                    format!("{name}: the record has the endpoint's {}", list(&value.addresses)),
                ),
                false => (
                    state,
                    format!("{name}: the record has {}, the endpoint {of_endpoint}", list(&wrong)),
                ),
            }
        }
        Answer::Absent => {
            (State::Broken, format!("{name}: no record; the endpoint has {of_endpoint}"))
        }
        other => (State::CannotTell, format!("{name}: {}", open(other, "record"))),
    };
    AuditCheck::new("record", state, says).fact(zone.id.as_str())
}

fn links(view: &AzureView<'_>, zone: &PrivateZone, others: &[&PrivateZone]) -> AuditCheck {
    let Some(all) = zone.links.proved() else {
        let says = format!("{}: {}", zone.name, open(&zone.links, "link"));
        return AuditCheck::new("links", State::CannotTell, says).fact(zone.id.as_str());
    };
    let unready: Vec<&str> = all
        .iter()
        .filter(|link| link.state.as_deref().is_some_and(|state| state != "Completed"))
        .map(|link| link.id.name())
        .collect();
    let own_dns = |network: &ResourceId| {
        let known = view.networks.items().iter().find(|known| known.id == *network);
        known.is_some_and(|known| !known.dns_servers.is_empty())
    };
    let not_linked: Vec<String> = used(view)
        .into_iter()
        .filter_map(|endpoint| endpoint.subnet.as_ref()?.up_to("virtualNetworks"))
        .filter(|network| !all.iter().any(|link| link.network.as_ref() == Some(network)))
        .filter(|network| !own_dns(network))
        .map(|network| network.name().to_owned())
        .collect();
    let (state, says) = match (all.len(), unready.as_slice(), not_linked.as_slice()) {
        (0, ..) => {
            (State::Broken, format!("{} is linked to no network: no client sees it", zone.name))
        }
        (_, [_, ..], _) => {
            (State::AtRisk, format!("{}: {} not completed", zone.name, unready.join(", ")))
        }
        (_, _, [network, ..]) => (
            State::AtRisk,
            format!("{} is not linked to {network}, where the endpoint is", zone.name),
        ),
        (1, ..) => (State::Works, format!("{} is linked to 1 network", zone.name)),
        (some, ..) => (State::Works, format!("{} is linked to {some} networks", zone.name)),
    };
    let check = AuditCheck::new("links", state, says);
    let networks = all.iter().filter_map(|link| link.network.as_ref());
    let check =
        networks.map(|network| format!("linked to {network}")).fold(check, AuditCheck::fact);
    let others = others.iter().map(|other| {
        format!("not judged, since nothing ties it to the account's endpoints: {}", other.id)
    });
    others.fold(check, AuditCheck::fact)
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ")
}
