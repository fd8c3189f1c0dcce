//! Packets of limited life towards an address, and who says that it ended them. Unprivileged:
//! the life is a socket option, the answer comes by the socket's error queue.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::connect::{self, Connection};
use super::icmp;
use super::tls::{self, Handshake};
use crate::evidence::experiment::{TraceHop, TraceSeen};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::tls::TlsOutcome;
use crate::platform;

/// The longest life tried: farther than any private network is deep.
pub const MOST_HOPS: u8 = 16;

/// One SYN of each life from 1, all at once. Ends within `timeout`.
pub async fn syn(to: SocketAddr, timeout: Duration) -> Vec<TraceHop> {
    let mut hops = join_all((1..=MOST_HOPS).map(|ttl| syn_of(to, ttl, timeout))).await;
    // Beyond the first life that reaches the end, all do.
    if let Some(end) = hops.iter().position(|hop| reached(&hop.seen)) {
        hops.truncate(end + 1);
    }
    hops
}

async fn syn_of(to: SocketAddr, ttl: u8, timeout: Duration) -> TraceHop {
    let started = Instant::now();
    let seen = match connect::with_life(to, ttl, timeout).await {
        TcpOutcome::Connected => TraceSeen::Answered,
        TcpOutcome::Refused | TcpOutcome::Reset => TraceSeen::Reset,
        TcpOutcome::TimedOut => TraceSeen::Silent,
        TcpOutcome::Unreachable { icmp } if icmp.meaning == IcmpMeaning::TimeExceeded => {
            TraceSeen::Expired { from: icmp.from }
        }
        TcpOutcome::Unreachable { icmp } => TraceSeen::Icmp { icmp },
        TcpOutcome::LocalError { says, .. } => TraceSeen::NotSent { says },
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    TraceHop { ttl, seen, took_ms }
}

/// The usual life of a packet (RFC 1700): the end of a connection must come through.
const WHOLE_LIFE: u8 = 64;

/// The ClientHello of `request` with each life from 1, all at once, each on a connection that
/// stands. Ends within the request's deadline.
pub async fn hello(to: SocketAddr, request: &Handshake<'_>) -> Vec<TraceHop> {
    let mut hops = join_all((1..=MOST_HOPS).map(|ttl| hello_of(to, ttl, request))).await;
    if let Some(end) = hops.iter().position(|hop| reached(&hop.seen)) {
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
            limited(connection, to.is_ipv6(), ttl, &request.within(left)).await
        }
        None => TraceSeen::NotSent { says: "the connection did not stand".to_owned() },
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    TraceHop { ttl, seen, took_ms }
}

async fn limited(
    connection: Connection,
    version6: bool,
    ttl: u8,
    request: &Handshake<'_>,
) -> TraceSeen {
    connection.end_with_reset();
    let Connection { stream, socket, .. } = connection;
    platform::report_icmp(&socket, version6, true);
    if let Err(error) = connect::limit_life(&socket, version6, ttl) {
        return TraceSeen::NotSent { says: super::words(&error) };
    }
    let (hop, session) = tls::handshake(Box::new(stream), Some(&socket), request).await;
    drop(session);
    let said = platform::read_icmp(&socket).map(icmp);
    let _ = connect::limit_life(&socket, version6, WHOLE_LIFE);
    match (hop.outcome, said) {
        (TlsOutcome::Reset | TlsOutcome::Closed, _) => TraceSeen::Reset,
        (TlsOutcome::Silent | TlsOutcome::ConnectionLost { .. }, Some(icmp)) => {
            match icmp.meaning {
                IcmpMeaning::TimeExceeded => TraceSeen::Expired { from: icmp.from },
                _ => TraceSeen::Icmp { icmp },
            }
        }
        (TlsOutcome::Silent, None) => TraceSeen::Silent,
        (TlsOutcome::ConnectionLost { says, .. }, None) => TraceSeen::NotSent { says },
        _ => TraceSeen::Answered,
    }
}

/// Whether the packet came to the end of the path.
fn reached(seen: &TraceSeen) -> bool {
    matches!(seen, TraceSeen::Answered | TraceSeen::Reset)
}
