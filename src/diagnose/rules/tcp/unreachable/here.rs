//! This machine itself is the cause, or the last that is known of: its links and neighbours, its
//! packet filter.

use super::super::{attempts, local_link};
use super::Meaning;
use crate::diagnose::View;
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpAttempt};

/// The route leads into a bridge on this machine, whose prefix includes the address. A port that is up
/// may lead out of this machine, whatever its kind.
pub(super) fn overlapped(attempt: &TcpAttempt, bridge: &str, no_port: bool) -> Meaning {
    let ip = attempt.connected_to().ip();
    let (confidence, reasoning) = match no_port {
        true => (
            Confidence::Proved,
            format!("{bridge} has no port that is up, so no packet can leave this machine by it"),
        ),
        false => (
            Confidence::Inferred,
            format!(
                "no host on {bridge} answers for {ip}, and the ports of {bridge} are those of \
                 containers and virtual machines; a port that leads out of this machine (the tap of a \
                 VPN, a veth) would look the same, with the fault behind it"
            ),
        ),
    };
    Meaning {
        message: format!("the route to {ip} leads into {bridge}, a bridge on this machine"),
        confidence,
        reasoning,
        look: (
            "see the prefix of the bridge and the route".to_owned(),
            format!("ip address show {bridge}; {}", attempts::route_get(attempt)),
        ),
        decide: None,
        steps: vec![
            Step::inspect(format!(
                "see whether a container or virtual machine on {bridge} is meant to have {ip} (a \
                 relay of your own): then the prefix is right; start or repair that relay"
            )),
            Step::shared(
                format!(
                    "where {ip} is meant to be elsewhere, give {bridge} another prefix (Docker: \
                     `bip` and `default-address-pools` in /etc/docker/daemon.json); not while this \
                     machine itself is reached or leaves through {bridge}"
                ),
                "every container on this bridge is restarted and gets another address",
            )
            .or()
            .undo("restore the former daemon.json and restart Docker"),
        ],
    }
}

/// By the route, the address is on the local link, and no host there answers for it.
pub(super) fn unclaimed(
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
pub(super) fn host_unreachable_by_somebody(attempt: &TcpAttempt) -> Meaning {
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

/// A WireGuard tunnel of this machine reports that none of its peers takes the address (fact T182).
pub(super) fn no_peer(attempt: &TcpAttempt, tunnel: &str) -> Meaning {
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    Meaning {
        message: format!("the WireGuard tunnel {tunnel} takes no packets for {ip}"),
        confidence: Confidence::Inferred,
        reasoning: format!(
            "the route leads into {tunnel}, and this machine itself sent the message, {:.1} ms after \
             the SYN: WireGuard does so where no peer has {ip} in its AllowedIPs, or that peer has no \
             endpoint; a rule of this machine's packet filter that rejects {peer} would look the same",
            attempt.took_ms
        ),
        look: (
            "see the peers of the tunnel, their AllowedIPs and endpoints".to_owned(),
            format!("wg show {tunnel}"),
        ),
        decide: Some("nft list ruleset; iptables-save".to_owned()),
        steps: vec![
            Step::local(format!(
                "add the prefix of {ip} to the AllowedIPs of the peer that leads there, which then gets \
                 all packets for that prefix; or give this machine another route to it"
            ))
            .undo("put the old list back"),
        ],
    }
}

/// This machine's own packet filter rejects, with whichever code its rule has.
pub(super) fn filtered_here(attempt: &TcpAttempt, icmp: &Icmp) -> Meaning {
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

/// By this machine's own message, no host on its link answers for the address or its gateway.
pub(super) fn next_hop_silent(e: &View<'_>, attempt: &TcpAttempt) -> Meaning {
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
