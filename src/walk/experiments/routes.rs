//! What answers on the way: connections to other addresses, TTL-limited packets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::super::context::Context;
use super::{Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, millis, not_possible};
use crate::evidence::experiment::{ConnectionExperiment, Trace, TraceProbe};
use crate::wire::{connect, trace};

/// The largest TTL tried where the address answers: a middlebox that terminates TCP is near, and
/// each SYN that arrives is a connection at the peer.
const FEW_HOPS: u8 = 6;

/// Addresses for documentation (RFC 5737, RFC 3849): no host has them.
const UNALLOCATED_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const UNALLOCATED_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The experiments on routes.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "trace-syn",
        question: "which routers answer on the way, and does a SYN get as far as UDP (on Windows: as an ICMP echo request)?",
        proves: &[
            ("tcp-silent", "the last router that answers is where to look next"),
            (
                "tcp-refused",
                "a RST in answer to a TTL at which UDP still expires at a router is not the host's",
            ),
        ],
        packets: 2 * trace::MOST_HOPS as usize,
        intrusiveness: Intrusiveness::Deep,
        due: &[Symptom::TcpSilent, Symptom::TcpRefused],
        probes: |_| vec![trace_of(TraceProbe::Syn), trace_of(trace::CONTROL)],
    },
    Experiment {
        id: "unallocated-address",
        question: "does TCP connect where no host is: at an unallocated address, or with a TTL that does not reach the host?",
        proves: &[(
            "tcp-terminated-on-the-way",
            "a SYN connects with a TTL at which UDP towards the same address expires, or the route \
             to a public target also connects to an unallocated address",
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
                Probe::Trace { probe: trace::CONTROL, longest: FEW_HOPS },
            ]
        },
    },
];

const fn trace_of(probe: TraceProbe) -> Probe {
    Probe::Trace { probe, longest: trace::MOST_HOPS }
}

/// An unallocated address of the same family.
const fn unallocated(family_of: IpAddr) -> IpAddr {
    match family_of {
        IpAddr::V4(_) => IpAddr::V4(UNALLOCATED_V4),
        IpAddr::V6(_) => IpAddr::V6(UNALLOCATED_V6),
    }
}

/// Connects to an unallocated address of the family of `family_of`, on the target's port; ends
/// within `timeout`.
pub(super) async fn unallocated_address(
    context: &Context<'_>,
    id: &'static str,
    family_of: IpAddr,
    timeout: Duration,
) -> ConnectionExperiment {
    connection(context, id, unallocated(family_of), timeout).await
}

/// Connects to another address on the target's port; ends within `timeout`.
pub(super) async fn connection(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> ConnectionExperiment {
    let started = context.since.elapsed();
    let address = SocketAddr::new(address, context.target.seen.port);
    let (attempt, _) = connect::connect(address, address, None, context.since, timeout).await;
    ConnectionExperiment {
        id: id.to_owned(),
        address,
        ttl: None,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        outcome: attempt.outcome,
    }
}

/// Sends packets of rising TTL towards `address`; ends within `timeout`.
pub(super) async fn trace(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    probe: TraceProbe,
    longest: u8,
    timeout: Duration,
) -> ExperimentResult {
    let (_, to) = context.connect_to(address);
    if let Err(message) = trace::possible(to, probe) {
        return not_possible(id, &message);
    }
    let hops = match probe {
        TraceProbe::Udp => trace::udp(to, longest, timeout).await,
        TraceProbe::Echo => match trace::echo(to, longest, timeout).await {
            Ok(hops) => hops,
            Err(message) => return not_possible(id, &message),
        },
        TraceProbe::Syn | TraceProbe::ClientHello => trace::syn(to, longest, timeout).await,
    };
    ExperimentResult::Trace(Trace { id: id.to_owned(), probe, towards: to, hops })
}
