//! Interfaces, routes, neighbours and listening ports (the IP Helper's tables). Reading them needs
//! no privilege and sends no packet.
#![allow(unsafe_code, reason = "tables that the system allocates and fills")]

use std::net::{IpAddr, SocketAddr};

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetBestRoute2, GetExtendedTcpTable, GetIpForwardTable2, GetIpNetTable2,
    MIB_IPFORWARD_ROW2, MIB_IPFORWARD_TABLE2, MIB_IPNET_ROW2, MIB_IPNET_TABLE2,
    MIB_TCP6ROW_OWNER_PID, MIB_TCPROW_OWNER_PID, TCP_TABLE_OWNER_PID_LISTENER,
};
use windows_sys::Win32::Networking::WinSock::{
    ADDRESS_FAMILY, AF_INET, AF_INET6, AF_UNSPEC, NlnsIncomplete, NlnsReachable, NlnsUnreachable,
    SOCKADDR_INET,
};

use super::adapters::{Adapter, adapters};
use super::{addresses, readers};
use crate::evidence::vantage::{Interface, NeighbourState, Route};
use crate::platform::{NetworkInterface, RouteTowards};
use crate::sorting;

/// The interfaces that are up.
#[must_use]
pub fn interfaces() -> Vec<NetworkInterface> {
    adapters()
        .into_iter()
        .filter(|adapter| adapter.up)
        .map(|adapter| NetworkInterface {
            name: adapter.name,
            kind: adapter.kind.map(str::to_owned),
        })
        .collect()
}

/// Adapters of VPN clients that are there and cannot carry packets.
#[must_use]
pub fn tunnels_down() -> Vec<String> {
    adapters()
        .into_iter()
        .filter(|adapter| {
            !adapter.up
                && adapter.kind.is_some_and(|kind| !readers::adapter::is_down_for_good(kind))
        })
        .map(|adapter| adapter.name)
        .collect()
}

/// The next hops of the default routes.
#[must_use]
pub fn default_gateways() -> Vec<IpAddr> {
    let mut found = Vec::new();
    for row in forward_table() {
        let next = addresses::read(&row.NextHop).filter(|next| !next.is_unspecified());
        if let Some(next) = next.filter(|_| row.DestinationPrefix.PrefixLength == 0)
            && !found.contains(&next)
        {
            found.push(next);
        }
    }
    found
}

/// This system is not asked to report changes.
#[must_use]
pub const fn route_changes() -> Option<super::super::RouteChanges> {
    None
}

/// The route to each address; none where Windows gives none.
#[must_use]
pub fn routes(peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
    let (adapters, neighbours) = (adapters(), neighbours());
    peers.iter().map(|peer| route(peer.ip(), &adapters, &neighbours)).collect()
}

fn route(
    address: IpAddr,
    adapters: &[Adapter],
    neighbours: &[MIB_IPNET_ROW2],
) -> Option<RouteTowards> {
    let destination = addresses::write(address);
    let mut row = MIB_IPFORWARD_ROW2::default();
    let mut source = SOCKADDR_INET::default();
    // SAFETY: every pointer is null, where that is allowed, or to a structure of ours.
    let result = unsafe {
        GetBestRoute2(
            std::ptr::null(),
            0,
            std::ptr::null(),
            &raw const destination,
            0,
            &raw mut row,
            &raw mut source,
        )
    };
    if result != NO_ERROR {
        return None;
    }
    let gateway = addresses::read(&row.NextHop).filter(|next| !next.is_unspecified());
    let index = row.InterfaceIndex;
    let interface = adapters.iter().find(|adapter| adapter.indexes.contains(&index));
    let prefix = addresses::read(&row.DestinationPrefix.Prefix)
        .and_then(|network| ipnet::IpNet::new(network, row.DestinationPrefix.PrefixLength).ok());
    Some(RouteTowards {
        source: addresses::read(&source).filter(|source| !source.is_unspecified()),
        route: Route {
            prefix: prefix.map(|prefix| prefix.trunc().to_string()),
            gateway,
            interface: interface.map(|adapter| Interface {
                name: adapter.name.clone(),
                kind: adapter.kind.map(str::to_owned),
                running: adapter.up,
                // Windows shows no ports of its virtual switches here.
                is_local: false,
            }),
            neighbour: neighbour(neighbours, index, gateway.unwrap_or(address)),
            port: None,
            marked: Vec::new(),
        },
    })
}

/// What the table of neighbours says of an address; none where it has no entry.
fn neighbour(table: &[MIB_IPNET_ROW2], index: u32, address: IpAddr) -> Option<NeighbourState> {
    let entry = table.iter().find(|entry| {
        entry.InterfaceIndex == index && addresses::read(&entry.Address) == Some(address)
    })?;
    Some(match entry.State {
        state if state == NlnsReachable => NeighbourState::Reachable,
        state if state == NlnsIncomplete => NeighbourState::Incomplete,
        state if state == NlnsUnreachable => NeighbourState::Failed,
        _ => NeighbourState::Other,
    })
}

fn forward_table() -> Vec<MIB_IPFORWARD_ROW2> {
    let mut table: *mut MIB_IPFORWARD_TABLE2 = std::ptr::null_mut();
    // SAFETY: the pointer is ours, and the system puts its table there.
    if unsafe { GetIpForwardTable2(AF_UNSPEC, &raw mut table) } != NO_ERROR || table.is_null() {
        return Vec::new();
    }
    // SAFETY: the table has so many rows, and is freed once, after they were copied.
    unsafe {
        let first = (&raw const (*table).Table).cast();
        let rows = std::slice::from_raw_parts(first, (*table).NumEntries as usize).to_vec();
        FreeMibTable(table.cast());
        rows
    }
}

fn neighbours() -> Vec<MIB_IPNET_ROW2> {
    let mut table: *mut MIB_IPNET_TABLE2 = std::ptr::null_mut();
    // SAFETY: the pointer is ours, and the system puts its table there.
    if unsafe { GetIpNetTable2(AF_UNSPEC, &raw mut table) } != NO_ERROR || table.is_null() {
        return Vec::new();
    }
    // SAFETY: the table has so many rows, and is freed once, after they were copied.
    unsafe {
        let first = (&raw const (*table).Table).cast();
        let rows = std::slice::from_raw_parts(first, (*table).NumEntries as usize).to_vec();
        FreeMibTable(table.cast());
        rows
    }
}

/// TCP ports that something on this machine listens on.
#[must_use]
pub fn listening_ports() -> Vec<u16> {
    // SAFETY: each table is read with the rows that its family has.
    let mut ports = unsafe {
        let mut ports: Vec<u32> =
            listeners::<MIB_TCPROW_OWNER_PID>(AF_INET).iter().map(|row| row.dwLocalPort).collect();
        let version6 = listeners::<MIB_TCP6ROW_OWNER_PID>(AF_INET6);
        ports.extend(version6.iter().map(|row| row.dwLocalPort));
        ports
    };
    sorting::ascending(&mut ports);
    ports.dedup();
    // The low half is the port, in the order of the network.
    ports.into_iter().map(|port| u16::from_be((port & 0xffff) as u16)).collect()
}

/// The listening sockets of a family.
///
/// # Safety
///
/// `Row` is that family's row of `TCP_TABLE_OWNER_PID_LISTENER`: plain numbers, of the alignment of
/// a `u32`.
unsafe fn listeners<Row: Copy>(family: ADDRESS_FAMILY) -> Vec<Row> {
    let mut size = 16_u32 << 10;
    // Sockets may appear between two calls.
    for _ in 0..4 {
        let mut buffer = vec![0_u32; (size as usize).div_ceil(4)];
        // SAFETY: the buffer is ours and at least `size` bytes long.
        let result = unsafe {
            GetExtendedTcpTable(
                buffer.as_mut_ptr().cast(),
                &raw mut size,
                0,
                family.into(),
                TCP_TABLE_OWNER_PID_LISTENER,
                0,
            )
        };
        match result {
            NO_ERROR => {
                let [count, rows @ ..] = buffer.as_slice() else { return Vec::new() };
                let room = size_of_val(rows) / size_of::<Row>();
                let count = (*count as usize).min(room);
                // SAFETY: the system wrote so many rows behind their number, and they fit.
                return unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), count).to_vec() };
            }
            ERROR_INSUFFICIENT_BUFFER => {}
            _ => break,
        }
    }
    Vec::new()
}
