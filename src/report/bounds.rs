//! What a walk keeps, at most. A saved report with more was not made by a walk, and judging it could
//! take arbitrarily long.

use crate::evidence::dns::{DnsHop, DnsOutcome, Exchange};
use crate::evidence::http::HttpOutcome;
use crate::evidence::tcp::TcpHop;
use crate::evidence::tls::TlsHop;
use crate::evidence::{Evidence, Observed};

/// Records of one answer.
const RECORDS: usize = 64;
/// Resolvers that one name is asked of.
const RESOLVERS: usize = 64;
/// Addresses of one name, and attempts to connect.
const ADDRESSES: usize = 256;
/// Datagrams that were not the answer, and extended errors of one.
const STRAYS: usize = 8;
/// Further answers to one question.
const LATE: usize = 4;
/// Certificates of one chain.
const CERTIFICATES: usize = 10;
/// Names of one certificate.
const NAMES: usize = 50;
/// Calls of one walk.
const CALLS: usize = 16;
/// Headers of one answer.
const HEADERS: usize = 40;
/// Experiments of one kind.
const EXPERIMENTS: usize = 256;
/// Requests on the way to a token.
const REQUESTS: usize = 64;

/// The first list that is longer than a walk makes it, as text.
pub(super) fn beyond(e: &Evidence) -> Option<String> {
    let proxy = e.proxy.value();
    let direct = e.direct.value();
    let dns = [Some(&e.dns), proxy.and_then(|hop| hop.dns.value())];
    let tcp =
        [e.tcp.value(), proxy.and_then(|hop| hop.tcp.value()), direct.and_then(|d| d.tcp.value())];
    let tls = [e.tls.value(), direct.and_then(|d| d.tls.value())];
    let tried = &e.experiments;
    let kinds = [
        tried.questions.len(),
        tried.handshakes.len(),
        tried.connections.len(),
        tried.traces.len(),
        tried.clients.len(),
        tried.skipped.len(),
    ];
    let requests =
        e.identity.acquisition.as_ref().map(|how| how.requests.as_slice()).unwrap_or_default();
    dns.into_iter()
        .flatten()
        .find_map(names)
        .or_else(|| tcp.into_iter().flatten().find_map(connections))
        .or_else(|| tls.into_iter().flatten().find_map(chain))
        .or_else(|| calls(e))
        .or_else(|| kinds.into_iter().find_map(|n| more("experiments", n, EXPERIMENTS)))
        .or_else(|| tried.questions.iter().find_map(|one| exchange(&one.exchange)))
        .or_else(|| more("identity.acquisition.requests", requests.len(), REQUESTS))
        .or_else(|| requests.iter().filter_map(|r| r.path.as_deref()).find_map(beyond))
        .or_else(|| e.original.as_deref().and_then(beyond))
        .or_else(|| e.backend.as_deref().and_then(beyond))
}

fn more(what: &str, found: usize, most: usize) -> Option<String> {
    (found > most).then(|| format!("{what} has {found} elements, but a walk keeps at most {most}"))
}

fn names(hop: &DnsHop) -> Option<String> {
    let asked = |observed: &Observed<Exchange>| observed.value().and_then(exchange);
    more("dns.resolvers", hop.resolvers.len(), RESOLVERS)
        .or_else(|| more("dns.walked", hop.selected.len(), ADDRESSES))
        .or_else(|| more("dns.system", hop.system_addresses().len(), ADDRESSES))
        .or_else(|| hop.resolvers.iter().flat_map(|r| [&r.a, &r.aaaa, &r.zone_soa]).find_map(asked))
}

fn exchange(exchange: &Exchange) -> Option<String> {
    let message = match &exchange.outcome {
        DnsOutcome::Answered { answer } => Some(answer),
        DnsOutcome::TcpFailed { truncated, .. } => Some(truncated),
        _ => None,
    };
    more("the answer to a question", message.map_or(0, |m| m.records.len()), RECORDS)
        .or_else(|| more("extended_errors", message.map_or(0, |m| m.extended_errors.len()), STRAYS))
        .or_else(|| more("stray", exchange.stray.len(), STRAYS))
        .or_else(|| more("late", exchange.late.len(), LATE))
        .or_else(|| {
            let all = exchange.late.iter().map(|late| late.answer.records.len());
            all.max().and_then(|most| more("a late answer", most, RECORDS))
        })
}

fn connections(hop: &TcpHop) -> Option<String> {
    more("tcp.attempts", hop.attempts.len(), ADDRESSES)
}

fn chain(hop: &TlsHop) -> Option<String> {
    more("tls.chain", hop.chain.len(), CERTIFICATES)
        .or_else(|| hop.chain.iter().find_map(|one| more("names", one.names.len(), NAMES)))
}

fn calls(e: &Evidence) -> Option<String> {
    let calls = e.http.value().map(|hop| hop.calls.as_slice()).unwrap_or_default();
    let headers = |outcome: &HttpOutcome| match outcome {
        HttpOutcome::Answered { answer } => more("headers", answer.headers.len(), HEADERS),
        _ => None,
    };
    more("http.calls", calls.len(), CALLS)
        .or_else(|| calls.iter().find_map(|call| headers(&call.outcome)))
}
