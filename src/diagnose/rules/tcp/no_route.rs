//! This machine's own routing table has no way to the address (ENETUNREACH; fact T14).

use super::{attempts, near};
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tunnel;

pub(super) const RULE: Rule =
    rule!("tcp-no-route", Tcp, "This machine has no route to the address", Code(check))
        .for_tokens(crate::diagnose::ForTokens::NoAnswer);

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if !attempts::no_route(attempt) {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let family = if ip.is_ipv6() { "ip -6 route show" } else { "ip route show" };
    let mut because =
        attempts::broken(e, failed, Sure::Proved, format!("this machine has no route to {ip}"))
            .known_by(match attempts::never_left(attempt) {
                true => {
                    "the kernel refused before anything was sent: no router and no firewall was \
                     asked"
                }
                false => {
                    "the kernel reports that the network is unreachable; where a router said so \
                     first, its message looks the same from here"
                }
            })
            .ruled_out_if(
                attempts::never_left(attempt),
                "NSG, firewall, private endpoint: no packet left this machine",
            )
            .owner("Network")
            .look("see the routing table", family);
    if let Some(tunnels) = near::tunnels_down(e) {
        because = because.known_by(format!("{tunnels}: its routes are gone with it"));
        because = because.read_at("/vantage/tunnels_down");
    }
    because = if tunnel::is_private(e, ip) {
        let route = |verb: &str| {
            format!("ip route {verb} {ip}/{} via <gateway>", if ip.is_ipv6() { 128 } else { 32 })
        };
        because.act(Step::local("bring up the VPN that carries the route")).act(
            Step::local("or add the route, to this one address, until the next restart")
                .command(route("add"))
                .undo(route("del")),
        )
    } else {
        because
            .act(Step::local("use the proxy that is meant for this machine, if there is one"))
            .act(
                Step::local(
                    "or give this machine a default route: all its traffic to other networks then \
                     leaves that way",
                )
                .undo("ip route del default"),
            )
    };
    Some(because.check(format!("ip route get {ip}")))
}
