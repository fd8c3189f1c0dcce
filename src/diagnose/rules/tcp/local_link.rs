//! What this machine's own tables show about a connection that did not open: its interface, its
//! next hop, its link. They are read after the timeout, so that the kernel has already asked for
//! the neighbour.

use std::net::IpAddr;

use super::attempts;
use crate::diagnosis::Confidence;
use crate::evidence::tcp::{IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::{Interface, NeighbourState, Route};
use crate::evidence::{Evidence, Observed};

/// A fault on this machine or on its own link.
pub(super) enum LinkFault<'a> {
    /// The route leads into a bridge for this machine's containers or virtual machines.
    Bridge(&'a str),
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

/// The fault on this machine or its link, if its tables show one.
pub(super) fn fault<'a>(e: &'a Evidence, attempt: &'a TcpAttempt) -> Option<LinkFault<'a>> {
    let unanswered = match &attempt.outcome {
        TcpOutcome::TimedOut => true,
        TcpOutcome::Unreachable { icmp } => {
            icmp.meaning == IcmpMeaning::HostUnreachable
                && attempts::is_local(icmp, attempt.source)
                && !attempts::no_route(attempt)
        }
        _ => false,
    };
    if !unanswered {
        return None;
    }
    let Some((_, route)) = route(e, attempt) else {
        // An older report, or an OS that does not show routes: the bridge is recognised by its
        // name.
        let said = matches!(attempt.outcome, TcpOutcome::Unreachable { .. });
        return attempts::local_bridge(attempt).filter(|_| said).map(LinkFault::Bridge);
    };
    let interface = route.interface.as_ref()?;
    let silent = route.neighbour.filter(|state| state.is_silent());
    // No host answered on it, or it has no port at all; a container that answers is a different
    // case.
    if interface.is_local && route.gateway.is_none() && (silent.is_some() || !interface.running) {
        return Some(LinkFault::Bridge(&interface.name));
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
