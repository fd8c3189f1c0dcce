//! What this machine's own tables say of a connection that did not stand: its interface, its
//! next hop, its link. Read after the silence, so that the kernel has asked for the neighbour.

use std::net::IpAddr;

use super::attempts;
use crate::diagnosis::Sure;
use crate::evidence::tcp::{IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::{Interface, NeighbourState, Route};
use crate::evidence::{Evidence, Observed};

/// A fault that lies on this machine or on its own link.
pub(super) enum Near<'a> {
    /// The route ends in a bridge of containers or virtual machines of this machine.
    Bridge(&'a str),
    /// The interface has no carrier, or its tunnel is not open.
    InterfaceDown(&'a Interface),
    /// The next hop does not answer ARP or neighbour discovery.
    GatewaySilent { gateway: IpAddr, interface: &'a str, state: NeighbourState },
    /// The address should be on our own link, and nobody there has it.
    NobodyHasIt { interface: &'a str, state: NeighbourState },
}

/// The route to the address of an attempt, and its place in the report; none where
/// `--connect-to` leads elsewhere.
pub(super) fn route<'a>(e: &'a Evidence, attempt: &TcpAttempt) -> Option<(String, &'a Route)> {
    if attempt.detour.is_some() {
        return None;
    }
    let ip = attempt.address.ip();
    let (index, towards) = e.vantage.sources.iter().enumerate().find(|(_, s)| s.towards == ip)?;
    Some((format!("/vantage/sources/{index}/route"), towards.route.as_ref()?))
}

/// The fault on this machine or its link, if its tables show one.
pub(super) fn near<'a>(e: &'a Evidence, attempt: &'a TcpAttempt) -> Option<Near<'a>> {
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
        // An older report, or an OS that does not tell routes: the bridge is known by name.
        let said = matches!(attempt.outcome, TcpOutcome::Unreachable { .. });
        return attempts::local_bridge(attempt).filter(|_| said).map(Near::Bridge);
    };
    let interface = route.interface.as_ref()?;
    let silent = route.neighbour.filter(|state| state.is_silent());
    // Nobody answered on it, or it has no port at all; a container that does answer is another
    // story.
    if interface.stays_here && route.gateway.is_none() && (silent.is_some() || !interface.running) {
        return Some(Near::Bridge(&interface.name));
    }
    if !interface.running {
        return Some(Near::InterfaceDown(interface));
    }
    let (state, interface) = (silent?, interface.name.as_str());
    Some(match route.gateway {
        Some(gateway) => Near::GatewaySilent { gateway, interface, state },
        None => Near::NobodyHasIt { interface, state },
    })
}

/// The gateway that is known to be alive: it answered ARP in the last minute.
pub(super) fn living_gateway(route: &Route) -> Option<IpAddr> {
    route.gateway.filter(|_| route.neighbour == Some(NeighbourState::Reachable))
}

/// How the kernel knows that a neighbour is silent. It gives up after three questions, which
/// it says in the entry and, to the connection, as `host unreachable`.
pub(super) fn asked(attempt: &TcpAttempt, state: NeighbourState) -> (Sure, &'static str) {
    let gave_up = matches!(attempt.outcome, TcpOutcome::Unreachable { .. });
    if gave_up || state == NeighbourState::Failed {
        (Sure::Proved, "asked for it several times and gave up (FAILED)")
    } else {
        (Sure::Inferred, "is asking for it without an answer (INCOMPLETE)")
    }
}

/// Tunnels that are down, as a clause; none where there is none.
pub(super) fn tunnels_down(e: &Evidence) -> Option<String> {
    let proxied = matches!(e.proxy, Observed::Ran { .. });
    match e.vantage.tunnels_down.as_slice() {
        [] => None,
        _ if proxied => None,
        [one] => Some(format!("the tunnel {one} of this machine is down")),
        many => Some(format!("the tunnels {} of this machine are down", many.join(", "))),
    }
}
