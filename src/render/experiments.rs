//! The experiments of a walk, one line each.

use std::net::IpAddr;

use super::text;
use super::text_writer::TextWriter;
use crate::evidence::dns::Rcode;
use crate::evidence::experiment::{
    ExperimentSkipReason, Experiments, TraceProbe, TraceResult, Variation,
};

/// Every experiment that was made, and those that were skipped.
pub(super) fn experiments(writer: &mut TextWriter, all: &Experiments, walked: Option<IpAddr>) {
    if all.is_empty() {
        return;
    }
    writer.write_blank_line();
    writer.set_label("tried");
    questions(writer, all);
    handshakes(writer, all, walked);
    for one in &all.connections {
        let life = one.ttl.map_or_else(String::new, |ttl| format!(" with TTL {ttl}"));
        let ended = text::tcp_outcome(&one.outcome);
        writer
            .write_text(&format!("{}: {}{life}: {ended}, {} ms", one.id, one.address, one.took_ms));
    }
    traces(writer, all);
    for one in &all.clients {
        let proxy = one.proxy.as_ref().map_or_else(String::new, |p| format!(" through {p}"));
        let ended = text::http_outcome(&one.outcome);
        writer
            .write_text(&format!("{}: {}{proxy}: {ended}, {} ms", one.id, one.client, one.took_ms));
    }
    for one in &all.skipped {
        let why = match &one.reason {
            ExperimentSkipReason::NeedsDeep => "needs --deep".to_owned(),
            ExperimentSkipReason::Option => "--no-experiments".to_owned(),
            ExperimentSkipReason::NotPossible { message } => message.clone(),
        };
        writer.write_text(&format!("{}: not made: {why}", one.id));
    }
    writer.set_label("");
}

fn questions(writer: &mut TextWriter, all: &Experiments) {
    for one in &all.questions {
        let asked = format!("{} {}", one.exchange.kind, one.exchange.name);
        let answer = match one.exchange.answer() {
            Some(answer) if answer.rcode == Rcode::NoError && !answer.records.is_empty() => {
                let data: Vec<&str> = answer.records.iter().map(|r| r.data.as_str()).collect();
                data.join(", ")
            }
            _ => text::dns_outcome(&one.exchange.outcome),
        };
        writer.write_text(&format!(
            "{}: {}: {asked}: {answer}, {} ms",
            one.id, one.resolver, one.took_ms
        ));
    }
}

fn handshakes(writer: &mut TextWriter, all: &Experiments, walked: Option<IpAddr>) {
    for one in &all.handshakes {
        let elsewhere = one.address.filter(|address| {
            walked.is_some_and(|walked| walked != *address)
                && !matches!(one.variation, Variation::OtherAddress { .. })
        });
        let at = elsewhere.map_or_else(String::new, |address| format!("at {address} "));
        let with = variation(&one.variation);
        let ended = match &one.tls {
            None => text::tcp_outcome(&one.tcp),
            Some(tls) => text::handshake(&tls.outcome),
        };
        writer.write_text(&format!("{}: {at}with {with}: {ended}, {} ms", one.id, one.took_ms));
    }
}

/// What was changed.
pub(super) fn variation(variation: &Variation) -> String {
    match variation {
        Variation::SegmentSize { bytes } => format!("segments of {bytes} bytes"),
        Variation::SmallHello => "a ClientHello of one segment".to_owned(),
        Variation::Nothing => "the walk's own ClientHello".to_owned(),
        Variation::ServerName { name } => format!("SNI {name}"),
        Variation::TlsVersion { version } => format!("{version} alone"),
        Variation::FirstByte => "the first byte alone".to_owned(),
        Variation::OtherAddress { address } => format!("the address {address}"),
    }
}

fn traces(writer: &mut TextWriter, all: &Experiments) {
    for trace in &all.traces {
        let probe = trace.probe.name();
        let towards = match trace.probe {
            TraceProbe::Echo => trace.towards.ip().to_string(),
            _ => trace.towards.to_string(),
        };
        writer.write_text(&format!("{}: {probe} towards {towards}", trace.id));
        for hop in &trace.hops {
            let seen = match &hop.result {
                TraceResult::Expired { from: Some(router) } => router.to_string(),
                TraceResult::Expired { from: None } => "expired".to_owned(),
                TraceResult::Icmp { icmp } => text::icmp(icmp),
                TraceResult::Answered => "answered".to_owned(),
                TraceResult::Reset => "reset".to_owned(),
                TraceResult::Silent => "no answer".to_owned(),
                TraceResult::NotSent { message } => message.clone(),
            };
            writer.write_indented(2, &format!("{}: {seen}", hop.ttl));
            // Beyond the first TTL that reaches the end, all do.
            if hop.result.reached(trace.towards.ip()) {
                break;
            }
        }
    }
}
