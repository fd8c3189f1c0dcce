//! A router, or ARP on our own link, says that the address cannot be reached (RFC 792,
//! RFC 4443; facts T14, D58).

use std::net::IpAddr;

use super::attempts;
use super::near::{self, Near};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};

pub(super) const RULE: Rule = rule!(
    "tcp-unreachable",
    Tcp,
    "A router says that the address cannot be reached, or nobody has it on our link",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::NoAnswer);

/// What a message means, which team fixes it, and how.
struct Meaning {
    says: String,
    sure: Sure,
    known_by: String,
    look: (String, String),
    step: Step,
}

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    let near = near::near(e, attempt);
    let router = match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => {
            icmp.from.filter(|_| !attempts::is_local(icmp, attempt.source))
        }
        _ => None,
    };
    let mut owner = "Network";
    let m = match (&near, &attempt.outcome) {
        (Some(Near::Bridge(bridge)), _) => {
            owner = "Server";
            overlapped(ip, bridge)
        }
        (Some(Near::NobodyHasIt { interface, state }), _) => {
            nobody(ip, interface, near::asked(attempt, *state))
        }
        // Rules of their own.
        (Some(Near::GatewaySilent { .. } | Near::InterfaceDown(_)), _) => return None,
        (None, TcpOutcome::Unreachable { icmp }) => {
            if icmp.meaning == IcmpMeaning::AdminProhibited || attempts::no_route(attempt) {
                return None;
            }
            meaning(icmp.meaning, router, ip, &peer)
        }
        (None, _) => return None,
    };
    let mut because = attempts::broken(e, failed, m.sure, m.says).known_by(m.known_by);
    if let Some((place, _)) = near::route(e, attempt).filter(|_| near.is_some()) {
        because = because.read_at(place);
    }
    Some(
        because
            .ruled_out_if(
                near.is_none() && router.is_some(),
                "a silent drop: the message says who gave up",
            )
            .ruled_out_if(
                near.is_some() && m.sure == Sure::Proved,
                "NSG, firewall, private endpoint: no packet left this machine's link",
            )
            .owner(owner)
            .look(m.look.0, m.look.1)
            .act(m.step)
            .check(reading::again(e)),
    )
}

/// The route ends in a bridge of this machine, whose prefix covers the address.
fn overlapped(ip: IpAddr, bridge: &str) -> Meaning {
    Meaning {
        says: format!("the route to {ip} ends in {bridge}, a bridge inside this machine"),
        sure: Sure::Proved,
        known_by: format!("nobody on {bridge} has {ip}, and no packet left this machine"),
        look: (
            "see the prefix of the bridge and the route".to_owned(),
            format!("ip address show {bridge}; ip route get {ip}"),
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

/// The route says that the address is on our own link, and nobody there answers for it.
fn nobody(ip: IpAddr, interface: &str, (sure, asked): (Sure, &str)) -> Meaning {
    Meaning {
        says: format!("nobody on this machine's own link ({interface}) has {ip}"),
        sure,
        known_by: format!(
            "the route to {ip} has no gateway: it should be on the link of {interface}; the \
             kernel {asked}, by ARP or neighbour discovery"
        ),
        look: (
            "see the route and the state of the neighbour".to_owned(),
            format!("ip route get {ip}; ip neigh show {ip}"),
        ),
        step: Step::look(format!(
            "see that {ip} is still the private endpoint's address, and that the prefix of \
             {interface} does not cover a network that lies elsewhere"
        )),
    }
}

/// `from` is the router; none when the message is this machine's own.
fn meaning(meaning: IcmpMeaning, from: Option<IpAddr>, ip: IpAddr, peer: &str) -> Meaning {
    let who = from.map_or_else(|| "this machine".to_owned(), |a| a.to_string());
    let route = (format!("see the route to {ip}"), format!("ip route get {ip}"));
    let trace = (format!("see the routers on the way to {ip}"), format!("traceroute -n {ip}"));
    match (meaning, from) {
        (IcmpMeaning::HostUnreachable, None) => Meaning {
            says: format!("nobody answers for {ip} on this machine's own link"),
            sure: Sure::Inferred,
            known_by: format!(
                "no router said so: this machine asked its link (ARP, or neighbour discovery) \
                 who has {ip}, or the gateway towards it, and nobody answered"
            ),
            look: (
                "see which neighbour does not answer (FAILED or INCOMPLETE)".to_owned(),
                format!("ip route get {ip}; ip neigh show nud failed nud incomplete"),
            ),
            step: Step::look(format!(
                "if {ip} lies in this machine's own subnet, see that it is still the private \
                 endpoint's address; else look at the gateway"
            )),
        },
        (IcmpMeaning::HostUnreachable, Some(router)) => Meaning {
            says: format!("router {router} says that host {ip} is unreachable"),
            sure: Sure::Proved,
            known_by: format!(
                "{router} has the network of {ip} on one of its links and nobody answers there: \
                 the address is not in use, or not behind this router"
            ),
            look: trace,
            step: Step::look(format!(
                "see that {ip} is still the private endpoint's address, then the route of {router}"
            )),
        },
        (IcmpMeaning::NetUnreachable, _) => Meaning {
            says: format!("router {who} has no route to {ip}"),
            sure: Sure::Proved,
            known_by: format!("{who} sent the message: its routing table ends there"),
            look: trace,
            step: Step::shared(format!(
                "add a route for {ip} at {who}, or advertise the virtual network's prefix to it \
                 (VPN, ExpressRoute)"
            ), "every host that this router serves").undo("restore the former route or setting"),
        },
        (IcmpMeaning::TimeExceeded, _) => Meaning {
            says: format!("packets to {ip} go round in a loop at {who}"),
            sure: Sure::Inferred,
            known_by: format!(
                "the hop limit ran out at {who}: no path has that many routers, so two of them \
                 send {ip} to each other"
            ),
            look: trace,
            step: Step::shared(format!("correct the route of {ip} at {who} and at the router that it forwards to"), "every host that this router serves").undo("restore the former route or setting"),
        },
        (IcmpMeaning::PortUnreachable, _) => Meaning {
            says: format!("{who} rejects the connection to {peer} (port unreachable)"),
            sure: Sure::Inferred,
            known_by: format!(
                "a host answers a closed TCP port with RST; ICMP port unreachable in its place is \
                 what a packet filter sends that rejects, here at {who}"
            ),
            look: route,
            step: Step::shared(format!("let the connection to {peer} through at {who}"), "a firewall rule holds for every host in its source range: name this one address").undo("remove the rule again").opens(),
        },
        (IcmpMeaning::FragmentationNeeded, _) => Meaning {
            says: format!("{who} says that even a SYN to {ip} is too large"),
            sure: Sure::Inferred,
            known_by: format!(
                "a SYN has no data: a link at {who} with a smaller MTU than that is misconfigured"
            ),
            look: trace,
            step: Step::shared(format!("set the MTU of the link (tunnel) at {who} to 1280 bytes or more"), "everything that crosses the link").undo("restore the former MTU"),
        },
        (IcmpMeaning::Other | IcmpMeaning::AdminProhibited, _) => Meaning {
            says: format!("{who} says that {ip} cannot be reached"),
            sure: Sure::Proved,
            known_by: format!("{who} refused the SYN by an ICMP message or a local error"),
            look: trace,
            step: Step::look(format!("see the routes and filters of {who}")),
        },
    }
}
