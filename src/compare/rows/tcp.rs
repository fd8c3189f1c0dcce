//! Connections to the target's addresses.

use crate::compare::row::{Item, Reading, Row, keyed, milliseconds, one, optional};
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpInfo, TcpOutcome};
use crate::evidence::{Observed, SkipReason};
use crate::render::text;
use crate::report::Report;

/// The longest segment that a network carries, in bytes: that of a jumbo frame. Loopback has longer
/// ones, whose size depends on what is in its buffers.
const LONGEST_SEGMENT: u32 = 9000;

pub(super) const ROWS: &[Row] = &[
    Row::new("tcp.outcome", "connection", |r| outcome(&r.evidence.tcp)).outcome(),
    Row::new("tcp.attempt", "connection to", |r| {
        let attempts = &r.evidence.tcp.value()?.attempts;
        let item = |one: &TcpAttempt| {
            Item::new(one.address.to_string(), text::tcp_outcome(&one.outcome)).key(key(one))
        };
        Some(attempts.iter().map(item).collect())
    })
    .common()
    .covered_by(&["tcp.outcome"]),
    Row::new("tcp.connect_to", "redirected by --connect-to", |r| {
        optional(walked(r)?.connect_to.as_ref())
    }),
    Row::new("tcp.round_trip", "round trip", |r| {
        milliseconds(walked(r)?.info.as_ref().map(TcpInfo::round_trip_ms))
    })
    .jitter(20.0),
    Row::new("tcp.time", "time of the connection", |r| milliseconds(Some(walked(r)?.took_ms)))
        .jitter(100.0)
        .covered_by(&["tcp.round_trip"]),
    Row::new("tcp.mss", "maximum segment size", |r| {
        let mss = walked(r)?.info.as_ref()?.snd_mss;
        (mss <= LONGEST_SEGMENT).then(|| bytes(mss))?
    }),
    Row::new("tcp.mtu", "path MTU", |r| bytes(walked(r)?.info.as_ref()?.pmtu?)),
    Row::new("tcp.repeats", "segments sent again", |r| {
        let attempt = walked(r)?;
        attempt.info.as_ref()?;
        one(match attempt.lost() + attempt.syn_repeats.unwrap_or(0) {
            0 => "none",
            _ => "some",
        })
    }),
    Row::new("tcp.direct", "direct connection, next to the proxied one", |r| {
        outcome(&r.evidence.direct.value()?.tcp)
    }),
];

/// The connection on which the walk went on.
fn walked(r: &Report) -> Option<&TcpAttempt> {
    r.evidence.tcp.value()?.walked_attempt()
}

/// The walked connection, or the first that failed; none where a proxy carries the call.
fn outcome(tcp: &Observed<TcpHop>) -> Reading {
    let hop = match tcp {
        Observed::Done { value, .. } => value,
        Observed::NotAsked { reason: SkipReason::ProxyApplies } => return None,
        other => return one(text::not_done(other).unwrap_or_default()),
    };
    match hop.walked_attempt().or(hop.attempts.first()) {
        Some(attempt) => keyed(
            format!("{} {}", attempt.address, text::tcp_outcome(&attempt.outcome)),
            key(attempt),
        ),
        None => one("no address to connect to"),
    }
}

/// How an attempt ended, without who sent an ICMP message.
fn key(attempt: &TcpAttempt) -> String {
    match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => icmp.meaning.describe().to_owned(),
        TcpOutcome::LocalError { errno, .. } => format!("errno {errno}"),
        other => text::tcp_outcome(other),
    }
}

fn bytes(bytes: u32) -> Reading {
    one(text::count(bytes.into(), "byte"))
}
