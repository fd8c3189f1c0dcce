//! What the kernel's answers about routes, rules and links say.

use std::net::IpAddr;

use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::LinkFlags;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteType, RouteVia,
};
use netlink_packet_route::rule::{RuleAttribute, RuleFlags, RuleMessage};

use super::messages::{Link, Message};
use crate::evidence::text::clean;
use crate::evidence::vantage::Interface;

/// The next hop, where this attribute of a route names one.
pub(super) fn gateway(attribute: &RouteAttribute) -> Option<IpAddr> {
    match attribute {
        RouteAttribute::Gateway(RouteAddress::Inet(a)) | RouteAttribute::Via(RouteVia::Inet(a)) => {
            Some(IpAddr::V4(*a))
        }
        RouteAttribute::Gateway(RouteAddress::Inet6(a))
        | RouteAttribute::Via(RouteVia::Inet6(a)) => Some(IpAddr::V6(*a)),
        _ => None,
    }
}

/// The source address that packets get, where this attribute of a route names one.
pub(super) fn source(attribute: &RouteAttribute) -> Option<IpAddr> {
    match attribute {
        RouteAttribute::PrefSource(RouteAddress::Inet(a)) => Some(IpAddr::V4(*a)),
        RouteAttribute::PrefSource(RouteAddress::Inet6(a)) => Some(IpAddr::V6(*a)),
        _ => None,
    }
}

/// A mark by which a rule selects packets; none where it selects those without it.
pub(super) fn mark(rule: &RuleMessage) -> Option<u32> {
    if rule.header.flags.contains(RuleFlags::Invert) {
        return None;
    }
    rule.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::FwMark(mark) if *mark != 0 => Some(*mark),
        _ => None,
    })
}

/// Whether a route, or one of its next hops, leads to a gateway through an interface.
pub(super) fn leaves_to_a_gateway(route: &RouteMessage, index: u32) -> bool {
    let through = |one: &RouteAttribute| *one == RouteAttribute::Oif(index);
    let attributes = &route.attributes;
    let hop_does = |one: &RouteAttribute| match one {
        RouteAttribute::MultiPath(hops) => hops.iter().any(|hop| {
            hop.interface_index == index && hop.attributes.iter().any(|a| gateway(a).is_some())
        }),
        _ => false,
    };
    (attributes.iter().any(through) && attributes.iter().any(|a| gateway(a).is_some()))
        || attributes.iter().any(hop_does)
}

/// Whether a route carries packets.
pub(super) fn sends(route: &RouteMessage) -> bool {
    matches!(route.header.kind, RouteType::Unicast | RouteType::Local)
}

pub(super) fn link(answer: Message) -> Option<Link> {
    match answer {
        Message::Link(link) => Some(link),
        _ => None,
    }
}

pub(super) fn interface(link: &Link) -> Interface {
    let flags = link.header.flags;
    Interface {
        name: link.name.as_deref().map(|name| clean(name, 32)).unwrap_or_default(),
        kind: link.kind.as_deref().map(|kind| clean(kind, 32)),
        running: flags.contains(LinkFlags::Up)
            && flags.intersects(LinkFlags::LowerUp | LinkFlags::Running),
        is_local: false,
    }
}

pub(super) fn prefix(entry: &RouteMessage, address: IpAddr) -> Option<String> {
    let length = entry.header.destination_prefix_length;
    let net = ipnet::IpNet::new(address, length).ok()?;
    Some(net.trunc().to_string())
}

pub(super) fn family(address: IpAddr) -> AddressFamily {
    if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_found_behind_its_interface() {
        let gateway = RouteAttribute::Gateway(RouteAddress::Inet([10, 1, 0, 1].into()));
        let mut route = RouteMessage::default();
        route.attributes = vec![gateway.clone(), RouteAttribute::Oif(3)];
        assert!(leaves_to_a_gateway(&route, 3) && !leaves_to_a_gateway(&route, 4));
        route.attributes = vec![RouteAttribute::Oif(3)];
        assert!(!leaves_to_a_gateway(&route, 3));
        let mut hop = netlink_packet_route::route::RouteNextHop::default();
        (hop.interface_index, hop.attributes) = (3, vec![gateway]);
        route.attributes = vec![RouteAttribute::MultiPath(vec![hop])];
        assert!(leaves_to_a_gateway(&route, 3) && !leaves_to_a_gateway(&route, 4));
    }

    #[test]
    fn a_route_is_named_by_its_network_and_an_interface_runs_when_its_cable_is_in() {
        let mut entry = RouteMessage::default();
        for (length, network) in [(24, "10.3.0.0/24"), (0, "0.0.0.0/0"), (32, "10.3.0.5/32")] {
            entry.header.destination_prefix_length = length;
            let shown = prefix(&entry, "10.3.0.5".parse().unwrap());
            assert_eq!(shown.as_deref(), Some(network));
        }
        entry.header.destination_prefix_length = 33;
        assert_eq!(prefix(&entry, "10.3.0.5".parse().unwrap()), None);
        let mut link = Link { name: Some("eth0\u{1b}[2J".to_owned()), ..Link::default() };
        for (flags, running) in [
            (LinkFlags::Up | LinkFlags::LowerUp, true),
            (LinkFlags::Up | LinkFlags::Running, true),
            (LinkFlags::Up, false),
            (LinkFlags::LowerUp, false),
        ] {
            link.header.flags = flags;
            let found = interface(&link);
            assert_eq!(found.running, running, "{flags:?}");
            assert!(found.name.starts_with("eth0") && !found.name.contains('\u{1b}'));
        }
    }
}
