//! This machine's own routing table has no route to the address (ENETUNREACH; fact T14).

use std::net::IpAddr;

use super::{attempts, local_link};
use crate::diagnose::{FindingBuilder, Rule, View, dns64};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tunnel;

pub(super) const RULE: Rule =
    rule!("tcp-no-route", Tcp, "This machine has no route to the address", Code(check))
        .for_tokens(crate::diagnose::ForTokens::NoAnswer);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if !attempts::no_route(e, attempt) {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let ip_route = if ip.is_ipv6() { "ip -6 route" } else { "ip route" };
    let never_left = attempts::shows_sender(e) && attempts::never_left(attempt);
    let mut finding = attempts::broken(
        e,
        failed,
        if never_left { Confidence::Proved } else { Confidence::Inferred },
        format!("this machine has no route to {ip}"),
    )
    .reasoning(match never_left {
        true => {
            "the kernel refused before anything was sent, so no router or firewall was \
                     involved"
        }
        false => {
            "the kernel reports that the network is unreachable; a message from a router \
                     would look the same here"
        }
    })
    .ruled_out_if(never_left, "NSG, firewall, private endpoint: no packet left this machine")
    .owner("Network")
    .inspect("see the routing table", format!("{ip_route} show"));
    if let Some(tunnels) = local_link::tunnels_down(e) {
        finding = finding.reasoning(format!("{tunnels}: its routes are gone"));
        finding = finding.cites("/vantage/tunnels_down");
    }
    let ipv6_alone = ip.is_ipv4()
        && !e.vantage.default_gateways.is_empty()
        && e.vantage.default_gateways.iter().all(IpAddr::is_ipv6);
    if ipv6_alone {
        finding = finding
            .reasoning(
                "this machine's default routes are those of IPv6 alone, and the name has an IPv4 \
                 address: without IPv4 here, only a resolver with DNS64 and a NAT64 gateway lead to it",
            )
            .cites("/vantage/default_gateways")
            .inspect("see whether this machine has an IPv4 address", "ip address show");
    }
    finding = if let Some(inner) = dns64::made_from(e, ip) {
        dns64::carry(e, finding, ip, inner)
    } else if ipv6_alone {
        finding.step(
            Step::local(format!("give this machine IPv4, and a route to {ip}"))
                .undo("remove the address again"),
        )
    } else if tunnel::is_private(e, ip) {
        let route = |verb: &str| {
            format!("ip route {verb} {ip}/{} via <gateway>", if ip.is_ipv6() { 128 } else { 32 })
        };
        finding.step(Step::local("connect the VPN that provides the route")).step(
            Step::local("add a route to this one address, until the next restart")
                .or()
                .command(route("add"))
                .undo(route("del")),
        )
    } else {
        finding.step(Step::local("use the proxy intended for this machine, if there is one")).step(
            Step::local(
                "give this machine a default route: all its traffic to other networks then \
                     uses it",
            )
            .or()
            // Of the other family there may be a default route, which stays.
            .undo(format!("{ip_route} del default via <gateway>")),
        )
    };
    Some(finding.check(attempts::route_get(attempt)))
}
