//! The route leaves through an interface that is down: a VPN that is not connected, a cable.

use super::attempts;
use super::near::{self, Near};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tcp-interface-down",
    Tcp,
    "The route to the address leaves through an interface that is down",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let Some(Near::InterfaceDown(interface)) = near::near(e, attempt) else { return None };
    let ip = attempt.connected_to().ip();
    let name = &interface.name;
    let (place, route) = near::route(e, attempt)?;
    let kind = interface.kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    let entry = route.prefix.as_deref().unwrap_or("its route");
    Some(
        attempts::broken(
            e,
            failed,
            Sure::Proved,
            format!("the route to {ip} leaves through {name}, which is down"),
        )
        .known_by(format!(
            "the kernel sends {entry} into {name}{kind}, which has no carrier: the cable is out, \
             or the program that holds the tunnel's other side does not run; what goes in is lost"
        ))
        .ruled_out("NSG, firewall, private endpoint: no packet left this machine")
        .read_at(place)
        .owner("Server")
        .look(
            "see the interface and the route",
            format!("ip -d link show {name}; ip route get {ip}"),
        )
        .act(Step::local(format!("connect {name} again (VPN client, cable)")))
        .act(Step::local(
            "or take its route away, if another one leads there; note the route that it has now",
        ))
        .check(reading::again(e)),
    )
}
