//! Questions to the resolvers beside the walk's own.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use hickory_resolver::proto::op::Message;

use super::super::context::Context;
use super::{
    Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, Transport, millis, siblings,
};
use crate::evidence::dns::{DnsOutcome, Exchange};
use crate::evidence::experiment::TriedQuestion;
use crate::target::Target;
use crate::wire::dns::{self, Kind, QueryFlags, STRAYS_KEPT};

/// How often a question is repeated to see whether the answers stay the same: with one wrong
/// server of two behind an address, all six agree once in 32 times.
const REPEATS: usize = 5;
/// Domains of the search list that are tried.
const SEARCHED: usize = 3;

/// The experiments on names.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "root-servers",
        question: "does the resolver answer a question that every forwarder can answer (NS of the root)?",
        proves: &[
            ("dns-resolver-silent", "the root's name servers are not told either"),
            ("dns-refused", "the root's name servers are refused as well: it is not the name"),
        ],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails],
        probes: |_| vec![question(".", Kind::Ns, Transport::Udp)],
    },
    Experiment {
        id: "over-tcp",
        question: "does the resolver answer the same question over TCP?",
        proves: &[
            ("dns-udp-filtered", "TCP is answered, UDP is not"),
            ("dns-two-answers", "over TCP the resolver gives one of two answers: its own"),
        ],
        packets: 6,
        intrusiveness: Intrusiveness::Default,
        // A server that forwards in one thread stands still over a TCP question that its upstream
        // does not answer: it is put only where UDP gives nothing at all.
        due: &[Symptom::UdpSilent, Symptom::TwoAnswers],
        probes: |target| vec![question(&target.seen.host, Kind::A, Transport::Tcp)],
    },
    Experiment {
        id: "own-name",
        question: "does the resolver answer what it need not ask others for (localhost, RFC 6761; the root without recursion)?",
        proves: &[("dns-upstream-dead", "what it has itself is answered, every other is not")],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails],
        probes: |_| {
            vec![
                question("localhost", Kind::A, Transport::Udp),
                question(".", Kind::Ns, Transport::NonRecursive),
            ]
        },
    },
    Experiment {
        id: "uncached-name",
        question: "does the resolver answer for a name beside the service's zone that no cache holds?",
        proves: &[
            ("dns-zone-fails", "a fresh name of another zone is answered, this zone's are not"),
            ("dns-upstream-dead", "a fresh name of another zone fails in the same way"),
            ("dns-answers-everything", "a name that nobody has gets the service's address as well"),
        ],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails, Symptom::AddressInDoubt],
        probes: uncached,
    },
    Experiment {
        id: "without-validation",
        question: "does the resolver answer the same question with checking disabled (CD, RFC 4035)?",
        proves: &[("dns-validation-fails", "with checking disabled it is answered")],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverFails],
        probes: |target| vec![question(&target.seen.host, Kind::A, Transport::CheckingDisabled)],
    },
    Experiment {
        id: "without-edns",
        question: "does the resolver answer the question without EDNS, and the same one with it?",
        proves: &[("dns-edns-dropped", "plain it is answered, with EDNS it is not")],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent],
        probes: |target| {
            vec![
                question(&target.seen.host, Kind::A, Transport::NoEdns),
                question(&target.seen.host, Kind::A, Transport::Udp),
            ]
        },
    },
    Experiment {
        id: "ask-again",
        question: "does the same question get the same answer every time?",
        proves: &[("dns-answers-vary", "answers of different kinds to one question")],
        packets: REPEATS,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt, Symptom::ResolverFails, Symptom::SystemDiffers],
        probes: |target| vec![question(&target.seen.host, Kind::A, Transport::Udp); REPEATS],
    },
    Experiment {
        id: "privatelink-name",
        question: "what does the resolver give for the privatelink name asked by itself?",
        proves: &[(
            "dns-forwards-privatelink-only",
            "the privatelink name alone is private, the original is not",
        )],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt],
        probes: privatelink,
    },
    Experiment {
        id: "parent-zone",
        question: "whose is the zone of the public suffix that the resolver sees (its SOA)?",
        proves: &[("dns-parent-zone-shadowed", "the suffix is an Azure private zone there")],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt, Symptom::ResolverFails],
        probes: |target| {
            let suffix = target.seen.public_suffix.as_deref();
            suffix.map(|zone| question(zone, Kind::Soa, Transport::Udp)).into_iter().collect()
        },
    },
    Experiment {
        id: "sibling-suffix",
        question: "does the account's name under another suffix of the same resource resolve privately?",
        proves: &[("dns-suffix-left-out", "the sibling is private, this name is not")],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt],
        probes: |target| {
            let all = siblings(target);
            all.iter().map(|name| question(name, Kind::A, Transport::Udp)).collect()
        },
    },
    Experiment {
        id: "searched-name",
        question: "does a domain of the search list give the address that applications get?",
        proves: &[("dns-system-differs", "the name with a search domain has that address")],
        packets: SEARCHED,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::SystemDiffers],
        probes: |_| (0..SEARCHED).map(|place| Probe::SearchedName { place }).collect(),
    },
];

fn question(name: &str, kind: Kind, transport: Transport) -> Probe {
    Probe::Question { name: name.to_owned(), kind, transport }
}

/// A name that no cache holds, beside the zone that may be forwarded on its own: a new label,
/// for which the star stands, in the domain above the public suffix.
fn uncached(target: &Target) -> Vec<Probe> {
    let above = target.seen.public_suffix.as_deref().and_then(|suffix| suffix.split_once('.'));
    match above {
        Some((_, domain)) if domain.contains('.') => {
            vec![question(&format!("*.{domain}"), Kind::A, Transport::Udp)]
        }
        _ => Vec::new(),
    }
}

fn privatelink(target: &Target) -> Vec<Probe> {
    match (&target.seen.account, &target.seen.private_zone, &target.original_host) {
        (Some(account), Some(zone), None) => {
            let name = format!("{account}.{zone}");
            // The address may come from a cache that holds the public chain; the SOA does not.
            [Kind::A, Kind::Soa].map(|kind| question(&name, kind, Transport::Udp)).to_vec()
        }
        _ => Vec::new(),
    }
}

/// Puts the walked name with a domain of the search list behind it, where there is one.
pub(super) async fn searched(
    context: &Context<'_>,
    id: &'static str,
    server: SocketAddr,
    place: usize,
    timeout: Duration,
) -> ExperimentResult {
    let Some(domain) = context.world.resolver_config.search.get(place) else {
        return ExperimentResult::Nothing;
    };
    let name = format!("{}.{}", context.target.seen.host, domain.trim_end_matches('.'));
    ExperimentResult::Question(
        ask(context, id, server, &name, Kind::A, Transport::Udp, timeout).await,
    )
}

/// Puts one question; ends within `timeout`.
pub(super) async fn ask(
    context: &Context<'_>,
    id: &'static str,
    server: SocketAddr,
    name: &str,
    kind: Kind,
    transport: Transport,
    timeout: Duration,
) -> TriedQuestion {
    let fresh;
    let name = match name.strip_prefix('*') {
        Some(rest) => {
            let id = || Message::query().metadata.id;
            fresh = format!("x{:04x}{:04x}{:04x}{rest}", id(), id(), id());
            &fresh
        }
        None => name,
    };
    let until = Instant::now() + timeout;
    if transport != Transport::Tcp {
        context.pace.turn(server, timeout).await;
    }
    let started = context.since.elapsed();
    let exchange = put(context, server, name, kind, transport, until).await;
    if exchange.answer().is_some() {
        context.pace.heard(server);
    }
    TriedQuestion {
        id: id.to_owned(),
        resolver: server,
        edns: matches!(transport, Transport::Udp | Transport::CheckingDisabled | Transport::Tcp),
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        exchange,
    }
}

/// Puts a question, over UDP twice where the first one is not answered: from another port and
/// with another id, since one datagram is easily lost, and a device on the way may hold on to
/// what it made of the first.
async fn put(
    context: &Context<'_>,
    server: SocketAddr,
    name: &str,
    kind: Kind,
    transport: Transport,
    until: Instant,
) -> Exchange {
    let left = || until.saturating_duration_since(Instant::now());
    let flags = match transport {
        Transport::Tcp => return dns::over_tcp(server, name, kind, left()).await,
        Transport::Udp => QueryFlags::Edns,
        Transport::NoEdns => QueryFlags::NoEdns,
        Transport::NonRecursive => QueryFlags::NonRecursive,
        Transport::CheckingDisabled => QueryFlags::CheckingDisabled,
    };
    let mut first = pin!(dns::once(server, name, kind, flags, left()));
    let sent_again = Cell::new(0);
    let second = async {
        tokio::time::sleep(left() * 2 / 5).await;
        // One that has answered nothing at all is silent, which the walk's own repeats show.
        if !context.pace.has_heard(server) {
            return std::future::pending().await;
        }
        context.pace.turn(server, left()).await;
        sent_again.set(1);
        dns::once(server, name, kind, flags, left()).await
    };
    let mut second = pin!(second);
    let silent = |exchange: &Exchange| exchange.outcome == DnsOutcome::TimedOut;
    match select(first.as_mut(), second.as_mut()).await {
        Either::Left((first, second)) if silent(&first) && sent_again.get() > 0 => {
            both(first, second.await)
        }
        Either::Left((first, _)) => Exchange { sent: first.sent + sent_again.get(), ..first },
        Either::Right((second, first)) if silent(&second) => both(first.await, second),
        // The first one has sent its datagram, and has no answer.
        Either::Right((second, _)) => Exchange { sent: second.sent + 1, ..second },
    }
}

/// One question put twice: the answer, if one of them was answered, and what both cost.
fn both(first: Exchange, second: Exchange) -> Exchange {
    let sent = first.sent + second.sent;
    let (mut one, other) = match first.outcome {
        DnsOutcome::TimedOut => (second, first),
        _ => (first, second),
    };
    let room = STRAYS_KEPT.saturating_sub(one.stray.len());
    one.stray.extend(other.stray.into_iter().take(room));
    Exchange { sent, ..one }
}
