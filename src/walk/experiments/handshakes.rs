//! One handshake with one thing changed, on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::super::Context;
use super::{Ask, Entry, Made, Symptom, Tier, millis, sibling};
use crate::evidence::experiment::{Changed, HandshakeSeen, TriedHandshake};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::wire::connect;
use crate::wire::tls::{self, Handshake, Hello, Versions};

/// Segment sizes tried at once, so that the path MTU is bracketed: those of a bare 1500 link
/// less a little, of common tunnels (1400, 1340, 1280, 1200) and the least that IPv4 promises.
const SEGMENT_SIZES: [u16; 5] = [1360, 1300, 1240, 1160, 536];

/// The experiments on handshakes.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "segment-size",
        question: "does the same handshake finish in smaller segments?",
        proves: &[(
            "tls-mtu-black-hole",
            "small segments finish, large ones hang, and so does the control name at full size",
        )],
        packets: SEGMENT_SIZES.len() * 12,
        tier: Tier::Default,
        due: &[Symptom::TlsSilent],
        asks: |_| {
            SEGMENT_SIZES
                .iter()
                .map(|octets| Ask::Handshake(Changed::SegmentSize { octets: *octets }))
                .collect()
        },
    },
    Entry {
        id: "small-hello",
        question: "is a ClientHello of one segment answered?",
        proves: &[(
            "tls-large-hello",
            "the small ClientHello is answered, the large one is not, in any segment size",
        )],
        packets: 8,
        tier: Tier::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        asks: |_| vec![Ask::Handshake(Changed::SmallHello)],
    },
    Entry {
        id: "control-name",
        question: "is the account's sibling name answered at the same address?",
        proves: &[("tls-name-filtered", "the sibling name is answered, the walk's is not")],
        packets: 8,
        tier: Tier::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        asks: |target| {
            let name = |name| Ask::Handshake(Changed::ServerName { name });
            sibling(target).map(name).into_iter().collect()
        },
    },
    Entry {
        id: "one-version",
        question: "does the handshake finish with TLS 1.2 alone, or 1.3 alone?",
        proves: &[(
            "tls-version-intolerant",
            "one version alone finishes, both offered together do not",
        )],
        packets: 16,
        tier: Tier::Default,
        due: &[Symptom::TlsCut],
        asks: |_| {
            ["TLS 1.2", "TLS 1.3"]
                .iter()
                .map(|version| {
                    Ask::Handshake(Changed::OnlyVersion { version: (*version).to_owned() })
                })
                .collect()
        },
    },
];

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
pub(super) async fn handshake(
    context: &Context<'_>,
    address: IpAddr,
    id: &'static str,
    changed: Changed,
    timeout: Duration,
) -> Made {
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
    let tried = TriedHandshake {
        id: id.to_owned(),
        changed,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        tcp: attempt.outcome,
        tls: hop.as_ref().map(seen),
    };
    Made::Handshake(tried, hop.zip(session).map(Box::new))
}
