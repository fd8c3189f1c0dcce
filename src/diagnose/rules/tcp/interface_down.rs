//! The route leaves through an interface that is down: a VPN that is not connected, a cable.

use super::attempts;
use super::local_link::{self, LinkFault};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

pub(super) const RULE: Rule = rule!(
    "tcp-interface-down",
    Tcp,
    "The route to the address leaves through an interface that is down",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let Some(LinkFault::InterfaceDown(interface)) = local_link::fault(e, attempt) else {
        return None;
    };
    let ip = attempt.connected_to().ip();
    let name = &interface.name;
    let (place, route) = local_link::route(e, attempt)?;
    let kind = interface.kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let entry = route.prefix.as_deref().unwrap_or("its route");
    Some(
        attempts::broken(
            e,
            failed,
            Confidence::Proved,
            format!("the route to {ip} leaves through {name}, which is down"),
        )
        .reasoning(format!(
            "the kernel routes {entry} to {name}{kind}, which has no carrier: a cable is \
             unplugged, or the tunnel's program is not running; packets sent there are lost"
        ))
        .ruled_out("NSG, firewall, private endpoint: no packet left this machine")
        .cites(place)
        .owner("Server")
        .inspect(
            "see the interface and the route",
            format!("ip -d link show {name}; {}", attempts::route_get(attempt)),
        )
        .step(Step::local(format!("connect {name} again (VPN client, cable)")))
        .step(
            Step::local(
                "remove its route, if another route leads there; note the current route first",
            )
            .or(),
        )
        .check(reading::again(e)),
    )
}
