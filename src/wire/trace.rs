//! Packets of limited life towards an address, and who says that it ended them. Unprivileged:
//! the life is a socket option, the answer comes by the socket's error queue.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::connect::{self, Connection};
use super::tls::{self, Handshake};
use super::{icmp, local_icmp, words};
use crate::evidence::experiment::{TraceHop, TraceSeen};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::tls::TlsOutcome;
use crate::platform;

/// The longest life tried: farther than any private network is deep.
pub const MOST_HOPS: u8 = 16;

/// Between the beginnings of two lives.
const SPACING: Duration = Duration::from_millis(15);

/// Where UDP of limited life goes: the port of every traceroute, at which nobody listens.
const UDP_PORT: u16 = 33434;

/// Whether this machine tells a program of the ICMP errors that its packets meet.
///
/// # Errors
/// It does not, with the reason in words.
pub fn possible(to: SocketAddr) -> Result<(), String> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))
        .map_err(|error| words(&error))?;
    if platform::report_icmp(&socket, to.is_ipv6(), true) {
        Ok(())
    } else {
        Err("this machine gives no program its error queue (IP_RECVERR)".to_owned())
    }
}

/// One SYN of each life from 1 to `longest`, until one comes to the end. Ends within `timeout`.
pub async fn syn(to: SocketAddr, longest: u8, timeout: Duration) -> Vec<TraceHop> {
    rising(to, longest, timeout, |ttl, left| syn_of(to, ttl, left)).await
}

/// One UDP datagram of each life from 1 to `longest`, until one comes to the end. Ends within
/// `timeout`.
pub async fn udp(to: SocketAddr, longest: u8, timeout: Duration) -> Vec<TraceHop> {
    rising(to, longest, timeout, |ttl, left| udp_of(to, ttl, left)).await
}

/// Each life beside the others, begun one after another: hosts answer only so many packets a
/// second with ICMP, and beyond the first life that comes to the end all do.
async fn rising<S: Future<Output = TraceSeen>>(
    to: SocketAddr,
    longest: u8,
    timeout: Duration,
    send: impl Fn(u8, Duration) -> S,
) -> Vec<TraceHop> {
    let over = Cell::new(false);
    let hops = join_all((1..=longest).map(async |ttl| {
        let wait = (SPACING * u32::from(ttl - 1)).min(timeout);
        tokio::time::sleep(wait).await;
        if over.get() {
            return None;
        }
        let started = Instant::now();
        let seen = send(ttl, timeout - wait).await;
        over.set(over.get() || seen.reached(to.ip()));
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(TraceHop { ttl, seen, took_ms })
    }))
    .await;
    hops.into_iter().flatten().collect()
}

async fn syn_of(to: SocketAddr, ttl: u8, timeout: Duration) -> TraceSeen {
    match connect::with_life(to, ttl, timeout).await {
        TcpOutcome::Connected => TraceSeen::Answered,
        TcpOutcome::Refused | TcpOutcome::Reset => TraceSeen::Reset,
        TcpOutcome::TimedOut => TraceSeen::Silent,
        TcpOutcome::Unreachable { icmp } => ended_by(icmp),
        TcpOutcome::LocalError { says, .. } => TraceSeen::NotSent { says },
    }
}

async fn udp_of(to: SocketAddr, ttl: u8, timeout: Duration) -> TraceSeen {
    let not_sent = |error: &io::Error| match local_icmp(error) {
        Some(icmp) => TraceSeen::Icmp { icmp },
        None => TraceSeen::NotSent { says: words(error) },
    };
    let socket = match limited(to, ttl) {
        Ok(socket) => socket,
        Err(error) => return not_sent(&error),
    };
    let answered = async {
        if let Err(error) = socket.send(&[0]).await {
            return not_sent(&error);
        }
        let mut answer = [0; 64];
        match socket.recv(&mut answer).await {
            Ok(_) => TraceSeen::Answered,
            Err(error) => match platform::read_icmp(&socket) {
                Some(seen) => ended_by(icmp(seen)),
                None => not_sent(&error),
            },
        }
    };
    tokio::time::timeout(timeout, answered).await.unwrap_or(TraceSeen::Silent)
}

/// A UDP socket whose datagrams live for `ttl` hops.
fn limited(to: SocketAddr, ttl: u8) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let from = match to {
        SocketAddr::V4(_) => {
            socket.set_ttl_v4(ttl.into())?;
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
        }
        SocketAddr::V6(_) => {
            socket.set_unicast_hops_v6(ttl.into())?;
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
        }
    };
    platform::report_icmp(&socket, to.is_ipv6(), true);
    socket.bind(&from.into())?;
    socket.connect(&SocketAddr::new(to.ip(), UDP_PORT).into())?;
    UdpSocket::from_std(socket.into())
}

fn ended_by(icmp: crate::evidence::tcp::Icmp) -> TraceSeen {
    match icmp.meaning {
        IcmpMeaning::TimeExceeded => TraceSeen::Expired { from: icmp.from },
        _ => TraceSeen::Icmp { icmp },
    }
}

/// The usual life of a packet (RFC 1700): the end of a connection must come through.
const WHOLE_LIFE: u8 = 64;

/// The ClientHello of `request` with each life from 1, all at once, each on a connection that
/// stands. Ends within the request's deadline.
pub async fn hello(to: SocketAddr, request: &Handshake<'_>) -> Vec<TraceHop> {
    let mut hops = join_all((1..=MOST_HOPS).map(|ttl| hello_of(to, ttl, request))).await;
    if let Some(end) = hops.iter().position(|hop| hop.seen.reached(to.ip())) {
        hops.truncate(end + 1);
    }
    hops
}

async fn hello_of(to: SocketAddr, ttl: u8, request: &Handshake<'_>) -> TraceHop {
    let started = Instant::now();
    let (_, connection) = connect::connect(to, to, None, started, request.timeout).await;
    let seen = match connection.filter(|connection| !connection.reset) {
        Some(connection) => {
            let left = request.timeout.saturating_sub(started.elapsed());
            hello_limited(connection, to.is_ipv6(), ttl, &request.within(left)).await
        }
        None => TraceSeen::NotSent { says: "the connection did not stand".to_owned() },
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    TraceHop { ttl, seen, took_ms }
}

async fn hello_limited(
    connection: Connection,
    version6: bool,
    ttl: u8,
    request: &Handshake<'_>,
) -> TraceSeen {
    connection.end_with_reset();
    let (route, socket) = connection.into_route();
    platform::report_icmp(&socket, version6, true);
    if let Err(error) = connect::limit_life(&socket, version6, ttl) {
        return TraceSeen::NotSent { says: words(&error) };
    }
    let (hop, session) = tls::handshake(route, Some(&socket), request).await;
    drop(session);
    let said = platform::read_icmp(&socket).map(icmp);
    let _ = connect::limit_life(&socket, version6, WHOLE_LIFE);
    match (hop.outcome, said) {
        (TlsOutcome::Reset | TlsOutcome::Closed, _) => TraceSeen::Reset,
        (TlsOutcome::Silent | TlsOutcome::ConnectionLost { .. }, Some(icmp)) => ended_by(icmp),
        (TlsOutcome::Silent, None) => TraceSeen::Silent,
        (TlsOutcome::ConnectionLost { says, .. }, None) => TraceSeen::NotSent { says },
        _ => TraceSeen::Answered,
    }
}
