//! The way that packets leave this machine: source, route, interface, neighbour.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Our source address towards one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceTowards {
    /// The address.
    pub towards: IpAddr,
    /// Our source address; null when there is no route.
    pub source: Option<IpAddr>,
    /// The interface that has it.
    pub interface: Option<String>,
    /// The kernel's own route; null where there is none, or where this OS cannot say.
    #[serde(default)]
    pub route: Option<Route>,
}

/// The route that this machine's kernel takes to an address, read at the walk's end (Linux,
/// Windows, macOS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The prefix of the entry that decides, e.g. `10.3.0.0/24`; `0.0.0.0/0` is the default.
    pub prefix: Option<String>,
    /// The next hop; null for an address on the link.
    pub gateway: Option<IpAddr>,
    /// Where packets leave.
    pub interface: Option<Interface>,
    /// What the kernel knows of the next hop, or of the address itself on the link.
    pub neighbour: Option<NeighbourState>,
    /// The port of the TCP connection that the route is for, with its source address: routing rules
    /// may select by them. Null where it was asked for by address alone (Windows, macOS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Other routes, for packets with a mark (fwmark) that a routing rule selects by. Whether the
    /// connection's packets get one is up to this machine's packet filter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkedRoute>,
}

/// The route that packets with a mark take, where it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkedRoute {
    /// The mark.
    pub mark: u32,
    /// Whether the kernel has no route for them, or one that discards them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_route: bool,
    /// The next hop; null for an address on the link.
    pub gateway: Option<IpAddr>,
    /// Where packets leave.
    pub interface: Option<Interface>,
    /// What the kernel knows of the next hop, or of the address itself on the link.
    pub neighbour: Option<NeighbourState>,
}

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its kind, as `ip -d link` has it (`bridge`, `tun`, `wireguard`), by its type in Windows
    /// (`ppp`, `tunnel`, `teredo`), by its name in macOS (`tun`, `ipsec`); null for plain devices.
    pub kind: Option<String>,
    /// Whether it is up and has a carrier.
    pub running: bool,
    /// Whether it is a bridge whose ports, if it has any, are those of containers and virtual machines
    /// (`veth`, `tun`), and by which no route leads to a gateway. Such a port may still lead out: a tap
    /// to a VPN.
    pub is_local: bool,
}

/// The state of an entry of the neighbour table (ARP, RFC 4861).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// It answered in the last minute.
    Reachable,
    /// It has been asked for and has not answered yet.
    Incomplete,
    /// It has been asked for several times and did not answer.
    Failed,
    /// The entry says nothing of the present.
    Other,
}

impl NeighbourState {
    /// Whether the neighbour was asked for in vain.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Incomplete | Self::Failed)
    }
}
