//! What `route -n get` and `arp -n` print, and what the names of interfaces tell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::evidence::text::clean;
use crate::evidence::vantage::NeighbourState;
use crate::platform::NetworkInterface;

/// A route, as `route -n get` prints it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::platform) struct Route {
    /// The prefix of the entry; none for a copy that the kernel made for one host.
    pub(in crate::platform) prefix: Option<String>,
    /// The next hop.
    pub(in crate::platform) gateway: Option<IpAddr>,
    /// The interface's name.
    pub(in crate::platform) interface: Option<String>,
}

/// The route in an output; none where it has no interface in it.
pub(in crate::platform) fn route(output: &str) -> Option<Route> {
    let value = |name: &str| {
        output.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name).then(|| value.trim())
        })
    };
    let interface = value("interface")?;
    let flags = value("flags").unwrap_or_default().trim_matches(['<', '>']);
    let is = |flag: &str| flags.split(',').any(|one| one == flag);
    let version6 = value("route to").is_some_and(|to| to.contains(':'));
    Some(Route {
        prefix: prefix(value("destination")?, value("mask"), version6)
            .filter(|_| !is("WASCLONED"))
            .map(|prefix| prefix.trunc().to_string()),
        gateway: value("gateway").and_then(address).filter(|_| is("GATEWAY")),
        interface: Some(clean(interface, 64)),
    })
}

fn prefix(destination: &str, mask: Option<&str>, version6: bool) -> Option<IpNet> {
    let none: IpAddr =
        if version6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    if destination == "default" {
        return IpNet::new(none, 0).ok();
    }
    let network = address(destination)?;
    match mask {
        // A route to one host.
        None => Some(network.into()),
        Some("default") => IpNet::new(network, 0).ok(),
        Some(mask) => IpNet::with_netmask(network, address(mask)?).ok(),
    }
}

/// An address, without the interface behind it.
fn address(text: &str) -> Option<IpAddr> {
    text.split('%').next()?.parse().ok()
}

/// What `arp -n` prints of a neighbour; none where it has no entry. An address says nothing of the
/// present.
pub(in crate::platform) fn neighbour(output: &str) -> Option<NeighbourState> {
    let (_, entry) = output.lines().next()?.split_once(") at ")?;
    Some(match entry.starts_with("(incomplete)") {
        true => NeighbourState::Incomplete,
        false => NeighbourState::Other,
    })
}

/// The interfaces by their names, addresses and whether they are up. Those of tunnels without an address
/// but a link-local one are the system's own, which are on every Mac (fact T161).
pub(in crate::platform) fn interfaces<'a>(
    all: impl Iterator<Item = (&'a str, IpAddr, bool)>,
) -> Vec<NetworkInterface> {
    let mut found: Vec<NetworkInterface> = Vec::new();
    for (name, address, up) in all {
        let kind = kind(name);
        let own = kind.is_some() && is_link_local(address);
        if up && !own && !found.iter().any(|known| known.name == name) {
            found.push(NetworkInterface { name: name.to_owned(), kind: kind.map(str::to_owned) });
        }
    }
    found
}

/// The kind of an interface that carries packets through a tunnel, by its name; none for others.
fn kind(name: &str) -> Option<&'static str> {
    let kinds =
        [("utun", "tun"), ("tun", "tun"), ("ipsec", "ipsec"), ("ppp", "ppp"), ("gif", "gif")];
    kinds.iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| *kind)
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As printed in the manual page's examples and by readers of it.
    const DEFAULT: &str = "   route to: 192.0.43.10
destination: default
       mask: default
    gateway: 192.168.1.1
  interface: en1
      flags: <UP,GATEWAY,DONE,STATIC,PRCLONING>
 recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire
       0         0         0         0         0         0      1500         0 
";

    fn read(to: &str, lines: &str) -> Route {
        route(&format!("   route to: {to}\n{lines}")).unwrap()
    }

    #[test]
    fn a_default_route_has_its_gateway() {
        let found = route(DEFAULT).unwrap();
        assert_eq!(found.prefix.as_deref(), Some("0.0.0.0/0"));
        assert_eq!(found.gateway, Some("192.168.1.1".parse().unwrap()));
        assert_eq!(found.interface.as_deref(), Some("en1"));
        let six = read(
            "2001:db8::5",
            "destination: default\nmask: default\ngateway: fe80::1%en0\ninterface: en0\n\
             flags: <UP,GATEWAY,DONE,STATIC>\n",
        );
        assert_eq!(six.prefix.as_deref(), Some("::/0"));
        assert_eq!(six.gateway, Some("fe80::1".parse().unwrap()));
    }

    #[test]
    fn a_route_through_a_tunnel_has_no_gateway() {
        let found = read(
            "10.3.0.5",
            "destination: 10.3.0.0\n       mask: 255.255.0.0\n  interface: utun5\n\
             flags: <UP,DONE,STATIC,PRCLONING>\n",
        );
        assert_eq!(found.prefix.as_deref(), Some("10.3.0.0/16"));
        assert_eq!((found.gateway, found.interface.as_deref()), (None, Some("utun5")));
        // On the link, the gateway is the interface itself.
        let on_link = read(
            "192.168.1.9",
            "destination: 192.168.1.9\n    gateway: link#11\n  interface: en0\n\
             flags: <UP,HOST,DONE,LLINFO,WASCLONED,IFSCOPE,IFREF>\n",
        );
        assert_eq!((on_link.prefix, on_link.gateway), (None, None));
    }

    #[test]
    fn without_a_route_nothing_is_shown() {
        assert_eq!(route("route: writing to routing socket: not in table\n"), None);
        assert_eq!(route(""), None);
    }

    #[test]
    fn a_neighbour_that_does_not_answer_is_incomplete() {
        let known = "? (192.168.1.1) at 0:11:22:33:44:55 on en0 ifscope [ethernet]\n";
        assert_eq!(neighbour(known), Some(NeighbourState::Other));
        let silent = "? (192.168.1.9) at (incomplete) on en0 ifscope [ethernet]\n";
        assert_eq!(neighbour(silent), Some(NeighbourState::Incomplete));
        assert_eq!(neighbour("192.168.1.9 (192.168.1.9) -- no entry\n"), None);
    }

    #[test]
    fn a_tunnel_with_an_address_is_a_vpn_s_and_others_are_the_system_s_own() {
        let all = [
            ("lo0", "127.0.0.1", true),
            ("en0", "192.168.1.20", true),
            ("en0", "fe80::2", true),
            ("en5", "10.0.0.1", false),
            ("utun0", "fe80::3", true),
            ("utun5", "fe80::4", true),
            ("utun5", "10.9.0.7", true),
            ("ppp0", "10.8.0.2", true),
        ];
        let all = all.iter().map(|(name, address, up)| (*name, address.parse().unwrap(), *up));
        let found: Vec<(String, bool)> =
            interfaces(all).iter().map(|one| (one.name.clone(), one.is_tunnel())).collect();
        let named = |name: &str, tunnel| (name.to_owned(), tunnel);
        assert_eq!(
            found,
            [named("lo0", false), named("en0", false), named("utun5", true), named("ppp0", true)]
        );
    }
}
