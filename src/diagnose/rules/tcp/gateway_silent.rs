//! The next hop to the address does not answer on the local link (RFC 826, RFC 4861).

use super::attempts;
use super::local_link::{self, LinkFault};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

pub(super) const RULE: Rule = rule!(
    "tcp-gateway-silent",
    Tcp,
    "The route's next hop does not answer on the local link",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let Some(LinkFault::GatewaySilent { gateway, interface, state }) =
        local_link::fault(e, attempt)
    else {
        return None;
    };
    let ip = attempt.connected_to().ip();
    let (place, route) = local_link::route(e, attempt)?;
    let (confidence, asked) = local_link::asked(attempt, state);
    let entry = route.prefix.as_deref().unwrap_or("the route");
    Some(
        attempts::broken(
            e,
            failed,
            confidence,
            format!("the gateway {gateway} for {ip} does not answer on {interface}"),
        )
        .reasoning(format!(
            "the route to {ip} ({entry}) goes through {gateway}; the kernel {asked} on \
             {interface}, so no packet to {ip} got beyond this machine's link"
        ))
        .ruled_out_if(
            confidence == Confidence::Proved,
            "NSG, firewall, private endpoint: no packet reached them",
        )
        .cites(place)
        .owner("Network")
        .inspect(
            "see the route and the state of the next hop",
            format!("ip route get {ip}; ip neigh show {gateway}"),
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
