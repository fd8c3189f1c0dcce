//! A router, or ARP on the local link, shows that the address cannot be reached (RFC 792, RFC 4443;
//! facts T14, T49, D58).

use std::net::IpAddr;

use super::attempts;
use super::local_link::{self, LinkFault};
use crate::diagnose::view::icmp::{self, Refuser};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::Platform;

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
    /// The command that decides between the causes that remain.
    decide: Option<String>,
    steps: Vec<Step>,
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let near = local_link::fault(e, attempt);
    let refuser = attempts::refuser(e, attempt);
    let mut owner = "Network";
    let m = match (&near, &attempt.outcome, refuser) {
        (Some(LinkFault::Bridge(bridge)), ..) => {
            owner = "Server";
            overlapped(attempt, bridge)
        }
        (Some(LinkFault::AddressUnclaimed { interface, state }), ..) => {
            unclaimed(attempt, interface, local_link::asked(attempt, *state))
        }
        // Rules of their own.
        (Some(LinkFault::GatewaySilent { .. } | LinkFault::InterfaceDown(_)), ..) => return None,
        (None, TcpOutcome::Unreachable { icmp }, Some(refuser)) => {
            if icmp.meaning == IcmpMeaning::AdminProhibited || attempts::no_route(e, attempt) {
                return None;
            }
            match (icmp.meaning, refuser) {
                // With the host's network, the node's own address is this machine's.
                (IcmpMeaning::PortUnreachable, Refuser::Filter | Refuser::Device(_))
                    if e.vantage.is_on(Platform::Kubernetes) =>
                {
                    owner = "Server";
                    let node = icmp.from.map_or("this node".to_owned(), |from| from.to_string());
                    Meaning {
                        reasoning: format!(
                            "a host answers a closed TCP port with a RST; in a cluster, the node \
                             rejects with this code where a Service has no endpoints (kube-proxy); \
                             a packet filter at {node} would look the same"
                        ),
                        look: (
                            "see the Service of this address, and its endpoints".to_owned(),
                            "kubectl get service,endpointslice -A -o wide".to_owned(),
                        ),
                        ..meaning(e, IcmpMeaning::PortUnreachable, &node, attempt)
                    }
                }
                (_, Refuser::Filter) => {
                    owner = "Server";
                    filtered_here(attempt, icmp)
                }
                (IcmpMeaning::HostUnreachable, Refuser::Device(router)) => {
                    host_unreachable(e, attempt, router)
                }
                (IcmpMeaning::HostUnreachable, Refuser::Unknown) => {
                    host_unreachable_by_somebody(attempt)
                }
                (IcmpMeaning::HostUnreachable, _) => next_hop_silent(e, attempt),
                // The setting is that of IPv4.
                (IcmpMeaning::TimeExceeded, Refuser::Device(_))
                    if starts_low(e).is_some() && attempt.connected_to().is_ipv4() =>
                {
                    owner = "Server";
                    low_hop_limit(e)?
                }
                (kind, Refuser::Device(router)) => meaning(e, kind, &router.to_string(), attempt),
                (kind, _) => meaning(e, kind, "a device on the way", attempt),
            }
        }
        (None, ..) => return None,
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
    if let Some(command) = m.decide {
        finding = finding.decide_with(command);
    }
    if starts_low(e).is_some() && owner == "Server" && near.is_none() {
        finding = finding.cites("/vantage/hop_limit");
    }
    let here = near.is_none() && refuser == Some(Refuser::Filter);
    let finding = finding
        .ruled_out_if(
            near.is_none() && matches!(refuser, Some(Refuser::Device(_))),
            "a silent drop: the message names the device that gave up",
        )
        .ruled_out_if(
            here,
            "NSG, private endpoint, every device on the path: this machine itself sent the message",
        )
        .ruled_out_if(
            near.is_some() && m.confidence == Confidence::Proved,
            "NSG, firewall, private endpoint: no packet got beyond this machine's link",
        )
        .owner(owner)
        .inspect(m.look.0, m.look.1);
    let finding = m.steps.into_iter().fold(finding, FindingBuilder::step);
    Some(finding.check(reading::again(e)))
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
        decide: None,
        steps: vec![
            Step::shared(
                format!(
                    "give {bridge} another prefix (Docker: `bip` and `default-address-pools` in \
             /etc/docker/daemon.json)"
                ),
                "every container on this bridge is restarted and gets another address",
            )
            .undo("restore the former daemon.json and restart Docker"),
        ],
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
        decide: None,
        steps: vec![Step::inspect(format!(
            "check that {ip} is still the private endpoint's address, and that the prefix of \
             {interface} does not include a network that is elsewhere"
        ))],
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
        decide: None,
        steps: vec![Step::inspect(format!(
            "if the next hop answers, ask the network team which router or firewall reports {ip} as \
             unreachable; else check the gateway, or, in this machine's own subnet, that {ip} is \
             still the private endpoint's address"
        ))],
    }
}

/// This machine's own packet filter rejects, with whichever code its rule has.
fn filtered_here(attempt: &TcpAttempt, icmp: &Icmp) -> Meaning {
    let peer = attempts::peer(attempt);
    let code = icmp.code.as_deref().map(|code| format!(" (ICMP {code})")).unwrap_or_default();
    let alike = match icmp.meaning {
        IcmpMeaning::HostUnreachable => {
            "; a tunnel on this machine without a peer for the address (WireGuard) sends the same \
             message"
        }
        _ => "",
    };
    Meaning {
        message: format!("this machine rejects the connection to {peer}{code}"),
        confidence: Confidence::Inferred,
        reasoning: format!(
            "this machine itself sent the message, {:.1} ms after the SYN; without a route its \
             kernel refuses without a message, and it reports a neighbour that does not answer only \
             after seconds: a rule of its packet filter rejects, and the code is that of the \
             rule{alike}",
            attempt.took_ms
        ),
        look: (
            "see this machine's packet filter rules".to_owned(),
            "nft list ruleset; iptables-save".to_owned(),
        ),
        decide: None,
        steps: vec![
            Step::local(format!(
                "allow the connection to {peer} before the rule that rejects, once the owner of the \
                 rule agrees: the block may be deliberate"
            ))
            .undo("remove the rule again")
            .opens(),
        ],
    }
}

/// The lowest hop limit that suffices in practice: paths of more routers are rare.
const USUAL_PATH: u8 = 30;

/// The hop limit with which this machine's packets start, where it is too low for usual paths.
fn starts_low(e: &View<'_>) -> Option<u8> {
    e.vantage.hop_limit.filter(|limit| *limit < USUAL_PATH)
}

/// This machine's packets start with a hop limit that does not suffice for the path.
fn low_hop_limit(e: &View<'_>) -> Option<Meaning> {
    let limit = starts_low(e)?;
    Some(Meaning {
        message: format!("this machine's packets start with too low a hop limit (TTL {limit})"),
        // The first router discards a packet with TTL 1, whatever its routes are.
        confidence: if limit == 1 { Confidence::Proved } else { Confidence::Inferred },
        reasoning: format!(
            "usual is 64 or 128; each router takes one off, and the router that has none left \
             reports it: no loop is needed for that{}",
            if limit == 1 { "" } else { ", but a loop would look the same" }
        ),
        look: (
            "see the TTL with which packets start".to_owned(),
            "sysctl net.ipv4.ip_default_ttl".to_owned(),
        ),
        decide: None,
        steps: vec![
            Step::local("set it to 64, also where it is set when this machine starts")
                .command("sysctl -w net.ipv4.ip_default_ttl=64")
                .undo(format!("set it to {limit} again")),
        ],
    })
}

/// A router reports that the host does not answer: it asked for it in vain, or it did not ask.
fn host_unreachable(e: &View<'_>, attempt: &TcpAttempt, router: IpAddr) -> Meaning {
    let ip = attempt.connected_to().ip();
    let asked = icmp::router_asked(e, attempt.took_ms);
    Meaning {
        message: format!("router {router} reports that host {ip} is unreachable"),
        confidence: if asked { Confidence::Proved } else { Confidence::Inferred },
        reasoning: match asked {
            true => format!(
                "{router} has the network of {ip} on one of its links, and no host answers there: \
                 the address is not in use, or not behind this router; the message came after \
                 {:.1} s, while a rule that rejects answers each SYN at once",
                attempt.took_ms / 1e3
            ),
            false => format!(
                "the message came after {:.0} ms, and a router that asks for {ip} on its link \
                 usually waits for seconds: a rule there rejects with this code, or {router} has a \
                 null route (type unreachable) for {ip}, or it had asked for the address in vain \
                 before",
                attempt.took_ms
            ),
        },
        look: trace(ip),
        decide: (!asked).then(|| goes_beyond(e, ip, &router.to_string())),
        steps: vec![Step::inspect(match asked {
            true => format!(
                "check that {ip} is still the private endpoint's address, then check the route on \
                 {router}"
            ),
            false => format!(
                "on {router}: see its rules that reject TCP {} and its route to {ip}; if neither \
                 rejects, check that {ip} is still the private endpoint's address",
                e.target.port
            ),
        })],
    }
}

/// By this machine's own message, no host on its link answers for the address or its gateway.
fn next_hop_silent(e: &View<'_>, attempt: &TcpAttempt) -> Meaning {
    let ip = attempt.connected_to().ip();
    Meaning {
        message: match local_link::route(e, attempt).map(|(_, route)| route.gateway) {
            Some(None) => format!("no host answers for {ip} on this machine's link"),
            _ => format!("the next hop to {ip} does not answer on this machine's link"),
        },
        confidence: Confidence::Inferred,
        reasoning: format!(
            "no router reported it: this machine asked on its link (ARP or neighbour discovery) for \
             {ip}, or for the gateway to it, and no host answered"
        ),
        look: (
            "see which neighbour does not answer (FAILED or INCOMPLETE)".to_owned(),
            format!("{}; ip neigh show nud failed nud incomplete", attempts::route_get(attempt)),
        ),
        decide: None,
        steps: vec![Step::inspect(format!(
            "if {ip} is in this machine's own subnet, check that it is still the private endpoint's \
             address; otherwise check the gateway"
        ))],
    }
}

/// The command that shows the routers on the path, and what it shows.
fn trace(ip: IpAddr) -> (String, String) {
    (format!("see the routers on the path to {ip}"), format!("traceroute -n {ip}"))
}

/// The command that separates a rule against this connection from a missing route.
fn goes_beyond(e: &View<'_>, ip: IpAddr, router: &str) -> String {
    format!(
        "traceroute -n {ip}  # beyond {router}: its route is right, and a rule there rejects TCP {}",
        e.target.port
    )
}

/// What the message of a router means.
fn meaning(e: &View<'_>, meaning: IcmpMeaning, who: &str, attempt: &TcpAttempt) -> Meaning {
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    let route = (format!("see the route to {ip}"), attempts::route_get(attempt));
    let trace = trace(ip);
    let every_host = "every host that this router serves";
    let inferred = Meaning {
        message: String::new(),
        confidence: Confidence::Inferred,
        reasoning: String::new(),
        look: trace.clone(),
        decide: None,
        steps: Vec::new(),
    };
    let allow = Step::shared(
        format!("allow the connection to {peer} at {who}"),
        "a firewall rule applies to every host in its source range: name this one address",
    )
    .undo("remove the rule again")
    .opens();
    match meaning {
        IcmpMeaning::NetUnreachable => Meaning {
            message: format!("router {who} reports no route to {ip}"),
            reasoning: format!(
                "{who} sent the message: its routing table ends there, or a rule there rejects TCP \
                 {} with this code",
                e.target.port
            ),
            decide: Some(goes_beyond(e, ip, who)),
            steps: vec![
                Step::shared(
                    format!(
                        "if {who} has no route to {ip}, add one, or advertise the virtual network's \
                         prefix to it (VPN, ExpressRoute)"
                    ),
                    every_host,
                )
                .undo("restore the former route or setting"),
                allow.or(),
            ],
            ..inferred
        },
        IcmpMeaning::TimeExceeded => Meaning {
            message: format!("packets to {ip} loop at {who}"),
            reasoning: format!(
                "the hop limit ran out at {who}: no path has that many routers, so two of them \
                 forward packets for {ip} to each other; a rule that sets a low hop limit (TTL) in \
                 this machine's packets would look the same"
            ),
            decide: Some(format!(
                "traceroute -n {ip}  # a loop: the same routers appear again and again"
            )),
            steps: vec![
                Step::shared(
                    format!(
                        "correct the route to {ip} on {who} and on the router that it forwards to"
                    ),
                    every_host,
                )
                .undo("restore the former route or setting"),
            ],
            ..inferred
        },
        IcmpMeaning::PortUnreachable => Meaning {
            message: format!("{who} rejects the connection to {peer} (port unreachable)"),
            reasoning: format!(
                "a host answers a closed TCP port with a RST; ICMP port unreachable instead comes \
                 from a packet filter that rejects, here at {who}"
            ),
            look: route,
            steps: vec![allow],
            ..inferred
        },
        IcmpMeaning::FragmentationNeeded => Meaning {
            message: format!("{who} reports that even a SYN to {ip} is too large"),
            reasoning: format!(
                "a SYN carries no data: a link at {who} whose MTU is smaller than that is \
                 misconfigured"
            ),
            steps: vec![
                Step::shared(
                    format!(
                        "set the MTU of the link (tunnel) at {who} to 1280 bytes or more"
                    ),
                    "all traffic on the link",
                )
                .undo("restore the former MTU"),
            ],
            ..inferred
        },
        IcmpMeaning::HostUnreachable | IcmpMeaning::Other | IcmpMeaning::AdminProhibited => {
            Meaning {
                message: format!("{who} reports that {ip} cannot be reached"),
                confidence: Confidence::Proved,
                reasoning: format!("{who} refused the SYN by an ICMP message"),
                steps: vec![Step::inspect(format!("see the routes and filters of {who}"))],
                ..inferred
            }
        }
    }
}
