//! A route to one address that makes packets smaller, and what to look at first.

use std::net::IpAddr;

use crate::diagnosis::Step;

/// Shows the current MTU, and whether there is already a route to this address, which VPN clients
/// may have set.
pub(super) fn see(ip: IpAddr) -> Step {
    Step::inspect(
        "see the MTU that this machine uses, and whether it already has a route to this address",
    )
    .command(format!("ip route get {ip}; ip route show {ip}"))
}

/// Adds a route to the address with `bound`, such as `mtu 1280`. `add` fails where the route
/// exists, so that its undo does not remove a route that another program set.
pub(super) fn smaller_packets(message: &str, ip: IpAddr, bound: &str) -> Step {
    Step::local(format!(
        "{message}; if it already has such a route, note it and change that one instead"
    ))
    .command(format!("ip route add {ip} via <gateway> dev <interface> {bound}"))
    .undo(format!("ip route del {ip}"))
}
