//! One handshake with one thing changed, on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::super::Context;
use crate::evidence::experiment::{Changed, Experiment, HandshakeSeen};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::wire::connect;
use crate::wire::tls::{self, Handshake, Hello, Session, Versions};

/// An experiment, and the session of the small ClientHello, over which a walk may go on.
pub(in crate::walk) struct Tried {
    pub(in crate::walk) experiment: Experiment,
    pub(in crate::walk) session: Option<(TlsHop, Session)>,
}

/// What an experiment keeps of a handshake.
pub(in crate::walk) fn seen(hop: &TlsHop) -> HandshakeSeen {
    HandshakeSeen {
        outcome: hop.outcome.clone(),
        bytes_sent: hop.bytes_sent,
        bytes_received: hop.bytes_received,
        tcp_info: hop.tcp_info.clone(),
    }
}

/// Does the experiment at `address`; ends within `timeout`. A session that comes about is
/// closed at once, nothing is sent over it, but for that of the small ClientHello.
pub(in crate::walk) async fn handshake(
    context: &Context<'_>,
    address: IpAddr,
    id: &'static str,
    changed: Changed,
    timeout: Duration,
) -> Tried {
    let started = context.since.elapsed();
    let segment_size = match &changed {
        Changed::SegmentSize { octets } => Some(u32::from(*octets)),
        _ => None,
    };
    let (logical, to) = context.detour(address);
    let (mut attempt, connection) =
        connect::connect(logical, to, segment_size, context.since, timeout).await;
    let mut session = None;
    let mut hop = None;
    if let Some(connection) = connection {
        let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(started));
        let request = Handshake {
            server_name: match &changed {
                Changed::ServerName { name } => name,
                _ => &context.target.seen.host,
            },
            roots: std::sync::Arc::clone(&context.roots),
            provider: std::sync::Arc::clone(&context.provider),
            now: context.now(),
            timeout: left,
            hello: match changed {
                Changed::SmallHello => Hello::Small,
                _ => Hello::Full,
            },
            versions: match &changed {
                Changed::OnlyVersion { version } if version == "TLS 1.2" => Versions::Only12,
                Changed::OnlyVersion { .. } => Versions::Only13,
                _ => Versions::Both,
            },
        };
        let stream = Box::new(connection.stream);
        let (mut seen, open) = tls::handshake(stream, Some(&connection.socket), &request).await;
        if connection.reset {
            attempt.outcome = TcpOutcome::Connected;
            seen.outcome = TlsOutcome::Reset;
        }
        session = open.filter(|_| changed == Changed::SmallHello);
        hop = Some(seen);
    }
    let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    let experiment = Experiment {
        id: id.to_owned(),
        changed,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        tcp: attempt.outcome,
        tls: hop.as_ref().map(seen),
    };
    Tried { experiment, session: hop.zip(session) }
}
