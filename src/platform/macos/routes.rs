//! Interfaces, routes and neighbours, as the system's own programs show them. They need no privilege and
//! send no packet.

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use super::readers::route::{self, Route as Shown};
use crate::evidence::vantage::{Interface, NeighbourState, Route};
use crate::platform::{NetworkInterface, RouteTowards, run_program};

/// How long all of them may take together; each takes a few milliseconds.
const LONGEST: Duration = Duration::from_secs(2);
/// The longest output that is read, in bytes.
const MOST: u64 = 16 << 10;

/// The interfaces that are up and have an address.
#[must_use]
pub fn interfaces() -> Vec<NetworkInterface> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    route::interfaces(all.iter().map(|one| (one.name.as_str(), one.ip(), one.is_oper_up())))
}

/// None: a tunnel that is down is not there.
#[must_use]
pub const fn tunnels_down() -> Vec<String> {
    Vec::new()
}

/// The next hops of the default routes.
#[must_use]
pub fn default_gateways() -> Vec<IpAddr> {
    let until = Instant::now() + LONGEST;
    let families: [&[&str]; 2] = [&["default"], &["-inet6", "default"]];
    families.iter().filter_map(|family| shown(family, until)?.gateway).collect()
}

/// This system is not asked to report changes.
#[must_use]
pub const fn route_changes() -> Option<super::super::RouteChanges> {
    None
}

/// The route to each address; none where the system has none.
#[must_use]
pub fn routes(peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
    let until = Instant::now() + LONGEST;
    let interfaces = interfaces();
    peers.iter().map(|peer| towards(peer.ip(), &interfaces, until)).collect()
}

fn towards(
    address: IpAddr,
    interfaces: &[NetworkInterface],
    until: Instant,
) -> Option<RouteTowards> {
    let written = address.to_string();
    let shown = match address {
        IpAddr::V4(_) => shown(&[&written], until)?,
        IpAddr::V6(_) => shown(&["-inet6", &written], until)?,
    };
    let on_link = shown.gateway.unwrap_or(address);
    let interface = shown.interface.map(|name| {
        let known = interfaces.iter().find(|one| one.name == name);
        Interface {
            running: known.is_some(),
            kind: known.and_then(|one| one.kind.clone()),
            is_local: false,
            name,
        }
    });
    Some(RouteTowards {
        // The program shows none.
        source: None,
        route: Route {
            prefix: shown.prefix,
            gateway: shown.gateway,
            neighbour: interface.as_ref().and_then(|_| neighbour(on_link, until)),
            interface,
            port: None,
            marked: Vec::new(),
        },
    })
}

/// What `route get` shows.
fn shown(what: &[&str], until: Instant) -> Option<Shown> {
    let mut command = Command::new("/sbin/route");
    command.args(["-n", "get"]).args(what);
    route::route(&output(command, until)?)
}

/// The state of a neighbour by IPv4 (`arp`).
fn neighbour(address: IpAddr, until: Instant) -> Option<NeighbourState> {
    if address.is_ipv6() {
        return None;
    }
    let mut command = Command::new("/usr/sbin/arp");
    command.args(["-n", &address.to_string()]);
    route::neighbour(&output(command, until)?)
}

fn output(command: Command, until: Instant) -> Option<String> {
    let output = run_program(command, until, MOST).ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
