//! The next hop towards the address does not answer on our own link (RFC 826, RFC 4861).

use super::attempts;
use super::near::{self, Near};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tcp-gateway-silent",
    Tcp,
    "The next hop of this machine's route does not answer on its link",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let Some(Near::GatewaySilent { gateway, interface, state }) = near::near(e, attempt) else {
        return None;
    };
    let ip = attempt.connected_to().ip();
    let (place, route) = near::route(e, attempt)?;
    let (sure, asked) = near::asked(attempt, state);
    let entry = route.prefix.as_deref().unwrap_or("the route");
    Some(
        attempts::broken(
            e,
            failed,
            sure,
            format!("the gateway {gateway} towards {ip} does not answer on {interface}"),
        )
        .known_by(format!(
            "the route to {ip} ({entry}) goes by {gateway}; the kernel {asked} on {interface}, so no \
             packet to {ip} left this machine's link"
        ))
        .ruled_out_if(
            sure == Sure::Proved,
            "NSG, firewall, private endpoint: no packet came as far",
        )
        .read_at(place)
        .owner("Network")
        .look(
            "see the route and the state of the next hop",
            format!("ip route get {ip}; ip neigh show {gateway}"),
        )
        .act(
            Step::shared(
                format!("bring {gateway} up again, or correct the VLAN or virtual switch of {interface}"),
                format!("every machine that leaves by {gateway}"),
            )
            .undo("restore the former setting of the port or the switch"),
        )
        .act(Step::local(
            "or give this machine the gateway that is in use; note the route that it has now",
))
        .check(reading::again(e)),
    )
}
