//! One handshake with one thing changed, on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::super::context::Context;
use super::clients;
use super::{
    Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, foreign_names, millis,
    not_possible, sibling,
};
use crate::evidence::experiment::{Changed, HandshakeSeen, Trace, TraceProbe, TriedHandshake};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::platform;
use crate::wire::session::Verified;
use crate::wire::tls::{self, Handshake, Hello, Versions};
use crate::wire::{connect, first_byte_probe, trace};

/// The id of the walk's own handshake, put again.
pub(in crate::walk) const SAME_AGAIN: &str = "same-again";

/// The experiments on handshakes.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "other-address",
        question: "does the same handshake finish at the other private addresses of the name?",
        proves: &[("tls-address-fails", "it finishes at one address and not at another")],
        packets: 9,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::SeveralAddresses],
        probes: |_| vec![Probe::OtherAddress],
    },
    Experiment {
        id: "first-octet",
        question: "is one octet after the TCP handshake acknowledged, and is anybody there?",
        proves: &[
            (
                "tls-dropped-after-handshake",
                "the octet is not acknowledged, and nothing else that is sent",
            ),
            (
                "tls-peer-mute",
                "the octet and every ClientHello are acknowledged, the stream's end is not answered",
            ),
        ],
        packets: 6,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent],
        probes: |_| vec![Probe::Handshake(Changed::FirstOctet)],
    },
    Experiment {
        id: "segment-size",
        question: "does the same handshake finish in smaller segments?",
        proves: &[(
            "tls-mtu-black-hole",
            "small segments finish, large ones hang, and so does the control name at full size",
        )],
        packets: super::segments::MOST * 8,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent],
        probes: |_| vec![Probe::Segments],
    },
    Experiment {
        id: "small-hello",
        question: "is a ClientHello of one segment answered?",
        proves: &[(
            "tls-large-hello",
            "the small ClientHello is answered, the large one is not, in any segment size",
        )],
        packets: 8,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |_| vec![Probe::Handshake(Changed::SmallHello)],
    },
    Experiment {
        id: "control-name",
        question: "is the account's sibling name answered at the same address?",
        proves: &[
            ("tls-name-filtered", "the sibling name is answered, the walk's is not"),
            ("tls-interception", "the sibling's certificate verifies, or is of the same hand"),
            ("tls-untrusted-issuer", "the sibling's certificate verifies, or does not either"),
            (
                "tls-fails-now-and-then",
                "the sibling in a large ClientHello and the name in a small one are both answered",
            ),
        ],
        packets: 9,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut, Symptom::CertificateRefused],
        probes: |target| {
            let name = |name| Probe::Handshake(Changed::ServerName { name });
            sibling(target).map(name).into_iter().collect()
        },
    },
    Experiment {
        id: SAME_AGAIN,
        question: "does the very same handshake fail every time?",
        proves: &[("tls-fails-now-and-then", "the same handshake, put again, is answered")],
        packets: 16,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsCut],
        // Two, beside each other: of servers that are taken in turn each gets one.
        probes: |_| vec![Probe::Handshake(Changed::Nothing); 2],
    },
    Experiment {
        id: "one-version",
        question: "does the handshake finish with TLS 1.2 alone, or 1.3 alone?",
        proves: &[(
            "tls-version-intolerant",
            "one version alone finishes, both offered together do not",
        )],
        packets: 16,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsCut],
        probes: |_| {
            ["TLS 1.2", "TLS 1.3"]
                .iter()
                .map(|version| {
                    Probe::Handshake(Changed::OnlyVersion { version: (*version).to_owned() })
                })
                .collect()
        },
    },
    Experiment {
        id: "foreign-name",
        question: "are the login host and example.com answered at the same address?",
        proves: &[("tls-name-filtered", "one of them is answered, the walk's own name is not")],
        packets: 16,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |target| {
            let name = |name| Probe::Handshake(Changed::ServerName { name });
            foreign_names(target).into_iter().map(name).collect()
        },
    },
    Experiment {
        id: "trace-hello",
        question: "how far does the ClientHello come, and which hop cuts the connection?",
        proves: &[(
            "tls-reset",
            "the last router that answers, and the life from which on the reset comes",
        )],
        packets: trace::MOST_HOPS as usize * 4,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |_| vec![Probe::TraceHello],
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

/// The walk's own handshake in one segment, with limited lives; ends within `timeout`.
pub(super) async fn trace_hello(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> ExperimentResult {
    let (_, to) = context.connect_to(address);
    let request = Handshake {
        server_name: &context.target.seen.host,
        roots: std::sync::Arc::clone(&context.roots),
        provider: std::sync::Arc::clone(&context.provider),
        now: context.now(),
        timeout,
        hello: Hello::Small,
        versions: Versions::Both,
        redactor: context.redactor(),
    };
    let hops = trace::hello(to, &request).await;
    ExperimentResult::Trace(Trace {
        id: id.to_owned(),
        probe: TraceProbe::ClientHello,
        towards: to,
        hops,
    })
}

/// Does the experiment at `address`; ends within `timeout`. A session that comes about is
/// closed at once, nothing is sent over it, but for that of the small ClientHello.
pub(super) async fn handshake(
    context: &Context<'_>,
    address: IpAddr,
    id: &'static str,
    changed: Changed,
    timeout: Duration,
) -> (ExperimentResult, Option<Verified>) {
    let started = context.since.elapsed();
    let segment_size = match &changed {
        Changed::SegmentSize { octets } => Some(u32::from(*octets)),
        _ => None,
    };
    let (logical, to) = context.connect_to(address);
    let (mut attempt, connection) =
        connect::connect(logical, to, segment_size, context.since, timeout).await;
    let mut session = None;
    let mut hop = None;
    let mut call = None;
    if let Some(connection) = &connection
        && changed != Changed::SmallHello
    {
        connection.end_with_reset();
    }
    if let Some(connection) = connection {
        let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(started));
        if changed == Changed::FirstOctet {
            let Some(seen) =
                first_byte_probe::send_one_byte(connection.stream, &connection.socket, left).await
            else {
                return (not_possible(id, "this system does not say what was acknowledged"), None);
            };
            let tls = Some(seen);
            let took_ms = millis(context.since.elapsed().saturating_sub(started));
            let (id, started_ms, tcp) = (id.to_owned(), millis(started), attempt.outcome);
            let address = Some(address);
            let tried = TriedHandshake { id, address, changed, started_ms, took_ms, tcp, tls };
            return (ExperimentResult::Handshake(tried, None), None);
        }
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
            redactor: context.redactor(),
        };
        let reset = connection.reset;
        let (route, socket) = connection.into_route();
        let (mut seen, open) = tls::handshake(route, Some(&socket), &request).await;
        if reset {
            attempt.outcome = TcpOutcome::Connected;
            seen.outcome = TlsOutcome::Reset;
        }
        let mut open = open;
        if matches!(changed, Changed::OtherAddress { .. })
            && let Some(open) = open.take()
        {
            let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(started));
            call = clients::call_without_credential(context, id, open, left).await;
            seen.tcp_info = platform::tcp_info(&socket);
        }
        session = open.filter(|_| changed == Changed::SmallHello);
        hop = Some(seen);
    }
    let tried = TriedHandshake {
        id: id.to_owned(),
        address: Some(address),
        changed,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        tcp: attempt.outcome,
        tls: hop.as_ref().map(seen),
    };
    let made = match tried.changed {
        Changed::OtherAddress { .. } => ExperimentResult::OtherAddress(tried, call.map(Box::new)),
        _ => ExperimentResult::Handshake(tried, hop.filter(|_| session.is_some()).map(Box::new)),
    };
    (made, session)
}
