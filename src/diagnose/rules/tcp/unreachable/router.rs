//! A device on the way refuses: what its message means.

use std::net::IpAddr;

use super::super::attempts;
use super::Meaning;
use crate::diagnose::View;
use crate::diagnose::view::icmp;
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpAttempt};
use crate::evidence::tunnel;

/// A router reports that the host does not answer: it asked for it in vain, or it did not ask.
pub(super) fn host_unreachable(e: &View<'_>, attempt: &TcpAttempt, router: IpAddr) -> Meaning {
    let ip = attempt.connected_to().ip();
    let asked = icmp::router_may_have_asked(e, attempt.took_ms);
    Meaning {
        message: format!("router {router} reports that host {ip} is unreachable"),
        confidence: Confidence::Inferred,
        reasoning: match asked {
            true => format!(
                "the message came after {:.1} s, as from a router that has the network of {ip} on \
                 one of its links and asked in vain: no host answers there, so the address is not \
                 in use, or not behind this router; a rule that rejects would answer the first SYN \
                 at once, unless the device limits how many ICMP messages it sends, as many do",
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
        decide: Some(goes_beyond(e, ip, &router.to_string())),
        steps: vec![Step::inspect(match asked {
            true => format!(
                "check that {ip} is still the private endpoint's address, then check the route on \
                 {router}, and its rules that reject TCP {}",
                e.target.port
            ),
            false => format!(
                "on {router}: see its rules that reject TCP {} and its route to {ip}; if neither \
                 rejects, check that {ip} is still the private endpoint's address",
                e.target.port
            ),
        })],
    }
}

/// The message comes from the address itself, so it is no missing host or route, whatever its code.
pub(super) fn peer_rejects(e: &View<'_>, attempt: &TcpAttempt, icmp: &Icmp) -> Meaning {
    let (ip, port) = (attempt.connected_to().ip(), e.target.port);
    let code = icmp.code.as_deref().unwrap_or("unreachable");
    Meaning {
        message: format!("{ip} itself rejects the connection to port {port} (ICMP {code})"),
        confidence: Confidence::Inferred,
        reasoning: format!(
            "{ip} itself sent the message: a host is up at the address, and a rule of its own packet \
             filter rejects TCP {port}, with the code of the rule; a device on the way that \
             translates addresses (NAT) would send a message from behind it in the same name"
        ),
        look: trace(ip),
        decide: None,
        steps: vec![Step::inspect(format!(
            "on {ip}: see which rule of its packet filter rejects TCP {port}; if the path crosses a \
             NAT device, see there to which host it translates {ip}"
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
pub(super) fn meaning(
    e: &View<'_>,
    meaning: IcmpMeaning,
    who: &str,
    attempt: &TcpAttempt,
) -> Meaning {
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
                    match tunnel::is_public(e, ip) {
                        true => format!(
                            "if {who} has no route to {ip}, give it one to the internet, or lead this \
                             machine by the network's own way out (proxy, firewall, NAT gateway)"
                        ),
                        false => format!(
                            "if {who} has no route to {ip}, add one, or advertise the virtual \
                             network's prefix to it (VPN, ExpressRoute)"
                        ),
                    },
                    every_host,
                )
                .undo("restore the former route or setting"),
                allow.or(),
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
        IcmpMeaning::HostUnreachable
        | IcmpMeaning::TimeExceeded
        | IcmpMeaning::Other
        | IcmpMeaning::AdminProhibited => {
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
