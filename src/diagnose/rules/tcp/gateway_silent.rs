//! The next hop to the address does not answer on the local link (RFC 826, RFC 4861).

use std::net::IpAddr;

use super::attempts;
use super::local_link::{self, LinkFault};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::vantage::NeighbourState;

pub(super) const RULE: Rule = rule!(
    "tcp-gateway-silent",
    Tcp,
    "The route's next hop does not answer on the local link",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let Some(LinkFault::GatewaySilent { gateway, interface, state, mark }) =
        local_link::fault(e, attempt)
    else {
        return None;
    };
    if let Some(mark) = mark {
        return for_marked(e, failed, gateway, interface, (mark, state));
    }
    let ip = attempt.connected_to().ip();
    let (place, route) = local_link::route(e, attempt)?;
    let (confidence, asked) = local_link::asked(attempt, state);
    // A packet filter may send this connection by the table for a mark.
    let confidence = if route.marked.is_empty() { confidence } else { Confidence::Inferred };
    let entry = route.prefix.as_deref().unwrap_or("the route");
    let elsewhere = local_link::marked_elsewhere(route);
    let finding = attempts::broken(
        e,
        failed,
        confidence,
        format!("the gateway {gateway} for {ip} does not answer on {interface}"),
    );
    let goes = format!(
        "the route to {ip} ({entry}) goes through {gateway}; the kernel {asked} on {interface}"
    );
    let finding = match elsewhere {
        None => finding
            .reasoning(format!("{goes}, so no packet to {ip} got beyond this machine's link")),
        Some(elsewhere) => local_link::marks_decide(
            finding.reasoning(goes).reasoning(format!(
                "that is the route of packets without a mark; {elsewhere}, and whether this \
                 connection's packets get one is up to this machine's packet filter"
            )),
            route,
            ip,
        ),
    };
    Some(
        finding
        .ruled_out_if(
            confidence == Confidence::Proved,
            "NSG, firewall, private endpoint: no packet reached them",
        )
        .cites(place)
        .owner("Network")
        .inspect(
            "see the route and the state of the next hop",
            format!("{}; ip neigh show {gateway}", attempts::route_get(attempt)),
        )
        .step(
            Step::shared(
                format!(
                    "bring {gateway} up again, or correct the VLAN or virtual switch of {interface}"
                ),
                format!("every machine that uses {gateway}"),
            )
            .undo("restore the former setting of the port or the switch"),
        )
        .step(Step::local(
            "configure the gateway that is in use on this machine; note the current route first",
        ).or())
        .check(reading::again(e)),
    )
}

/// Packets with a mark have a gateway of their own, which does not answer, and the gateway of the
/// others is not known to be silent.
fn for_marked(
    e: &View<'_>,
    failed: &attempts::TcpFailure<'_>,
    gateway: IpAddr,
    interface: &str,
    (mark, state): (u32, NeighbourState),
) -> Option<FindingBuilder> {
    let attempt = failed.first.attempt;
    let ip = attempt.connected_to().ip();
    let (place, route) = local_link::route(e, attempt)?;
    let (_, asked) = local_link::asked(attempt, state);
    let unmarked = match route.gateway {
        Some(other) => format!("packets without it go through {other}"),
        None => "packets without it go to the link itself".to_owned(),
    };
    Some(
        attempts::broken(
            e,
            failed,
            Confidence::Inferred,
            format!("the gateway {gateway} for packets with mark {mark:#x} does not answer"),
        )
        .reasoning(format!(
            "a routing rule sends packets with mark {mark:#x} through {gateway} on {interface}; the \
             kernel {asked}; {unmarked}"
        ))
        .reasoning(
            "this machine's packet filter gives the mark; that this connection gets it follows from \
             the request for that gateway, which another connection could have caused too",
        )
        .cites(place)
        .owner("Server")
        .decide_with("iptables-save -t mangle; nft list ruleset".to_owned())
        .inspect(
            "see the rule, the route of marked packets and the state of its next hop",
            format!(
                "ip rule show; {} mark {mark:#x}; ip neigh show {gateway}",
                attempts::route_get(attempt)
            ),
        )
        .inspect(
            "see which connections the packet filter marks",
            "iptables-save -t mangle; nft list ruleset",
        )
        .step(
            Step::local(format!(
                "correct the gateway in the table of the rule, or the rule of the packet filter \
                 that marks connections to {ip}; note the current state first"
            ))
            .undo("restore the former route or rule"),
        )
        .check(reading::again(e)),
    )
}
