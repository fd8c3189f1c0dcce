//! Routes, neighbours and interfaces, as the kernel reports them over netlink (rtnetlink(7)).
//! Reading needs no privilege and sends no packet.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState as KernelState,
};
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteHeader, RouteMessage};
use netlink_packet_route::rule::RuleMessage;
use netlink_sys::Socket;
use netlink_sys::protocols::{NETLINK_ROUTE, NETLINK_SOCK_DIAG};

use super::super::{NetworkInterface, RouteChanges, RouteTowards, TUNNELS};
use super::answers::{
    family, gateway, interface, leaves_to_a_gateway, link, mark, prefix, sends, source,
};
use super::messages::{Link, Message, TCP};
use crate::evidence::vantage::{Interface, MarkedRoute, NeighbourState, Route};
use crate::sorting;

/// Tunnels that the kernel creates when a module is loaded; they are always down.
const OF_THE_KERNEL: &[&str] =
    &["tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"];

/// How many tunnels are named.
const MOST_TUNNELS: usize = 8;

/// Default gateways that are kept.
const MOST_GATEWAYS: usize = 8;

/// How many messages of one dump are read.
const MOST_CHUNKS: usize = 4096;

/// Marks of packets for which routes are looked up.
const MOST_MARKS: usize = 4;

/// The kernel's route for a TCP connection to each peer; none where it has none, or does not report
/// it.
#[must_use]
pub fn routes(peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
    let Some(mut kernel) = Kernel::open(NETLINK_ROUTE) else {
        return peers.iter().map(|_| None).collect();
    };
    let marks = [AddressFamily::Inet, AddressFamily::Inet6].map(|family| {
        let used = peers.iter().any(|peer| self::family(peer.ip()) == family);
        (family, if used { kernel.marks(family) } else { Vec::new() })
    });
    peers
        .iter()
        .map(|peer| {
            let of_family = marks.iter().find(|(family, _)| *family == self::family(peer.ip()));
            kernel.route(*peer, of_family.map_or(&[][..], |(_, marks)| marks))
        })
        .collect()
}

/// What routes, and what the evidence says of them, depend on (rtnetlink(7)).
const GROUPS: &[u32] = &[
    libc::RTNLGRP_LINK,
    libc::RTNLGRP_NEIGH,
    libc::RTNLGRP_IPV4_IFADDR,
    libc::RTNLGRP_IPV4_ROUTE,
    libc::RTNLGRP_IPV4_RULE,
    libc::RTNLGRP_IPV6_IFADDR,
    libc::RTNLGRP_IPV6_ROUTE,
    libc::RTNLGRP_IPV6_RULE,
];

/// Has the kernel report changes from now on; none where it does not.
#[must_use]
pub fn route_changes() -> Option<RouteChanges> {
    let mut socket = Socket::new(NETLINK_ROUTE).ok()?;
    socket.set_non_blocking(true).ok()?;
    socket.bind_auto().ok()?;
    for group in GROUPS {
        socket.add_membership(*group).ok()?;
    }
    // A kernel that has no such group (before 5.3) has no next hops of their own.
    let _ = socket.add_membership(libc::RTNLGRP_NEXTHOP);
    Some(Box::new(move || {
        let mut changed = false;
        // What a report is about does not matter, so that nothing of it is taken; an error is the loss
        // of some.
        loop {
            match socket.recv(&mut [0_u8; 0].as_mut_slice(), libc::MSG_TRUNC) {
                Ok(_) => changed = true,
                Err(error) => return changed || error.kind() != ErrorKind::WouldBlock,
            }
        }
    }))
}

/// Tunnel interfaces that are down.
#[must_use]
pub fn tunnels_down() -> Vec<String> {
    let links = Kernel::open(NETLINK_ROUTE).map(|mut kernel| kernel.links()).unwrap_or_default();
    links
        .iter()
        .map(interface)
        .filter(|i| !i.running && !OF_THE_KERNEL.contains(&i.name.as_str()))
        .filter(|i| i.kind.as_deref().is_some_and(|kind| TUNNELS.contains(&kind)))
        .map(|i| i.name)
        .take(MOST_TUNNELS)
        .collect()
}

/// Interfaces that are up.
#[must_use]
pub fn interfaces() -> Vec<NetworkInterface> {
    let links = Kernel::open(NETLINK_ROUTE).map(|mut kernel| kernel.links()).unwrap_or_default();
    links
        .iter()
        .map(interface)
        .filter(|i| i.running)
        .map(|i| NetworkInterface { name: i.name, kind: i.kind })
        .collect()
}

/// The gateways of the default routes of the main table, version 4 first.
#[must_use]
pub fn default_gateways() -> Vec<IpAddr> {
    let Some(mut kernel) = Kernel::open(NETLINK_ROUTE) else { return Vec::new() };
    let mut gateways = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut question = RouteMessage::default();
        question.header.address_family = family;
        let defaults = kernel.ask_for(Message::Route(question), true, |message| {
            matches!(message, Message::Route(route)
                if route.header.destination_prefix_length == 0
                    && route.header.table == RouteHeader::RT_TABLE_MAIN)
        });
        for answer in defaults {
            let Message::Route(route) = answer else { continue };
            for attribute in route.attributes {
                match attribute {
                    RouteAttribute::MultiPath(hops) => {
                        gateways
                            .extend(hops.iter().flat_map(|h| &h.attributes).filter_map(gateway));
                    }
                    attribute => gateways.extend(gateway(&attribute)),
                }
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    gateways.retain(|address| seen.insert(*address));
    gateways.truncate(MOST_GATEWAYS);
    gateways
}

/// TCP ports that something listens on in this network namespace.
///
/// None where the kernel does not tell: one without sock_diag(7).
#[must_use]
pub(super) fn listeners() -> Option<Vec<u16>> {
    let mut kernel = Kernel::open(NETLINK_SOCK_DIAG)?;
    let mut ports = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let sockets = kernel.dump(Message::Listeners(family))?;
        ports.extend(sockets.iter().filter_map(|socket| match socket {
            Message::Socket(port) => Some(*port),
            _ => None,
        }));
    }
    Some(ports)
}

/// As much as the kernel puts into one message of a dump (`netlink_dump`, net/netlink/af_netlink.c).
const LONGEST_CHUNK: usize = 32 << 10;

/// What a routing rule can select a connection by.
#[derive(Debug, Clone, Copy)]
struct Flow {
    peer: SocketAddr,
    source: Option<IpAddr>,
    mark: Option<u32>,
}

/// A netlink socket; every request is answered before the next one is sent.
struct Kernel {
    socket: Socket,
    /// What was received last.
    chunk: Vec<u8>,
}

impl Kernel {
    fn open(protocol: isize) -> Option<Self> {
        // Without bind and connect: the kernel binds it when it sends, and is its peer.
        let socket = Socket::new(protocol).ok()?;
        // The kernel answers while it takes the request: an answer that is not there never comes.
        socket.set_non_blocking(true).ok()?;
        Some(Self { socket, chunk: Vec::with_capacity(LONGEST_CHUNK) })
    }

    /// Sends one request and reads its answers, to the end of a dump or the only one.
    fn ask(&mut self, question: Message, all: bool) -> Vec<Message> {
        self.ask_for(question, all, |_| true)
    }

    /// A whole dump; none where the kernel refuses it or does not come to its end.
    fn dump(&mut self, question: Message) -> Option<Vec<Message>> {
        let (answers, whole) = self.exchange(question, true, |_| true);
        whole.then_some(answers)
    }

    /// As [`Self::ask`]; only the answers that `wanted` accepts are kept, since a router's table is
    /// long.
    fn ask_for(
        &mut self,
        question: Message,
        all: bool,
        wanted: impl Fn(&Message) -> bool,
    ) -> Vec<Message> {
        self.exchange(question, all, wanted).0
    }

    /// The wanted answers, and whether a dump came to its end without an error.
    fn exchange(
        &mut self,
        question: Message,
        all: bool,
        wanted: impl Fn(&Message) -> bool,
    ) -> (Vec<Message>, bool) {
        let mut message = NetlinkMessage::from(question);
        message.header.flags = if all { NLM_F_REQUEST | NLM_F_DUMP } else { NLM_F_REQUEST };
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        let mut answers = Vec::new();
        if self.socket.send(&bytes, 0).is_err() {
            return (answers, false);
        }
        for _ in 0..MOST_CHUNKS {
            self.chunk.clear();
            if self.socket.recv(&mut self.chunk, 0).is_err() {
                break;
            }
            let mut rest = self.chunk.as_slice();
            while let Ok(message) = NetlinkMessage::<Message>::deserialize(rest) {
                let length = (message.header.length as usize).next_multiple_of(4);
                match message.payload {
                    NetlinkPayload::InnerMessage(answer) if wanted(&answer) => answers.push(answer),
                    NetlinkPayload::Done(end) => return (answers, end.code == 0),
                    NetlinkPayload::Error(_) => return (answers, false),
                    _ => {}
                }
                match rest.get(length..) {
                    Some(next) if length > 0 && !next.is_empty() => rest = next,
                    _ => break,
                }
            }
            if !all {
                break;
            }
        }
        (answers, false)
    }

    /// The route as `connect` finds it: the first one gives the source address, and with that the
    /// tables are searched again, for a rule may select by it.
    fn route(&mut self, peer: SocketAddr, marks: &[u32]) -> Option<RouteTowards> {
        let unbound = self.lookup(Flow { peer, source: None, mark: None }, false)?;
        let source = unbound.attributes.iter().find_map(source).filter(|_| sends(&unbound));
        let flow = Flow { peer, source, mark: None };
        let mut route = self.taken(flow)?;
        for mark in marks {
            let Some(other) = self.taken(Flow { mark: Some(*mark), ..flow }) else {
                route.marked.push(MarkedRoute {
                    mark: *mark,
                    no_route: true,
                    gateway: None,
                    interface: None,
                    neighbour: None,
                });
                continue;
            };
            if (other.gateway, &other.interface) != (route.gateway, &route.interface) {
                let Route { gateway, interface, neighbour, .. } = other;
                route.marked.push(MarkedRoute {
                    mark: *mark,
                    no_route: false,
                    gateway,
                    interface,
                    neighbour,
                });
            }
        }
        Some(RouteTowards { source, route })
    }

    fn taken(&mut self, flow: Flow) -> Option<Route> {
        let address = flow.peer.ip();
        let taken = self.lookup(flow, false)?;
        let prefix = self.lookup(flow, true).and_then(|entry| prefix(&entry, address));
        let gateway = taken.attributes.iter().find_map(gateway);
        let index = taken.attributes.iter().find_map(|attribute| match attribute {
            RouteAttribute::Oif(oif) => Some(*oif),
            _ => None,
        });
        let interface = index.and_then(|index| self.interface(index));
        let next_hop = gateway.unwrap_or(address);
        let neighbour = index.and_then(|index| self.neighbour(index, next_hop));
        let port = Some(flow.peer.port());
        Some(Route { prefix, gateway, interface, neighbour, port, marked: Vec::new() })
    }

    /// The marks of packets by which rules select a table.
    fn marks(&mut self, family: AddressFamily) -> Vec<u32> {
        let mut question = RuleMessage::default();
        question.header.family = family;
        let by_mark = self.ask_for(
            Message::Rule(question),
            true,
            |message| matches!(message, Message::Rule(rule) if mark(rule).is_some()),
        );
        let mut marks: Vec<u32> = by_mark
            .iter()
            .filter_map(|message| match message {
                Message::Rule(rule) => mark(rule),
                _ => None,
            })
            .collect();
        sorting::ascending(&mut marks);
        marks.dedup();
        marks.truncate(MOST_MARKS);
        marks
    }

    /// The route as it is taken, or the entry of the table that decides (`ip route get
    /// fibmatch`).
    fn lookup(&mut self, flow: Flow, entry: bool) -> Option<RouteMessage> {
        let address = flow.peer.ip();
        let mut question = RouteMessage::default();
        question.header.address_family = family(address);
        question.header.destination_prefix_length = if address.is_ipv4() { 32 } else { 128 };
        if entry {
            question.header.flags = RouteFlags::FibMatch;
        }
        question.attributes.push(RouteAttribute::Destination(address.into()));
        if let Some(source) = flow.source.filter(|source| source.is_ipv4() == address.is_ipv4()) {
            question.header.source_prefix_length = question.header.destination_prefix_length;
            question.attributes.push(RouteAttribute::Source(source.into()));
        }
        // The user is that of this process, unless another is given.
        question.attributes.push(RouteAttribute::IpProto(TCP));
        question.attributes.push(RouteAttribute::Dport(flow.peer.port()));
        question.attributes.extend(flow.mark.map(RouteAttribute::Mark));
        self.ask(Message::Route(question), false).into_iter().find_map(|answer| match answer {
            Message::Route(route) => Some(route),
            _ => None,
        })
    }

    fn neighbour(&mut self, index: u32, address: IpAddr) -> Option<NeighbourState> {
        let mut question = NeighbourMessage::default();
        question.header.family = family(address);
        question.header.ifindex = index;
        question.attributes.push(NeighbourAttribute::Destination(match address {
            IpAddr::V4(a) => NeighbourAddress::Inet(a),
            IpAddr::V6(a) => NeighbourAddress::Inet6(a),
        }));
        let answers = self.ask(Message::Neighbour(question), false);
        answers.into_iter().find_map(|answer| match answer {
            Message::Neighbour(entry) => Some(match entry.header.state {
                KernelState::Reachable => NeighbourState::Reachable,
                KernelState::Incomplete => NeighbourState::Incomplete,
                KernelState::Failed => NeighbourState::Failed,
                _ => NeighbourState::Other,
            }),
            _ => None,
        })
    }

    fn interface(&mut self, index: u32) -> Option<Interface> {
        let mut question = Link::default();
        question.header.index = index;
        let answers = self.ask(Message::Link(question), false);
        let mut found = interface(&answers.into_iter().find_map(link)?);
        if found.kind.as_deref() == Some("bridge") {
            let links = self.links();
            // Ports of containers and virtual machines end inside this machine; a bridge that
            // is itself the way out has another one, or a route with a gateway leaves by it.
            found.is_local = !links.is_empty()
                && links
                    .iter()
                    .filter(|link| link.controller == Some(index))
                    .all(|port| matches!(port.kind.as_deref(), Some("veth" | "tun")))
                && !self.leads_to_a_gateway(index);
        }
        Some(found)
    }

    /// Whether a route of any table leaves through an interface to a gateway.
    fn leads_to_a_gateway(&mut self, index: u32) -> bool {
        [AddressFamily::Inet, AddressFamily::Inet6].into_iter().any(|family| {
            let mut question = RouteMessage::default();
            question.header.address_family = family;
            let by_it = |message: &Message| {
                matches!(message, Message::Route(route) if leaves_to_a_gateway(route, index))
            };
            !self.ask_for(Message::Route(question), true, by_it).is_empty()
        })
    }

    fn links(&mut self) -> Vec<Link> {
        self.ask(Message::Link(Link::default()), true).into_iter().filter_map(link).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "whether a test may be skipped")]
    fn the_route_to_this_machine_itself_leaves_through_the_loopback() {
        let found = routes(&["127.0.0.1:443".parse().unwrap()]);
        let [Some(route)] = found.as_slice() else {
            // A sandbox may hide its tables: nothing is known then.
            assert!(std::env::var_os("CI").is_none(), "CI needs a kernel that shows its routes");
            eprintln!("skipped: this kernel shows no routes");
            return assert_eq!(found, [None]);
        };
        assert_eq!(route.source, Some("127.0.0.1".parse().unwrap()));
        let route = &route.route;
        assert_eq!(route.gateway, None);
        assert_eq!(route.interface.as_ref().map(|i| i.name.as_str()), Some("lo"));
    }
}
