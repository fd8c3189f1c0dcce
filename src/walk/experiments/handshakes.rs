//! One handshake with one thing changed, on a connection of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::super::context::Context;
use super::clients;
use super::{
    Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, millis, not_possible, sibling,
    unrelated_names,
};
use crate::evidence::experiment::{
    HandshakeExperiment, HandshakeResult, Trace, TraceProbe, Variation,
};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::tls::{TlsHop, TlsOutcome, TlsVersion};
use crate::platform;
use crate::wire::session::Verified;
use crate::wire::tls::{self, Handshake, Hello, Versions};
use crate::wire::{connect, first_byte_probe, trace};

/// The id of the repeated handshake.
pub(in crate::walk) const REPEAT_HANDSHAKE: &str = "repeat-handshake";
/// The id of the repeated handshake with a small ClientHello, over which no walk goes on.
pub(in crate::walk) const REPEAT_SMALL_HELLO: &str = "repeat-small-hello";

/// The experiments on handshakes.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "other-address",
        question: "does the same handshake succeed at the other addresses of the name?",
        proves: &[("tls-address-fails", "it succeeds at one address and not at another")],
        packets: 9,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::SeveralAddresses],
        probes: |_| vec![Probe::OtherAddress],
    },
    Experiment {
        id: "first-byte",
        question: "is one byte after the TCP handshake acknowledged, and does a process read it?",
        proves: &[
            (
                "tls-dropped-after-handshake",
                "neither the byte nor anything else that is sent is acknowledged",
            ),
            (
                "tls-peer-mute",
                "the byte and every ClientHello are acknowledged, the end of the stream is not answered",
            ),
        ],
        packets: 6,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent],
        probes: |_| vec![Probe::Handshake(Variation::FirstByte)],
    },
    Experiment {
        id: "segment-size",
        question: "does the same handshake succeed in smaller segments?",
        proves: &[(
            "tls-mtu-black-hole",
            "it succeeds in small segments and hangs in large ones, as the sibling name does",
        )],
        packets: super::segments::MOST * 8,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent],
        probes: |_| vec![Probe::Segments],
    },
    Experiment {
        id: "small-hello",
        question: "is a ClientHello that fits into one segment answered?",
        proves: &[(
            "tls-large-hello",
            "the small ClientHello is answered, the large one is not answered in any segment size",
        )],
        packets: 8,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |_| vec![Probe::Handshake(Variation::SmallHello)],
    },
    Experiment {
        id: "sibling-sni",
        question: "is the account's sibling name answered at the same address?",
        proves: &[
            ("tls-name-filtered", "the sibling name is answered, the target's is not"),
            ("tls-interception", "the sibling's certificate verifies, or has the same issuer"),
            ("tls-untrusted-issuer", "the sibling's certificate verifies, or fails as well"),
            (
                "tls-fails-now-and-then",
                "the sibling in a large ClientHello and the name in a small one are both answered",
            ),
        ],
        packets: 9,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut, Symptom::CertificateRefused],
        probes: |target| {
            let name = |name| Probe::Handshake(Variation::ServerName { name });
            sibling(target).map(name).into_iter().collect()
        },
    },
    Experiment {
        id: REPEAT_HANDSHAKE,
        question: "does the same handshake fail every time?",
        proves: &[("tls-fails-now-and-then", "the same handshake is answered when it is repeated")],
        packets: 16,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent, Symptom::TlsCut, Symptom::CertificateRefused, Symptom::NotTls],
        // Two at once: of servers that are taken in turn, each gets one.
        probes: |_| vec![Probe::Handshake(Variation::Nothing); 2],
    },
    Experiment {
        id: REPEAT_SMALL_HELLO,
        question: "is the small ClientHello answered every time?",
        proves: &[(
            "tls-large-hello",
            "the small ClientHello is answered each time, the large one never",
        )],
        packets: 16,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsSilent],
        probes: |_| vec![Probe::Handshake(Variation::SmallHello); 2],
    },
    Experiment {
        id: "single-tls-version",
        question: "does the handshake succeed with TLS 1.2 alone, or with TLS 1.3 alone?",
        proves: &[(
            "tls-version-intolerant",
            "it succeeds with one version alone and fails when both are offered",
        )],
        packets: 16,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::TlsCut],
        probes: |_| {
            [TlsVersion::Tls12, TlsVersion::Tls13]
                .map(|version| Probe::Handshake(Variation::TlsVersion { version }))
                .to_vec()
        },
    },
    Experiment {
        id: "unrelated-name",
        question: "are the login host and example.com answered at the same address?",
        proves: &[("tls-name-filtered", "one of them is answered, the target's name is not")],
        packets: 16,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |target| {
            let name = |name| Probe::Handshake(Variation::ServerName { name });
            unrelated_names(target).into_iter().map(name).collect()
        },
    },
    Experiment {
        id: "trace-hello",
        question: "how far does the ClientHello get, and which hop cuts the connection?",
        proves: &[(
            "tls-reset",
            "the last router that answers, and the TTL from which on the reset comes",
        )],
        packets: trace::MOST_HOPS as usize * 4,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TlsSilent, Symptom::TlsCut],
        probes: |_| vec![Probe::TraceHello],
    },
];

/// What an experiment keeps of a handshake.
pub(in crate::walk) fn seen(hop: &TlsHop) -> HandshakeResult {
    HandshakeResult {
        outcome: hop.outcome.clone(),
        bytes_sent: hop.bytes_sent,
        bytes_received: hop.bytes_received,
        tcp_info: hop.tcp_info.clone(),
    }
}

/// The walk's own handshake in one segment, in TTL-limited packets; ends within `timeout`.
pub(super) async fn trace_hello(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> ExperimentResult {
    let (_, to) = context.connect_to(address);
    if let Some(ask) = context.target.opening().tls_request() {
        let message = format!("{} asks for TLS first, and waits for the answer", ask.protocol);
        return not_possible(id, &message);
    }
    if let Err(message) = trace::possible(to, TraceProbe::ClientHello) {
        return not_possible(id, &message);
    }
    let request = Handshake { hello: Hello::Small, ..context.handshake_request(timeout) };
    let hops = trace::hello(to, &request).await;
    ExperimentResult::Trace(Trace {
        id: id.to_owned(),
        probe: TraceProbe::ClientHello,
        towards: to,
        hops,
    })
}

/// Does the experiment at `address`; ends within `timeout`. A session that it establishes is closed
/// at once and carries nothing, except that of the small ClientHello.
pub(super) async fn handshake(
    context: &Context<'_>,
    address: IpAddr,
    id: &'static str,
    changed: Variation,
    timeout: Duration,
) -> (ExperimentResult, Option<Verified>) {
    let started = context.since.elapsed();
    let segment_size = match &changed {
        Variation::SegmentSize { bytes } => Some(u32::from(*bytes)),
        _ => None,
    };
    let (logical, to) = context.connect_to(address);
    let (mut attempt, connection) =
        connect::connect(logical, to, segment_size, context.since, timeout).await;
    let mut session = None;
    let mut hop = None;
    let mut call = None;
    let goes_on = changed == Variation::SmallHello && id != REPEAT_SMALL_HELLO;
    if let Some(connection) = &connection
        && !goes_on
    {
        connection.end_with_reset();
    }
    if let Some(connection) = connection {
        let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(started));
        if changed == Variation::FirstByte {
            let Some(seen) =
                first_byte_probe::send_one_byte(connection.stream, &connection.socket, left).await
            else {
                return (not_possible(id, "this system does not say what was acknowledged"), None);
            };
            let tls = Some(seen);
            let took_ms = millis(context.since.elapsed().saturating_sub(started));
            let (id, started_ms, tcp) = (id.to_owned(), millis(started), attempt.outcome);
            let address = Some(address);
            let tried = HandshakeExperiment {
                id,
                address,
                variation: changed,
                started_ms,
                took_ms,
                tcp,
                tls,
            };
            return (ExperimentResult::Handshake(tried, None), None);
        }
        let request = Handshake {
            server_name: match &changed {
                Variation::ServerName { name } => name,
                _ => &context.target.seen.host,
            },
            hello: match changed {
                Variation::SmallHello => Hello::Small,
                _ => Hello::Full,
            },
            versions: match &changed {
                Variation::TlsVersion { version: TlsVersion::Tls12 } => Versions::Only12,
                Variation::TlsVersion { .. } => Versions::Only13,
                _ => Versions::Both,
            },
            ..context.handshake_request(left)
        };
        let reset = connection.reset;
        let (route, socket) = connection.into_route();
        let (mut seen, open) = tls::handshake(route, Some(&socket), &request).await;
        if reset {
            attempt.outcome = TcpOutcome::Connected;
            seen.outcome = TlsOutcome::Reset;
        }
        let mut open = open;
        if matches!(changed, Variation::OtherAddress { .. })
            && let Some(open) = open.take()
        {
            let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(started));
            call = clients::call_without_credential(context, id, open, left).await;
            seen.tcp_info = platform::tcp_info(&socket);
        }
        session = open.filter(|_| goes_on);
        hop = Some(seen);
    }
    let tried = HandshakeExperiment {
        id: id.to_owned(),
        address: Some(address),
        variation: changed,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        tcp: attempt.outcome,
        tls: hop.as_ref().map(seen),
    };
    let made = match tried.variation {
        Variation::OtherAddress { .. } => ExperimentResult::OtherAddress(tried, call.map(Box::new)),
        _ => ExperimentResult::Handshake(tried, hop.filter(|_| session.is_some()).map(Box::new)),
    };
    (made, session)
}
