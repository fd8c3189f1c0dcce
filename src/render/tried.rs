//! The counter-experiments of a walk, a line each.

use std::net::IpAddr;

use super::page::Page;
use super::words;
use crate::evidence::dns::Rcode;
use crate::evidence::experiment::{Changed, Experiments, LeftOutReason, TraceProbe, TraceSeen};

/// Every experiment that was made, and those that were left out.
pub(super) fn experiments(page: &mut Page, all: &Experiments, walked: Option<IpAddr>) {
    if all.is_empty() {
        return;
    }
    page.blank();
    page.label("tried");
    questions(page, all);
    handshakes(page, all, walked);
    for one in &all.connections {
        let life = one.ttl.map_or_else(String::new, |ttl| format!(" with a life of {ttl}"));
        let ended = words::tcp_outcome(&one.outcome);
        page.words(&format!("{}: {}{life}: {ended}, {} ms", one.id, one.address, one.took_ms));
    }
    traces(page, all);
    for one in &all.clients {
        let proxy = one.proxy.as_ref().map_or_else(String::new, |p| format!(" through {p}"));
        let ended = words::http_outcome(&one.outcome);
        page.words(&format!("{}: {}{proxy}: {ended}, {} ms", one.id, one.client, one.took_ms));
    }
    for one in &all.left_out {
        let why = match &one.why {
            LeftOutReason::NeedsDeep => "needs --deep".to_owned(),
            LeftOutReason::Option => "--no-experiments".to_owned(),
            LeftOutReason::NotPossible { says } => says.clone(),
        };
        page.words(&format!("{}: not tried: {why}", one.id));
    }
    page.label("");
}

fn questions(page: &mut Page, all: &Experiments) {
    for one in &all.questions {
        let asked = format!("{} {}", one.exchange.kind, one.exchange.name);
        let answer = match one.exchange.answer() {
            Some(answer) if answer.rcode == Rcode::NoError && !answer.records.is_empty() => {
                let data: Vec<&str> = answer.records.iter().map(|r| r.data.as_str()).collect();
                data.join(", ")
            }
            _ => words::dns_outcome(&one.exchange.outcome),
        };
        page.words(&format!("{}: {}: {asked}: {answer}, {} ms", one.id, one.resolver, one.took_ms));
    }
}

fn handshakes(page: &mut Page, all: &Experiments, walked: Option<IpAddr>) {
    for one in &all.handshakes {
        let elsewhere = one.address.filter(|address| {
            walked.is_some_and(|walked| walked != *address)
                && !matches!(one.changed, Changed::OtherAddress { .. })
        });
        let at = elsewhere.map_or_else(String::new, |address| format!("at {address} "));
        let with = match &one.changed {
            Changed::SegmentSize { octets } => format!("segments of {octets} bytes"),
            Changed::SmallHello => "a ClientHello of one segment".to_owned(),
            Changed::Nothing => "the walk's own ClientHello".to_owned(),
            Changed::ServerName { name } => format!("SNI {name}"),
            Changed::OnlyVersion { version } => format!("{version} alone"),
            Changed::FirstOctet => "the first byte alone".to_owned(),
            Changed::OtherAddress { address } => format!("the address {address}"),
        };
        let ended = match &one.tls {
            None => words::tcp_outcome(&one.tcp),
            Some(tls) => words::handshake(&tls.outcome),
        };
        page.words(&format!("{}: {at}with {with}: {ended}, {} ms", one.id, one.took_ms));
    }
}

fn traces(page: &mut Page, all: &Experiments) {
    for trace in &all.traces {
        let probe = match trace.probe {
            TraceProbe::Syn => "SYN",
            TraceProbe::Udp => "UDP",
            TraceProbe::ClientHello => "ClientHello",
        };
        page.words(&format!("{}: {probe} towards {}", trace.id, trace.towards));
        for hop in &trace.hops {
            let seen = match &hop.seen {
                TraceSeen::Expired { from: Some(router) } => router.to_string(),
                TraceSeen::Expired { from: None } => "expired".to_owned(),
                TraceSeen::Icmp { icmp } => words::icmp(icmp),
                TraceSeen::Answered => "answered".to_owned(),
                TraceSeen::Reset => "reset".to_owned(),
                TraceSeen::Silent => "no answer".to_owned(),
                TraceSeen::NotSent { says } => says.clone(),
            };
            page.indented(2, &format!("{}: {seen}", hop.ttl));
            // Beyond the first life that reaches the end, all do.
            if hop.seen.reached(trace.towards.ip()) {
                break;
            }
        }
    }
}
