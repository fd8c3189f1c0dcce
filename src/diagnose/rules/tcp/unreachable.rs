//! A router, or ARP on the local link, shows that the address cannot be reached (RFC 792, RFC 4443;
//! facts T14, D58).

use std::net::IpAddr;

use super::attempts;
use super::local_link::{self, LinkFault};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::{IcmpMeaning, TcpAttempt, TcpOutcome};

pub(super) const RULE: Rule = rule!(
    "tcp-unreachable",
    Tcp,
    "A router reports the address as unreachable, or no host on the local link has it",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::NoAnswer);

/// What a message means, which team fixes it, and how.
struct Meaning {
    message: String,
    confidence: Confidence,
    reasoning: String,
    look: (String, String),
    step: Step,
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let near = local_link::fault(e, attempt);
    let router = match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => {
            icmp.from.filter(|_| !attempts::is_local(e, icmp, attempt.source))
        }
        _ => None,
    };
    let mut owner = "Network";
    let m = match (&near, &attempt.outcome) {
        (Some(LinkFault::Bridge(bridge)), _) => {
            owner = "Server";
            overlapped(attempt, bridge)
        }
        (Some(LinkFault::AddressUnclaimed { interface, state }), _) => {
            unclaimed(attempt, interface, local_link::asked(attempt, *state))
        }
        // Rules of their own.
        (Some(LinkFault::GatewaySilent { .. } | LinkFault::InterfaceDown(_)), _) => return None,
        (None, TcpOutcome::Unreachable { icmp }) => {
            if icmp.meaning == IcmpMeaning::AdminProhibited || attempts::no_route(e, attempt) {
                return None;
            }
            match (icmp.meaning, router) {
                (IcmpMeaning::HostUnreachable, None) if !attempts::shows_sender(e) => {
                    host_unreachable_by_somebody(attempt)
                }
                (kind, router) => {
                    if kind == IcmpMeaning::PortUnreachable && router.is_none() {
                        // A packet filter of this machine itself.
                        owner = "Server";
                    }
                    meaning(e, kind, router, attempt)
                }
            }
        }
        (None, _) => return None,
    };
    let m = match local_link::route(e, attempt).filter(|_| near.is_some()) {
        // The packet filter may send this connection by another route.
        Some((_, route)) if !route.marked.is_empty() => {
            Meaning { confidence: Confidence::Inferred, ..m }
        }
        _ => m,
    };
    let mut finding = attempts::broken(e, failed, m.confidence, m.message).reasoning(m.reasoning);
    if let Some((place, _)) = local_link::route(e, attempt).filter(|_| near.is_some()) {
        finding = finding.cites(place);
    }
    Some(
        finding
            .ruled_out_if(
                near.is_none() && router.is_some(),
                "a silent drop: the message names the device that gave up",
            )
            .ruled_out_if(
                near.is_some() && m.confidence == Confidence::Proved,
                "NSG, firewall, private endpoint: no packet got beyond this machine's link",
            )
            .owner(owner)
            .inspect(m.look.0, m.look.1)
            .step(m.step)
            .check(reading::again(e)),
    )
}

/// The route leads into a bridge on this machine, whose prefix includes the address.
fn overlapped(attempt: &TcpAttempt, bridge: &str) -> Meaning {
    let ip = attempt.connected_to().ip();
    Meaning {
        message: format!("the route to {ip} leads into {bridge}, a bridge on this machine"),
        confidence: Confidence::Proved,
        reasoning: format!("no host on {bridge} has {ip}, and no packet left this machine"),
        look: (
            "see the prefix of the bridge and the route".to_owned(),
            format!("ip address show {bridge}; {}", attempts::route_get(attempt)),
        ),
        step: Step::shared(
            format!(
                "give {bridge} another prefix (Docker: `bip` and `default-address-pools` in \
             /etc/docker/daemon.json)"
            ),
            "every container on this bridge is restarted and gets another address",
        )
        .undo("restore the former daemon.json and restart Docker"),
    }
}

/// By the route, the address is on the local link, and no host there answers for it.
fn unclaimed(
    attempt: &TcpAttempt,
    interface: &str,
    (confidence, asked): (Confidence, &str),
) -> Meaning {
    let ip = attempt.connected_to().ip();
    Meaning {
        message: format!("no host on this machine's link ({interface}) has {ip}"),
        confidence,
        reasoning: format!(
            "the route to {ip} has no gateway, so the address should be on the link of \
             {interface}; the kernel {asked}, by ARP or neighbour discovery"
        ),
        look: (
            "see the route and the state of the neighbour".to_owned(),
            format!("{}; ip neigh show {ip}", attempts::route_get(attempt)),
        ),
        step: Step::inspect(format!(
            "check that {ip} is still the private endpoint's address, and that the prefix of \
             {interface} does not include a network that is elsewhere"
        )),
    }
}

/// An error that is this machine's own or a router's: the system does not show which.
fn host_unreachable_by_somebody(attempt: &TcpAttempt) -> Meaning {
    let ip = attempt.connected_to().ip();
    Meaning {
        message: format!("{ip} is reported as unreachable"),
        confidence: Confidence::Inferred,
        reasoning: format!(
            "this system does not show who reports it: this machine, because no host on its link \
             answers for {ip} or for the gateway to it, or a router or firewall on the way"
        ),
        look: (
            "see the route, and whether the next hop answers".to_owned(),
            format!("{}; ip neigh show nud failed nud incomplete", attempts::route_get(attempt)),
        ),
        step: Step::inspect(format!(
            "if the next hop answers, ask the network team which router or firewall reports {ip} as \
             unreachable; else check the gateway, or, in this machine's own subnet, that {ip} is \
             still the private endpoint's address"
        )),
    }
}

/// `from` is the router; none when the message is this machine's own.
fn meaning(
    e: &View<'_>,
    meaning: IcmpMeaning,
    from: Option<IpAddr>,
    attempt: &TcpAttempt,
) -> Meaning {
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    let who = from.map_or_else(|| "this machine".to_owned(), |a| a.to_string());
    let route = (format!("see the route to {ip}"), attempts::route_get(attempt));
    let trace = (format!("see the routers on the path to {ip}"), format!("traceroute -n {ip}"));
    match (meaning, from) {
        (IcmpMeaning::HostUnreachable, None) => Meaning {
            message: match local_link::route(e, attempt).map(|(_, route)| route.gateway) {
                Some(None) => format!("no host answers for {ip} on this machine's link"),
                _ => format!("the next hop to {ip} does not answer on this machine's link"),
            },
            confidence: Confidence::Inferred,
            reasoning: format!(
                "no router reported it: this machine asked on its link (ARP or neighbour \
                 discovery) for {ip}, or for the gateway to it, and no host answered"
            ),
            look: (
                "see which neighbour does not answer (FAILED or INCOMPLETE)".to_owned(),
                format!("{}; ip neigh show nud failed nud incomplete", attempts::route_get(attempt)),
            ),
            step: Step::inspect(format!(
                "if {ip} is in this machine's own subnet, check that it is still the private \
                 endpoint's address; otherwise check the gateway"
            )),
        },
        (IcmpMeaning::HostUnreachable, Some(router)) => Meaning {
            message: format!("router {router} reports that host {ip} is unreachable"),
            confidence: Confidence::Proved,
            reasoning: format!(
                "{router} has the network of {ip} on one of its links, and no host answers there: \
                 the address is not in use, or not behind this router"
            ),
            look: trace,
            step: Step::inspect(format!(
                "check that {ip} is still the private endpoint's address, then check the route on \
                 {router}"
            )),
        },
        (IcmpMeaning::NetUnreachable, _) => Meaning {
            message: format!("router {who} has no route to {ip}"),
            confidence: Confidence::Proved,
            reasoning: format!("{who} sent the message: its routing table ends there"),
            look: trace,
            step: Step::shared(format!(
                "add a route for {ip} at {who}, or advertise the virtual network's prefix to it \
                 (VPN, ExpressRoute)"
            ), "every host that this router serves").undo("restore the former route or setting"),
        },
        (IcmpMeaning::TimeExceeded, _) => Meaning {
            message: format!("packets to {ip} loop at {who}"),
            confidence: Confidence::Inferred,
            reasoning: format!(
                "the hop limit ran out at {who}: no path has that many routers, so two of them \
                 forward packets for {ip} to each other"
            ),
            look: trace,
            step: Step::shared(format!("correct the route to {ip} on {who} and on the router that \
                                        it forwards to"), "every host that this router serves").undo("restore the former route or setting"),
        },
        (IcmpMeaning::PortUnreachable, _) => Meaning {
            message: format!("{who} rejects the connection to {peer} (port unreachable)"),
            confidence: Confidence::Inferred,
            reasoning: format!(
                "a host answers a closed TCP port with a RST; ICMP port unreachable instead comes \
                 from a packet filter that rejects, here at {who}"
            ),
            look: route,
            step: Step::shared(format!("allow the connection to {peer} at {who}"), "a \
                                                                                          firewall \
                                                                                          rule \
                                                                                          applies \
                                                                                          to \
                                                                                          every \
                                                                                          host in \
                                                                                          its \
                                                                                          source \
                                                                                          range: \
                                                                                          name \
                                                                                          this \
                                                                                          one \
                                                                                          address").undo("remove the rule again").opens(),
        },
        (IcmpMeaning::FragmentationNeeded, _) => Meaning {
            message: format!("{who} reports that even a SYN to {ip} is too large"),
            confidence: Confidence::Inferred,
            reasoning: format!(
                "a SYN carries no data: a link at {who} whose MTU is smaller than that is \
                 misconfigured"
            ),
            look: trace,
            step: Step::shared(format!("set the MTU of the link (tunnel) at {who} to 1280 bytes or more"), "all \
                                                                                                            traffic \
                                                                                                            on \
                                                                                                            the \
                                                                                                            link").undo("restore the former MTU"),
        },
        (IcmpMeaning::Other | IcmpMeaning::AdminProhibited, _) => Meaning {
            message: format!("{who} reports that {ip} cannot be reached"),
            confidence: Confidence::Proved,
            reasoning: format!("{who} refused the SYN by an ICMP message or a local error"),
            look: trace,
            step: Step::inspect(format!("see the routes and filters of {who}")),
        },
    }
}
