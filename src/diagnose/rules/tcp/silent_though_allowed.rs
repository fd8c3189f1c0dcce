//! The private endpoint does not answer, and nothing that Azure shows of the way drops the packet
//! (facts T1, T23, T25): a contradiction of path and control plane.

use super::{attempts, traceroute};
use crate::diagnose::azure::commands;
use crate::diagnose::headline::Clause;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::view::azure::routes::Next;
use crate::diagnose::view::azure::way::{Appliance, Way};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::azure::ConnectionStatus;
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule = rule!(
    "tcp-silent-though-allowed",
    Tcp,
    "The endpoint does not answer, and nothing that Azure shows drops the connection",
    Code(check)
)
.yields_to(&["tcp-gateway-silent", "tcp-interface-down", "tcp-unreachable"])
.short("no answer, and nothing that Azure shows drops it");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::TimedOut {
        return None;
    }
    let peer = attempt.connected_to();
    let (ip, port) = (peer.ip(), peer.port());
    let Owner::Account(endpoint) = azure.owner(ip) else { return None };
    azure.estate().connections.proved()?;
    let connection = endpoint.connection.filter(|c| c.status == ConnectionStatus::Approved)?;
    let Here::At(place) = azure.here() else { return None };
    let way = azure.way(place, ip, port, endpoint.configuration.subnet.as_ref());
    let off = match way.route.next {
        Next::Appliance(Some(address)) => azure.appliance_fault(place.network, address).is_some(),
        _ => false,
    };
    if !way.is_open() || off {
        return None;
    }
    let name = endpoint.id.name();
    let shown = attempts::peer(attempt);
    let firewall = appliance(e, &way);
    let headline = match &firewall {
        Some((_, what)) => {
            Clause::from(format!("{shown} does not answer; its route leads to {what}"))
                .or(format!("{shown} does not answer; its route leads to a firewall"))
        }
        None => Clause::from(format!("{shown} does not answer; no NSG or route of Azure drops it"))
            .or(format!("{shown} does not answer, and Azure drops nothing")),
    };
    let mut finding = attempts::broken(e, failed, Confidence::Inferred, headline)
        .fact(format!("{ip} is an address of the private endpoint {name}: connection Approved"))
        .fact(format!(
            "this machine is in {}/{} ({})",
            place.network.id.name(),
            place.subnet.id.name(),
            place.subnet.id.group()
        ))
        .ruled_out(format!("the private endpoint connection: {} is Approved", connection.id.name()))
        .ruled_out(format!("an address that is no longer in use: {name} has {ip}"))
        .cites("/azure/estate/connections")
        .cites("/azure/estate/interfaces")
        .cites("/azure/estate/networks");
    for gate in &way.gates {
        let group = gate.group.name();
        finding = finding
            .ruled_out(format!("the NSG {group} at {}: its rules allow TCP {port}", gate.at));
    }
    if !way.gates.is_empty() {
        finding = finding.cites("/azure/estate/security_groups");
    }
    finding = match &firewall {
        Some((address, what)) => finding
            .reasoning(format!(
                "Azure sends the packets to {address} ({what}), whose own rules decide: they are \
                 no NSG, and the connection is lost there, behind it, or on the way back, if the \
                 answer does not pass it too"
            ))
            .cites("/azure/estate/route_tables")
            .owner("Network (firewall)")
            .step(Step::inspect(format!(
                "see in the log of {what} whether it drops TCP {port} from {} to {ip}",
                place.address
            ))),
        None => finding
            .fact("by Azure's routes and peerings, packets go to the endpoint without a detour")
            .owner("Network"),
    };
    if let Some(advice) = platform_advice::on(e, Topic::ConnectionUnanswered) {
        finding = finding.reasoning(advice.why).step(advice.step_towards(peer));
    }
    finding = finding
        .reasoning(
            "what is left on this machine: a packet filter of its own that drops what leaves or \
             what comes back",
        )
        .reasoning(
            "what Azure does not show in these reads: rules of a network manager, and routes that \
             a gateway learns; --azure-effective shows both for this machine's interface",
        );
    if firewall.is_none() {
        finding =
            finding.inspect("see whether a filter of this machine drops it", "nft list ruleset");
    }
    if let Some(interface) = place.interface {
        finding = finding
            .inspect(
                "see the rules that are in effect at this machine's interface",
                commands::effective_rules(&interface.id),
            )
            .inspect(
                "see the routes that are in effect there",
                commands::effective_routes(&interface.id),
            );
    }
    Some(traceroute::explain_silence(e, finding, attempt).check(reading::again(e)))
}

/// The appliance that the route leads to, in words.
fn appliance(e: &View<'_>, way: &Way<'_>) -> Option<(std::net::IpAddr, String)> {
    let Next::Appliance(Some(address)) = way.route.next else { return None };
    let what = match e.azure.as_ref()?.appliance(way.place.network, address) {
        Appliance::Firewall(id) => format!("the Azure Firewall {}", id.name()),
        Appliance::Machine(interface, _) => {
            format!("the appliance {}", interface.machine.as_ref().unwrap_or(&interface.id).name())
        }
        Appliance::NotVisible => format!("the appliance {address}"),
    };
    Some((address, what))
}
