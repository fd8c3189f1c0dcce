//! Whether a resolver is on one of this machine's links, by its addresses, gateways and routes.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::evidence::{AddressClass, Evidence, classify};

/// Addresses on this machine's links: its source addresses and its gateways.
fn on_own_links(e: &Evidence) -> impl Iterator<Item = IpAddr> {
    let sources = e.vantage.sources.iter().filter_map(|source| source.source);
    sources.chain(e.vantage.default_gateways.iter().copied())
}

/// Whether a network of the usual size (/24, /64) contains both.
fn one_link(a: IpAddr, b: IpAddr) -> bool {
    let length = if a.is_ipv4() { 24 } else { 64 };
    IpNet::new(a, length).is_ok_and(|net| net.contains(&b))
}

/// Whether a public address is in one of this machine's own networks.
pub(super) fn in_own_prefix(e: &Evidence, address: IpAddr) -> bool {
    address.is_ipv4() && on_own_links(e).any(|own| one_link(own, address))
}

/// Whether an IPv6 address has the interface identifier of a link-local default gateway, as other
/// addresses of the router often do (fe80::1 and fd00::1).
pub(super) fn shares_the_gateways_interface(e: &Evidence, address: IpAddr) -> bool {
    let identifier = |ip: IpAddr| match ip {
        IpAddr::V6(ip) => Some(ip.octets()[8..].to_vec()),
        IpAddr::V4(_) => None,
    };
    let link_local = |ip: &IpAddr| classify(*ip) == AddressClass::LinkLocal;
    e.vantage
        .default_gateways
        .iter()
        .filter(|gateway| link_local(gateway))
        .any(|gateway| identifier(*gateway).is_some_and(|own| identifier(address) == Some(own)))
}

/// The range that home and small office networks use.
const SMALL_NETWORKS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16);

/// Whether an address is on this machine's small network, or was before a VPN took the default
/// route.
pub(super) fn in_local_network(e: &Evidence, address: IpAddr) -> bool {
    let IpAddr::V4(v4) = address else {
        return on_own_links(e)
            .any(|own| classify(own) != AddressClass::LinkLocal && one_link(own, address));
    };
    if !SMALL_NETWORKS.contains(&v4) {
        return false;
    }
    let usual = matches!(v4.octets()[3], 1 | 254);
    on_own_links(e).any(|own| one_link(own, address)) || usual && default_route_in_tunnel(e)
}

/// Whether a tunnel has the default route, or one half of it.
fn default_route_in_tunnel(e: &Evidence) -> bool {
    let tunnels = ["tun", "tap", "wireguard", "ppp"];
    e.vantage.sources.iter().filter_map(|source| source.route.as_ref()).any(|route| {
        let halves = ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"];
        let wide = route.prefix.as_deref().is_some_and(|prefix| halves.contains(&prefix));
        let kind = route.interface.as_ref().and_then(|interface| interface.kind.as_deref());
        wide && kind.is_some_and(|kind| tunnels.contains(&kind))
    })
}
