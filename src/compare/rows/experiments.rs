//! Counter-experiments that both walks made. One that only one walk made follows from the hop at
//! which they differ.

use crate::compare::row::{Item, Row};
use crate::evidence::experiment::Variation;
use crate::render::text;
use crate::sorting;

pub(super) const ROWS: &[Row] = &[
    Row::new("experiments.question", "experiment", |r| {
        let all = r.evidence.experiments.questions.iter();
        Some(
            all.map(|one| {
                let of = format!("{}: {} {}", one.id, one.resolver, one.exchange.kind);
                let answer = match one.exchange.answer() {
                    Some(answer) if !answer.records.is_empty() => {
                        let mut data: Vec<&str> =
                            answer.records.iter().map(|record| record.data.as_str()).collect();
                        sorting::ascending(&mut data);
                        data.join(", ")
                    }
                    _ => text::dns_outcome(&one.exchange.outcome),
                };
                Item::new(of, answer)
            })
            .collect(),
        )
    })
    .common(),
    Row::new("experiments.handshake", "experiment", |r| {
        let all = r.evidence.experiments.handshakes.iter();
        Some(
            all.map(|one| {
                let size = match &one.variation {
                    Variation::SegmentSize { bytes } => format!(" {bytes}"),
                    Variation::TlsVersion { version } => format!(" {version}"),
                    _ => String::new(),
                };
                let ended = match &one.tls {
                    Some(tls) => text::handshake(&tls.outcome),
                    None => text::tcp_outcome(&one.tcp),
                };
                let at = one.address.map(|address| format!(" at {address}")).unwrap_or_default();
                Item::new(format!("{}{size}{at}", one.id), ended)
            })
            .collect(),
        )
    })
    .common(),
    Row::new("experiments.connection", "experiment", |r| {
        let all = r.evidence.experiments.connections.iter();
        Some(
            all.map(|one| {
                let ttl = one.ttl.map(|ttl| format!(" with TTL {ttl}")).unwrap_or_default();
                let of = format!("{}: {}{ttl}", one.id, one.address);
                Item::new(of, text::tcp_outcome(&one.outcome))
            })
            .collect(),
        )
    })
    .common(),
    Row::new("experiments.trace", "experiment", |r| {
        let all = r.evidence.experiments.traces.iter();
        Some(
            all.map(|one| {
                let reached = one.hops.iter().find(|hop| hop.result.reached(one.towards.ip()));
                let shown = match reached {
                    Some(hop) => format!("reached with TTL {}", hop.ttl),
                    None => "not reached".to_owned(),
                };
                Item::new(format!("{}: {} {}", one.id, one.probe.name(), one.towards), shown)
            })
            .collect(),
        )
    })
    .common(),
    Row::new("experiments.client", "experiment", |r| {
        let all = r.evidence.experiments.clients.iter();
        Some(
            all.map(|one| {
                let way = one.proxy.as_ref().map(|proxy| format!(" through {proxy}"));
                let of = format!("{}: {}{}", one.id, one.client, way.unwrap_or_default());
                Item::new(of, text::http_outcome(&one.outcome))
            })
            .collect(),
        )
    })
    .common(),
];
