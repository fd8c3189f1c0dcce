//! One handshake with one thing changed, on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::super::Context;
use crate::evidence::experiment::{Changed, Experiment, HandshakeSeen};
use crate::wire::connect;
use crate::wire::tls::{self, Handshake, Hello, Versions};

/// Does the experiment at `address`; ends within `timeout`. The session, if one comes about, is
/// closed at once: nothing is sent over it.
pub(in crate::walk) async fn handshake(
    context: &Context<'_>,
    address: IpAddr,
    id: &'static str,
    changed: Changed,
    timeout: Duration,
) -> Experiment {
    let started = context.since.elapsed();
    let segment_size = match &changed {
        Changed::SegmentSize { octets } => Some(u32::from(*octets)),
        _ => None,
    };
    let (logical, to) = context.detour(address);
    let (attempt, connection) =
        connect::connect(logical, to, segment_size, context.since, timeout).await;
    let tls = match connection {
        None => None,
        Some(connection) => {
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
            let (hop, _session) = tls::handshake(stream, Some(&connection.socket), &request).await;
            Some(HandshakeSeen {
                outcome: hop.outcome,
                bytes_sent: hop.bytes_sent,
                bytes_received: hop.bytes_received,
                tcp_info: hop.tcp_info,
            })
        }
    };
    let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
    Experiment {
        id: id.to_owned(),
        changed,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        tcp: attempt.outcome,
        tls,
    }
}
