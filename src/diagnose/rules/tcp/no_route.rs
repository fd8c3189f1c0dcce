//! This machine's own routing table has no way to the address (ENETUNREACH; fact T14).

use super::{attempts, near};
use crate::diagnose::{Because, Rule};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop, classify};

pub(super) const RULE: Rule = Rule {
    id: "tcp-no-route",
    hop: Hop::Tcp,
    title: "This machine has no route to the address",
    page: include_str!("../../../../docs/findings/tcp-no-route.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let failed = attempts::of_target(e)?;
    let attempt = failed.first.attempt;
    if !attempts::no_route(attempt) {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let family = if ip.is_ipv6() { "ip -6 route show" } else { "ip route show" };
    let mut because =
        attempts::broken(e, &failed, Sure::Proved, format!("this machine has no route to {ip}"))
            .known_by(
                "the kernel refused before anything was sent: no router and no firewall was asked",
            )
            .ruled_out("NSG, firewall, private endpoint: no packet left this machine")
            .owner("Network")
            .look("see the routing table", family);
    if let Some(tunnels) = near::tunnels_down(e) {
        because = because.known_by(format!("{tunnels}: its routes are gone with it"));
        because = because.read_at("/vantage/tunnels_down");
    }
    because = if classify(ip).is_private() {
        because.change(
            "add the route, or bring up the VPN that carries it",
            format!("ip route add {ip}/{} via <gateway>", if ip.is_ipv6() { 128 } else { 32 }),
        )
    } else {
        because.step("give this machine a default route, or use the proxy that is meant for it")
    };
    Some(because.check(format!("ip route get {ip}")))
}
