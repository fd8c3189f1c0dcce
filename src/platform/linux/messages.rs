//! The messages of rtnetlink(7) and sock_diag(7) that are exchanged, and of an interface the attributes
//! that are read: the library's own reading of every kind of interface is 0.3 MB of program, and ends at
//! the first kind that a newer kernel describes otherwise. May not touch a socket.

use netlink_packet_core::{
    DecodeError, Emitable as _, NLA_TYPE_MASK, NetlinkDeserializable, NetlinkHeader,
    NetlinkPayload, NetlinkSerializable, NlasIterator, Parseable as _, parse_string, parse_u32,
};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::LinkHeader;
use netlink_packet_route::neighbour::NeighbourMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;

/// The type of the messages of sock_diag(7), which is that of an address in rtnetlink(7).
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// The length of `struct inet_diag_req_v2`, in bytes.
const INET_DIAG_REQUEST: usize = 56;

/// The number of TCP in an IP header.
pub(super) const TCP: u8 = 6;

/// The kernel's number of the state LISTEN (`tcp_states.h`).
const TCP_LISTEN: u32 = 10;

/// A question (`RTM_GET…`) or an answer (`RTM_NEW…`).
#[derive(Debug)]
pub(super) enum Message {
    /// A route.
    Route(RouteMessage),
    /// A rule that selects a routing table.
    Rule(RuleMessage),
    /// An entry of the neighbour table.
    Neighbour(NeighbourMessage),
    /// An interface.
    Link(Link),
    /// The question for TCP sockets of a family that listen.
    Listeners(AddressFamily),
    /// A TCP socket: its port.
    Socket(u16),
    /// Something that was not asked for.
    Other,
}

/// An interface as the kernel describes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Link {
    /// Index and flags.
    pub(super) header: LinkHeader,
    /// `IFLA_IFNAME`.
    pub(super) name: Option<String>,
    /// `IFLA_INFO_KIND`: `bridge`, `wireguard` and so on; none of a physical one.
    pub(super) kind: Option<String>,
    /// `IFLA_MASTER`: the index of the bridge or bond that it is a port of.
    pub(super) controller: Option<u32>,
}

impl Link {
    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut link = Self { header: LinkHeader::parse(bytes)?, ..Self::default() };
        for attribute in NlasIterator::new(bytes.get(link.header.buffer_len()..).unwrap_or(&[])) {
            let attribute = attribute?;
            match attribute.kind() & NLA_TYPE_MASK {
                libc::IFLA_IFNAME => link.name = Some(parse_string(attribute.value())?),
                libc::IFLA_MASTER => link.controller = Some(parse_u32(attribute.value())?),
                libc::IFLA_LINKINFO => {
                    for about in NlasIterator::new(attribute.value()) {
                        let about = about?;
                        if about.kind() & NLA_TYPE_MASK == libc::IFLA_INFO_KIND {
                            link.kind = Some(parse_string(about.value())?);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(link)
    }
}

impl NetlinkSerializable for Message {
    fn message_type(&self) -> u16 {
        match self {
            Self::Route(_) => libc::RTM_GETROUTE,
            Self::Rule(_) => libc::RTM_GETRULE,
            Self::Neighbour(_) => libc::RTM_GETNEIGH,
            Self::Link(_) | Self::Other => libc::RTM_GETLINK,
            Self::Listeners(_) | Self::Socket(_) => SOCK_DIAG_BY_FAMILY,
        }
    }

    fn buffer_len(&self) -> usize {
        match self {
            Self::Route(message) => message.buffer_len(),
            Self::Rule(message) => message.buffer_len(),
            Self::Neighbour(message) => message.buffer_len(),
            Self::Link(link) => link.header.buffer_len(),
            Self::Listeners(_) => INET_DIAG_REQUEST,
            Self::Socket(_) | Self::Other => 0,
        }
    }

    fn serialize(&self, buffer: &mut [u8]) {
        match self {
            Self::Route(message) => message.emit(buffer),
            Self::Rule(message) => message.emit(buffer),
            Self::Neighbour(message) => message.emit(buffer),
            Self::Link(link) => link.header.emit(buffer),
            Self::Listeners(family) => {
                // Family, protocol, no extensions; the states; any addresses and ports.
                buffer.fill(0);
                if let Some((start, rest)) = buffer.split_at_mut_checked(4) {
                    start[..2].copy_from_slice(&[u8::from(*family), TCP]);
                    if let Some(states) = rest.first_chunk_mut() {
                        *states = (1_u32 << TCP_LISTEN).to_ne_bytes();
                    }
                }
            }
            Self::Socket(_) | Self::Other => {}
        }
    }
}

impl NetlinkDeserializable for Message {
    type Error = DecodeError;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(match header.message_type {
            libc::RTM_NEWROUTE => Self::Route(RouteMessage::parse(payload)?),
            libc::RTM_NEWRULE => Self::Rule(RuleMessage::parse(payload)?),
            libc::RTM_NEWNEIGH => Self::Neighbour(NeighbourMessage::parse(payload)?),
            libc::RTM_NEWLINK => Self::Link(Link::parse(payload)?),
            // Behind family, state and two timers.
            SOCK_DIAG_BY_FAMILY => match payload {
                [_, _, _, _, port @ ..] => port
                    .first_chunk()
                    .map_or(Self::Other, |port| Self::Socket(u16::from_be_bytes(*port))),
                _ => Self::Other,
            },
            _ => Self::Other,
        })
    }
}

impl From<Message> for NetlinkPayload<Message> {
    fn from(message: Message) -> Self {
        Self::InnerMessage(message)
    }
}
