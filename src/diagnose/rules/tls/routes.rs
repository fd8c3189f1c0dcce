//! A route to the one address that makes packets smaller, and what to see first.

use std::net::IpAddr;

use crate::diagnosis::Step;

/// Shows the MTU that holds now, and a route to this one address, which VPN clients may have set.
pub(super) fn see(ip: IpAddr) -> Step {
    Step::look(
        "see the MTU that this machine believes in, and whether it has a route to this one \
         address already",
    )
    .command(format!("ip route get {ip}; ip route show {ip}"))
}

/// Adds a route to the address with `bound`, such as `mtu 1280`. `add` fails where the route is
/// there, so that its removal takes nothing away that another program set.
pub(super) fn smaller_packets(says: &str, ip: IpAddr, bound: &str) -> Step {
    Step::local(format!("{says}; where it has such a route, note it and change that one instead"))
        .command(format!("ip route add {ip} via <gateway> dev <interface> {bound}"))
        .undo(format!("ip route del {ip}"))
}
