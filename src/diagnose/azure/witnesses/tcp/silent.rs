//! A private address that does not answer: the connection's state, then the way to it.

use super::{described, failed, gateway, obstacle, subnet_of, way, whose};
use crate::diagnose::azure::witnesses::connection;
use crate::diagnose::azure::{Proof, Ruling, commands};
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::needs;
use crate::diagnose::view::azure::owner::{EndpointAddress, Owner};
use crate::diagnose::view::azure::packet_rules::Access;
use crate::diagnose::view::azure::way::Way;
use crate::diagnosis::Step;
use crate::evidence::azure::ConnectionStatus;
use crate::evidence::tunnel;
use std::net::IpAddr;

/// What decides the silence.
pub(super) fn state(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let (ip, port) = failed(view)?;
    let ruling = match azure.owner(ip) {
        Owner::Account(endpoint) => at_endpoint(view, azure, &endpoint, ip, port),
        Owner::UnknownEndpoint(..) => way(azure, ip, port)
            .and_then(|way| obstacle::ruling(azure, &way, ip, port))
            .or_else(|| gateway::ruling(azure, subnet_of(azure, ip), ip))
            .or_else(|| whose::ruling(view, azure, ip)),
        _ if tunnel::is_private(view, ip) => whose::ruling(view, azure, ip),
        _ => None,
    };
    ruling.or_else(|| on_the_way_out(view, azure, ip, port))
}

fn at_endpoint(
    view: &View<'_>,
    azure: &AzureView<'_>,
    endpoint: &EndpointAddress<'_>,
    ip: IpAddr,
    port: u16,
) -> Option<Ruling> {
    let name = endpoint.id.name();
    let approved = match endpoint.connection.map(|one| &one.status) {
        Some(ConnectionStatus::Approved) => true,
        Some(_) => return connection::ruling(azure, endpoint, ip),
        None => false,
    };
    if let Some(way) = way(azure, ip, port)
        && let Some(ruling) = obstacle::ruling(azure, &way, ip, port)
    {
        return Some(with_endpoint(ruling, name, ip, approved));
    }
    if let Some(ruling) = gateway::ruling(azure, endpoint.configuration.subnet.as_ref(), ip) {
        return Some(with_endpoint(ruling, name, ip, approved));
    }
    let account = reading::account(view);
    let mut proof = Proof::default()
        .instead()
        .fact(format!("{ip} is an address of {account}'s private endpoint {name}"))
        .ruled_out(format!("an address that is no longer in use: {name} has {ip}"))
        .cites("/estate/interfaces");
    if approved {
        proof = proof
            .ruled_out(format!("the private endpoint connection: Azure shows {name} Approved"))
            .cites("/estate/connections");
    }
    let proof = remaining(azure, proof, ip, port, approved);
    Some(Ruling::Notes(if approved { looks(azure, proof, ip, port) } else { proof }))
}

/// What remains where nothing that was read drops the packet.
fn remaining(azure: &AzureView<'_>, proof: Proof, ip: IpAddr, port: u16, approved: bool) -> Proof {
    let proof = match approved {
        true => proof,
        false => proof.reasoning(
            "the state of the private endpoint connection is not visible; only an Approved one \
             carries traffic",
        ),
    };
    match azure.here() {
        Here::At(_) => {
            let Some(way) = way(azure, ip, port) else { return proof };
            let mut proof = proof;
            for gate in &way.gates {
                if gate.decision.access == Access::Allow {
                    proof = proof.ruled_out(format!(
                        "the NSG {} at {}: its rules allow TCP {port} to {ip}",
                        gate.group.name(),
                        gate.at
                    ));
                }
            }
            proof = doubts(azure, proof, &way, ip);
            if let Some(on_way) = described(azure, &way, ip) {
                proof = proof.and(on_way);
            }
            proof.reasoning(
                "what is left: a firewall on this machine or on the way, a rule of a network \
                 manager, or a route that only the effective routes show",
            )
        }
        Here::Several(networks) => {
            let ids: Vec<String> = networks.iter().map(|id| needs::shown(id)).collect();
            proof
                .fact(format!("networks that have this machine's address: {}", ids.join(", ")))
                .reasoning(
                    "several networks have this machine's address, and its metadata service was \
                     not read: whose NSGs and routes apply is undecided",
                )
                .reasoning(OPEN)
                .cites("/estate/networks")
        }
        Here::Outside => {
            let proof = match gateway::described(azure, subnet_of(azure, ip), ip) {
                Some(on_way) => proof.and(on_way),
                None => proof,
            };
            proof.reasoning(
                "this machine is not in Azure: what is left is the VPN or ExpressRoute, a \
                 firewall on the way, or the route back to this site",
            )
        }
        Here::Hidden(_) | Here::Unknown => proof.reasoning(OPEN),
    }
}

/// What of the way is not decided, though it was read.
fn doubts(azure: &AzureView<'_>, mut proof: Proof, way: &Way<'_>, ip: IpAddr) -> Proof {
    if let Some((gate, rule)) = way.doubtful()
        && let Some(appliance) = gate.behind
    {
        proof = proof
            .fact(format!(
                "{} of {} (priority {}, {}) may match, by this machine's own address",
                rule.name,
                gate.group.name(),
                rule.priority,
                rule.access
            ))
            .reasoning(format!(
                "the NSG {} at {} may drop the connection: it decides by the source address, which \
                 is this machine's, or one of the appliance at {appliance}, if that translates it \
                 (SNAT)",
                gate.group.name(),
                gate.at
            ))
            .cites("/estate/security_groups");
    } else if let Some((gate, rule)) = way.doubtful() {
        proof = proof
            .fact(format!(
                "{} of {} (priority {}, {}) may match: it names {}",
                rule.name,
                gate.group.name(),
                rule.priority,
                rule.access,
                rule.destinations
                    .iter()
                    .chain(&rule.sources)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
            .reasoning(format!(
                "the NSG {} at {} may drop the connection: what its rule {} matches is \
                 not in the rule; --azure-effective asks Azure for the addresses",
                gate.group.name(),
                gate.at,
                rule.name
            ))
            .cites("/estate/security_groups");
    }
    let open = way.in_effect.is_some_and(|decision| decision.access == Access::MayMatch);
    let mut rules = azure.estate().effective_rules.items().iter();
    if let Some(rule) = rules.find(|rule| open && rule.is_rest()) {
        let of = rule.group.as_ref().map_or_else(String::new, |id| format!(" of {}", id.name()));
        proof = proof
            .reasoning(format!(
                "the rules in effect at this machine's interface{of} are more than are kept: the \
                 list was cut, none of the rules that decide first matches, and what the rest does \
                 is not decided"
            ))
            .cites("/estate/effective_rules");
    }
    if way.route.cut {
        proof = proof
            .reasoning(format!(
                "a route in effect at this machine's interface has more prefixes than are kept: the \
                 list was cut, and where Azure sends packets for {ip} is not decided"
            ))
            .cites("/estate/effective_routes");
    }
    proof
}

/// What to look at next, where the connection is not the cause.
fn looks(azure: &AzureView<'_>, proof: Proof, ip: IpAddr, port: u16) -> Proof {
    let interface = match azure.here() {
        Here::At(place) => place.interface,
        Here::Outside => {
            return proof.step(Step::inspect(format!(
                "check that the prefix of {ip} is advertised over VPN or ExpressRoute to this \
                 site, and that each firewall on the path allows TCP {port} in both directions"
            )));
        }
        Here::Several(_) | Here::Hidden(_) | Here::Unknown => None,
    };
    match interface {
        Some(interface) => proof
            .step(
                Step::inspect("see the rules that are in effect at this machine's interface")
                    .command(commands::effective_rules(&interface.id)),
            )
            .step(
                Step::inspect("see the routes that are in effect there")
                    .command(commands::effective_routes(&interface.id)),
            ),
        None => proof
            .step(
                Step::inspect(
                    "see on this machine, if it is a virtual machine, which one it is in Azure",
                )
                .command(
                    "curl -s --noproxy '*' -H Metadata:true \
                     'http://169.254.169.254/metadata/instance/compute/resourceId?\
                     api-version=2021-02-01&format=text'",
                ),
            )
            .step(Step::inspect(format!(
                "see the NSG and the routes of the subnet that it is in, and whether they let TCP \
                 {port} to {ip} pass"
            ))),
    }
}

const OPEN: &str = "what is left: an NSG, a route, a peering or a firewall on the way";

/// A ruling about the way, with what is struck out of the endpoint.
fn with_endpoint(ruling: Ruling, name: &str, ip: IpAddr, approved: bool) -> Ruling {
    let add = |proof: Proof| {
        let proof = proof
            .ruled_out(format!("an address that is no longer in use: {name} has {ip}"))
            .cites("/estate/interfaces");
        match approved {
            true => proof
                .ruled_out(format!("the private endpoint connection: Azure shows {name} Approved"))
                .cites("/estate/connections"),
            false => proof,
        }
    };
    match ruling {
        Ruling::Proves(proof) => Ruling::Proves(add(proof)),
        Ruling::Suggests(proof) => Ruling::Suggests(add(proof)),
        Ruling::Notes(proof) => Ruling::Notes(add(proof)),
        open @ Ruling::Open(_) => open,
    }
}

/// A public address: what this machine's subnet does to packets that leave.
fn on_the_way_out(view: &View<'_>, azure: &AzureView<'_>, ip: IpAddr, port: u16) -> Option<Ruling> {
    if !tunnel::is_public(view, ip) {
        return None;
    }
    let way = way(azure, ip, port)?;
    if let Some(ruling) = obstacle::ruling(azure, &way, ip, port) {
        return Some(ruling);
    }
    let subnet = way.place.subnet;
    let mut proof = described(azure, &way, ip).unwrap_or_default();
    if subnet.nat_gateway {
        proof = proof
            .fact(format!("a NAT gateway serves the subnet {}", subnet.id.name()))
            .ruled_out("a subnet without a way out: a NAT gateway serves it")
            .cites("/estate/networks");
    }
    let empty = proof.facts.is_empty() && proof.reasoning.is_empty();
    (!empty).then_some(Ruling::Notes(proof))
}

/// What the caller may not read of it.
pub(super) fn missing(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    if matches!(state(view, azure), Some(Ruling::Proves(_))) {
        return None;
    }
    let (ip, port) = failed(view)?;
    let account = azure.estate().account.known().map(|account| &account.id);
    let connections = account.and_then(|id| {
        let action = "Microsoft.CognitiveServices/accounts/privateEndpointConnections/read";
        needs::missing(&azure.estate().connections, action, id)
    });
    let hidden = match azure.here() {
        Here::Hidden(network) => {
            Some(needs::right("Microsoft.Network/virtualNetworks/read", &network))
        }
        _ => None,
    };
    let on_way = way(azure, ip, port).map(|way| way.missing).unwrap_or_default();
    let gateways = gateway::missing(azure, subnet_of(azure, ip), ip);
    let all: Vec<String> =
        connections.into_iter().chain(hidden).chain(on_way).chain(gateways).collect();
    (!all.is_empty()).then_some(Ruling::Open(all))
}
