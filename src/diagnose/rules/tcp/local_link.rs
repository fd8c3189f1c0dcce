//! What this machine's own tables show about a connection that did not open: its interface, its
//! next hop, its link. They are read after the timeout, so that the kernel has already asked for
//! the neighbour.

use std::net::IpAddr;

use super::attempts;
use crate::diagnose::FindingBuilder;
use crate::diagnosis::Confidence;
use crate::evidence::tcp::{IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::{Interface, NeighbourState, Route};
use crate::evidence::{Evidence, Observed};

/// A fault on this machine or on its own link.
pub(in crate::diagnose::rules) enum LinkFault<'a> {
    /// The route leads into a bridge for this machine's containers or virtual machines; whether it has
    /// no port that is up, so that no packet can leave by it.
    Bridge(&'a str, bool),
    /// The interface has no carrier, or its tunnel is not open.
    InterfaceDown(&'a Interface),
    /// The next hop does not answer ARP or neighbour discovery; `mark` where it is that of packets
    /// with a mark alone.
    GatewaySilent { gateway: IpAddr, interface: &'a str, state: NeighbourState, mark: Option<u32> },
    /// The address should be on the local link, and no host there has it.
    AddressUnclaimed { interface: &'a str, state: NeighbourState },
}

/// The route to the address of an attempt, and its place in the report; none where
/// `--connect-to` leads elsewhere.
pub(super) fn route<'a>(e: &'a Evidence, attempt: &TcpAttempt) -> Option<(String, &'a Route)> {
    if attempt.connect_to.is_some() {
        return None;
    }
    let ip = attempt.address.ip();
    let (index, towards) = e.vantage.sources.iter().enumerate().find(|(_, s)| s.towards == ip)?;
    Some((format!("/vantage/sources/{index}/route"), towards.route.as_ref()?))
}

/// The WireGuard tunnel of this machine that the route leads into.
pub(super) fn wireguard<'a>(e: &'a Evidence, attempt: &TcpAttempt) -> Option<&'a str> {
    let interface = route(e, attempt)?.1.interface.as_ref()?;
    (interface.kind.as_deref() == Some("wireguard")).then_some(interface.name.as_str())
}

/// The bridge for this machine's containers or virtual machines that the route leads into, without a
/// gateway: its prefix includes the address.
pub(super) fn into_bridge<'a>(e: &'a Evidence, attempt: &'a TcpAttempt) -> Option<&'a str> {
    match route(e, attempt) {
        Some((_, route)) => {
            let interface = route.interface.as_ref()?;
            (interface.is_local && route.gateway.is_none()).then_some(interface.name.as_str())
        }
        // An older report, or an OS that does not show routes: the bridge is recognised by its name.
        None => attempts::local_bridge(attempt),
    }
}

/// The fault on this machine or its link, if its tables show one.
pub(in crate::diagnose::rules) fn fault<'a>(
    e: &'a Evidence,
    attempt: &'a TcpAttempt,
) -> Option<LinkFault<'a>> {
    let unanswered = match &attempt.outcome {
        TcpOutcome::TimedOut => true,
        TcpOutcome::Unreachable { icmp } => {
            icmp.meaning == IcmpMeaning::HostUnreachable
                && attempts::is_local(e, icmp, attempt.source)
                && !attempts::no_route(e, attempt)
        }
        _ => false,
    };
    if !unanswered {
        return None;
    }
    let Some((_, route)) = route(e, attempt) else {
        let said = matches!(attempt.outcome, TcpOutcome::Unreachable { .. });
        return into_bridge(e, attempt)
            .filter(|_| said)
            .map(|bridge| LinkFault::Bridge(bridge, false));
    };
    // The kernel gave up on no neighbour of this connection's: its packets took another route.
    if !route.marked.is_empty() && outlasted(attempt) {
        return None;
    }
    let interface = route.interface.as_ref()?;
    let silent = route.neighbour.filter(|state| state.is_silent());
    // No host answered on it, or it has no port at all; where a container answers, the connection or
    // its TLS shows that.
    if let Some(bridge) = into_bridge(e, attempt)
        && (silent.is_some() || !interface.running)
    {
        return Some(LinkFault::Bridge(bridge, !interface.running));
    }
    if !interface.running {
        return Some(LinkFault::InterfaceDown(interface));
    }
    let Some(state) = silent else { return silent_for_marked(route) };
    let interface = interface.name.as_str();
    Some(match route.gateway {
        Some(gateway) => LinkFault::GatewaySilent { gateway, interface, state, mark: None },
        None => LinkFault::AddressUnclaimed { interface, state },
    })
}

/// Milliseconds within which the kernel gives up on a neighbour, which it asks three times, a second
/// apart (arp(7)), and fails the connections that wait for it with `host unreachable`; with a
/// margin.
const GIVES_UP_MS: f64 = 3_500.0;

/// Whether a connection timed out so late that a silent neighbour would have failed it before.
fn outlasted(attempt: &TcpAttempt) -> bool {
    attempt.outcome == TcpOutcome::TimedOut && attempt.took_ms > GIVES_UP_MS
}

/// Whether the silent gateway is that of this connection, for no routing rule sends packets with a
/// mark elsewhere.
pub(super) fn is_gateway_silent(e: &Evidence, attempt: &TcpAttempt) -> bool {
    matches!(fault(e, attempt), Some(LinkFault::GatewaySilent { .. }))
        && route(e, attempt).is_some_and(|(_, route)| route.marked.is_empty())
}

/// Where the packets with a mark go, as a clause; none where no rule sends them elsewhere.
pub(super) fn marked_elsewhere(route: &Route) -> Option<String> {
    let all: Vec<String> = route
        .marked
        .iter()
        .map(|marked| {
            let way = match (marked.no_route, marked.gateway, &marked.interface) {
                (true, ..) => "have no route".to_owned(),
                (_, Some(gateway), _) => format!("go through {gateway}"),
                (_, None, Some(interface)) => format!("leave through {}", interface.name),
                _ => "take another route".to_owned(),
            };
            format!("packets with mark {:#x} {way}", marked.mark)
        })
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The commands that show the route of packets with a mark, and which packets get one.
pub(super) fn marks_decide(finding: FindingBuilder, route: &Route, ip: IpAddr) -> FindingBuilder {
    let finding = route.marked.iter().fold(finding, |finding, marked| {
        finding.decide_with(format!("ip route get {ip} mark {:#x}", marked.mark))
    });
    finding.decide_with("iptables-save -t mangle; nft list ruleset".to_owned())
}

/// The gateway of packets with a mark, if it is the one that was asked for in vain.
fn silent_for_marked(route: &Route) -> Option<LinkFault<'_>> {
    route.marked.iter().find_map(|marked| {
        Some(LinkFault::GatewaySilent {
            gateway: marked.gateway?,
            interface: marked.interface.as_ref()?.name.as_str(),
            state: marked.neighbour.filter(|state| state.is_silent())?,
            mark: Some(marked.mark),
        })
    })
}

/// The gateway, if it answered ARP within the last minute, and no routing rule sends packets with a
/// mark elsewhere.
pub(super) fn reachable_gateway(route: &Route) -> Option<IpAddr> {
    let answers = route.neighbour == Some(NeighbourState::Reachable) && route.marked.is_empty();
    route.gateway.filter(|_| answers)
}

/// How the kernel knows that a neighbour is silent. It gives up after three requests, which it
/// records in the entry and reports to the connection as `host unreachable`.
pub(super) fn asked(attempt: &TcpAttempt, state: NeighbourState) -> (Confidence, &'static str) {
    let gave_up = matches!(attempt.outcome, TcpOutcome::Unreachable { .. });
    if gave_up || state == NeighbourState::Failed {
        (Confidence::Proved, "asked for it several times without an answer and gave up (FAILED)")
    } else {
        (Confidence::Inferred, "is asking for it without an answer (INCOMPLETE)")
    }
}

/// Tunnels that are down, as a clause; none where there is none.
pub(super) fn tunnels_down(e: &Evidence) -> Option<String> {
    let proxied = matches!(e.proxy, Observed::Done { .. });
    match e.vantage.tunnels_down.as_slice() {
        [] => None,
        _ if proxied => None,
        [one] => Some(format!("this machine's tunnel {one} is down")),
        many => Some(format!("this machine's tunnels {} are down", many.join(", "))),
    }
}
