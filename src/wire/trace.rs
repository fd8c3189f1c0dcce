//! Packets of limited life towards an address, and who says that it ended them. Unprivileged:
//! the life is a socket option, the answer comes by the socket's error queue.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::connect;
use crate::evidence::experiment::{TraceHop, TraceSeen};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};

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

/// Whether the packet came to the end of the path.
fn reached(seen: &TraceSeen) -> bool {
    matches!(seen, TraceSeen::Answered | TraceSeen::Reset)
}
