//! What answers on the way: connections to other addresses, packets of limited life.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::super::context::Context;
use super::{Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, millis, not_possible};
use crate::evidence::experiment::{Trace, TraceProbe, TriedConnection};
use crate::wire::{connect, trace};

/// Lives tried where the address answers: a middlebox that ends TCP is near, and each SYN that
/// comes through is a connection at the peer.
const FEW_HOPS: u8 = 6;

/// Addresses of documentation (RFC 5737, RFC 3849): nobody has them.
const UNALLOCATED_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const UNALLOCATED_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The experiments on routes.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "trace-syn",
        question: "which routers answer on the way, and does a SYN come as far as UDP?",
        proves: &[
            ("tcp-silent", "the last router that answers is where to look next"),
            (
                "tcp-refused",
                "a RST to a life at which UDP still ends at a router is not the host's",
            ),
        ],
        packets: 2 * trace::MOST_HOPS as usize,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TcpSilent, Symptom::TcpRefused],
        probes: |_| vec![trace_of(TraceProbe::Syn), trace_of(TraceProbe::Udp)],
    },
    Experiment {
        id: "ghost-address",
        question: "does TCP connect where nobody is: to an address nobody owns, or before the host?",
        proves: &[(
            "tcp-terminated-on-the-way",
            "a SYN connects with a life that UDP towards the same address does not survive, or \
             a public target's way out also connects to an address that nobody owns",
        )],
        packets: 1 + 4 * FEW_HOPS as usize,
        intrusiveness: Intrusiveness::Deep,
        due: &[
            Symptom::TlsSilent,
            Symptom::TlsCut,
            Symptom::CertificateRefused,
            Symptom::CallRefused,
        ],
        probes: |_| {
            vec![
                Probe::UnallocatedAddress,
                Probe::Trace { probe: TraceProbe::Syn, longest: FEW_HOPS },
                Probe::Trace { probe: TraceProbe::Udp, longest: FEW_HOPS },
            ]
        },
    },
];

const fn trace_of(probe: TraceProbe) -> Probe {
    Probe::Trace { probe, longest: trace::MOST_HOPS }
}

/// An address that nobody owns, of the same family.
const fn unallocated(beside: IpAddr) -> IpAddr {
    match beside {
        IpAddr::V4(_) => IpAddr::V4(UNALLOCATED_V4),
        IpAddr::V6(_) => IpAddr::V6(UNALLOCATED_V6),
    }
}

/// Connects to an address that nobody owns, on the target's port; ends within `timeout`.
pub(super) async fn unallocated_address(
    context: &Context<'_>,
    id: &'static str,
    beside: IpAddr,
    timeout: Duration,
) -> TriedConnection {
    connection(context, id, unallocated(beside), timeout).await
}

/// Connects to another address on the target's port; ends within `timeout`.
pub(super) async fn connection(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> TriedConnection {
    let started = context.since.elapsed();
    let address = SocketAddr::new(address, context.target.seen.port);
    let (attempt, _) = connect::connect(address, address, None, context.since, timeout).await;
    TriedConnection {
        id: id.to_owned(),
        address,
        ttl: None,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        outcome: attempt.outcome,
    }
}

/// Sends packets of rising life towards `address`; ends within `timeout`.
pub(super) async fn trace(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    probe: TraceProbe,
    longest: u8,
    timeout: Duration,
) -> ExperimentResult {
    let (_, to) = context.connect_to(address);
    if let Err(says) = trace::possible(to) {
        return not_possible(id, &says);
    }
    let hops = match probe {
        TraceProbe::Udp => trace::udp(to, longest, timeout).await,
        TraceProbe::Syn | TraceProbe::ClientHello => trace::syn(to, longest, timeout).await,
    };
    ExperimentResult::Trace(Trace { id: id.to_owned(), probe, towards: to, hops })
}
