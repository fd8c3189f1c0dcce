//! What answers on the way: connections to other addresses, packets of limited life.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::Context;
use super::{Ask, Entry, Made, Symptom, Tier, millis};
use crate::evidence::experiment::{Trace, TraceProbe, TriedConnection};
use crate::wire::{connect, trace};

/// The experiments on routes.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    id: "trace-syn",
    question: "which routers answer on the way to port 443, and how far does a SYN come?",
    proves: &[("tcp-silent", "the last router that answers is where to look next")],
    packets: trace::MOST_HOPS as usize,
    tier: Tier::Deep,
    due: &[Symptom::TcpSilent, Symptom::TcpRefused],
    asks: |_| vec![Ask::TraceSyn],
}];

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

/// Sends SYN segments of rising life towards `address`; ends within `timeout`.
pub(super) async fn trace_syn(
    context: &Context<'_>,
    id: &'static str,
    address: IpAddr,
    timeout: Duration,
) -> Made {
    let (_, to) = context.detour(address);
    let hops = trace::syn(to, timeout).await;
    Made::Trace(Trace { id: id.to_owned(), probe: TraceProbe::Syn, towards: to, hops })
}
