//! Further questions to the resolvers.

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
use crate::evidence::dns::{DnsOutcome, Exchange, QuestionType};
use crate::evidence::experiment::QuestionExperiment;
use crate::target::Target;
use crate::wire::dns::{self, QueryFlags, STRAYS_KEPT};

/// How often a question is repeated to see whether the answers stay the same: with one wrong
/// server of two behind an address, all six agree once in 32 times.
const REPEATS: usize = 5;
/// A repeat waits for the answer to the one before it, and for this part of the time at most: the last
/// one has half of it left.
const SHARE: u32 = 8;
/// When an expired answer is asked for again, in milliseconds: a resolver that gave it at once may have
/// a fresh one from then on, and no longer than the record's TTL.
const LATER_MS: [u64; 3] = [400, 1000, 2000];
/// Domains of the search list to try.
const SEARCHED: usize = 3;

/// The experiments on names.
pub(super) const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "root-servers",
        question: "does the resolver answer a question that any forwarder can answer (NS of the root)?",
        proves: &[
            ("dns-resolver-silent", "it does not return the root's name servers either"),
            (
                "dns-refused",
                "it refuses the question for the root's name servers as well, so the name is not the reason",
            ),
        ],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails],
        probes: |_| vec![question(".", QuestionType::Ns, Transport::Udp)],
    },
    Experiment {
        id: "over-tcp",
        question: "does the resolver answer the same question over TCP?",
        proves: &[
            ("dns-udp-filtered", "it answers over TCP and not over UDP"),
            ("dns-two-answers", "over TCP it returns one of the two answers: its own"),
            ("dns-transports-differ", "over TCP it returns another kind of address than over UDP"),
        ],
        packets: 6,
        intrusiveness: Intrusiveness::Default,
        // A single-threaded forwarder blocks on a TCP question that its upstream does not answer:
        // the question is sent only where UDP gets no answer at all, or an answer in time.
        due: &[
            Symptom::UdpSilent,
            Symptom::TwoAnswers,
            Symptom::NameInDoubt,
            Symptom::NotConnected,
        ],
        probes: |target| vec![question(&target.seen.host, QuestionType::A, Transport::Tcp)],
    },
    Experiment {
        id: "local-name",
        question: "does the resolver answer what it knows without asking another server (localhost, RFC 6761; the root without recursion)?",
        proves: &[("dns-upstream-dead", "it answers what it knows itself, and nothing else")],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails],
        probes: |_| {
            vec![
                question("localhost", QuestionType::A, Transport::Udp),
                question(".", QuestionType::Ns, Transport::NonRecursive),
            ]
        },
    },
    Experiment {
        id: "uncached-name",
        question: "does the resolver answer for a name outside the service's zone that no cache holds?",
        proves: &[
            (
                "dns-zone-fails",
                "an uncached name of another zone is answered, names of this zone are not",
            ),
            ("dns-upstream-dead", "an uncached name of another zone fails in the same way"),
            (
                "dns-answers-everything",
                "a name that does not exist gets the service's address as well",
            ),
        ],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent, Symptom::ResolverFails, Symptom::AddressInDoubt],
        probes: uncached,
    },
    Experiment {
        id: "without-validation",
        question: "does the resolver answer the same question with checking disabled (CD, RFC 4035)?",
        proves: &[("dns-validation-fails", "with checking disabled the question is answered")],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverFails],
        probes: |target| {
            vec![question(&target.seen.host, QuestionType::A, Transport::CheckingDisabled)]
        },
    },
    Experiment {
        id: "without-edns",
        question: "does the resolver answer the question without EDNS, and with it?",
        proves: &[("dns-edns-dropped", "the question is answered without EDNS and not with it")],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::ResolverSilent],
        probes: |target| {
            vec![
                question(&target.seen.host, QuestionType::A, Transport::NoEdns),
                question(&target.seen.host, QuestionType::A, Transport::Udp),
            ]
        },
    },
    Experiment {
        id: "plain-question",
        question: "does the resolver answer the question as C libraries put it: without EDNS, and over TCP where the answer is truncated?",
        proves: &[
            ("dns-tcp-blocked", "the answer is truncated without EDNS, and TCP fails"),
            (
                "dns-edns-differs",
                "the answer without EDNS is another one, and applications get that one",
            ),
        ],
        packets: 14,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::SystemFails, Symptom::SystemDiffers],
        probes: |target| {
            [QuestionType::A, QuestionType::Aaaa]
                .map(|kind| question(&target.seen.host, kind, Transport::Plain))
                .to_vec()
        },
    },
    Experiment {
        id: "repeat-query",
        question: "does the same question get the same answer every time?",
        proves: &[("dns-answers-vary", "the same question gets answers of different kinds")],
        packets: REPEATS,
        intrusiveness: Intrusiveness::Default,
        due: &[
            Symptom::NameInDoubt,
            Symptom::ResolverFails,
            Symptom::AnswersContradict,
            Symptom::AnswerExpired,
            Symptom::SystemFails,
            Symptom::SystemDiffers,
            Symptom::NotConnected,
        ],
        probes: |target| {
            vec![question(&target.seen.host, QuestionType::A, Transport::Udp); REPEATS]
        },
    },
    Experiment {
        id: "later-query",
        question: "has the resolver's answer still expired when its upstream has had time to answer?",
        proves: &[("dns-answer-expired", "each later answer is an expired one too")],
        packets: LATER_MS.len(),
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::AnswerExpired],
        probes: |target| {
            let later = |ms: &u64| Probe::LaterQuestion {
                name: target.seen.host.clone(),
                kind: QuestionType::A,
                wait: Duration::from_millis(*ms),
            };
            LATER_MS.iter().map(later).collect()
        },
    },
    Experiment {
        id: "privatelink-name",
        question: "what does the resolver return for the privatelink name itself?",
        proves: &[
            (
                "dns-forwards-privatelink-only",
                "the privatelink name resolves privately, the original name does not",
            ),
            ("dns-name-not-found", "the private zone has the record of a name that is denied"),
            ("dns-no-address", "the privatelink name has the address that the name lacks"),
            ("dns-own-record", "the privatelink name has another private address than the name"),
        ],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt, Symptom::AddressInDoubt],
        probes: privatelink,
    },
    Experiment {
        id: "parent-zone",
        question: "which zone serves the public suffix at this resolver (its SOA)?",
        proves: &[("dns-parent-zone-shadowed", "an Azure private zone serves the suffix there")],
        packets: 1,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt, Symptom::ResolverFails],
        probes: |target| {
            let suffix = target.seen.public_suffix.as_deref();
            suffix
                .map(|zone| question(zone, QuestionType::Soa, Transport::Udp))
                .into_iter()
                .collect()
        },
    },
    Experiment {
        id: "sibling-suffix",
        question: "does the account's name under another suffix of the same resource resolve privately?",
        proves: &[(
            "dns-suffix-left-out",
            "the sibling name resolves privately, this name does not",
        )],
        packets: 2,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::NameInDoubt],
        probes: |target| {
            let all = siblings(target);
            all.iter().map(|name| question(name, QuestionType::A, Transport::Udp)).collect()
        },
    },
    Experiment {
        id: "searched-name",
        question: "does the name with a domain of the search list have the address that applications get?",
        proves: &[("dns-system-differs", "the name with a search domain has that address")],
        packets: SEARCHED,
        intrusiveness: Intrusiveness::Default,
        due: &[Symptom::SystemDiffers],
        probes: |_| (0..SEARCHED).map(|place| Probe::SearchedName { place }).collect(),
    },
];

fn question(name: &str, kind: QuestionType, transport: Transport) -> Probe {
    Probe::Question { name: name.to_owned(), kind, transport }
}

/// A name that no cache holds, outside the zone that may be forwarded on its own: a random label,
/// written as a star here, in the domain above the public suffix.
fn uncached(target: &Target) -> Vec<Probe> {
    let above = target.seen.public_suffix.as_deref().and_then(|suffix| suffix.split_once('.'));
    match above {
        Some((_, domain)) if domain.contains('.') => {
            vec![question(&format!("*.{domain}"), QuestionType::A, Transport::Udp)]
        }
        _ => Vec::new(),
    }
}

fn privatelink(target: &Target) -> Vec<Probe> {
    match (&target.private_name, &target.original_host) {
        (Some(name), None) => {
            // The address may come from a cache that holds the public chain; the SOA does not.
            [QuestionType::A, QuestionType::Soa]
                .map(|kind| question(name, kind, Transport::Udp))
                .to_vec()
        }
        _ => Vec::new(),
    }
}

/// Asks for the name of the target followed by a domain of the search list, if there is one.
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
        ask(context, id, server, &name, QuestionType::A, Transport::Udp, timeout).await,
    )
}

/// Asks one question; ends within `timeout`.
pub(super) async fn ask(
    context: &Context<'_>,
    id: &'static str,
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    transport: Transport,
    timeout: Duration,
) -> QuestionExperiment {
    let random;
    let name = match name.strip_prefix('*') {
        Some(rest) => {
            let id = || Message::query().metadata.id;
            random = format!("x{:04x}{:04x}{:04x}{rest}", id(), id(), id());
            &random
        }
        None => name,
    };
    let until = Instant::now() + timeout;
    let alone = context.pace.alone(server, format!("{kind} {name} {transport:?}")).await;
    if transport != Transport::Tcp {
        context.pace.turn(server, timeout).await;
    }
    let started = context.since.elapsed();
    let mut asked = pin!(ask_with_repeat(context, server, name, kind, transport, until));
    let exchange = match tokio::time::timeout(timeout / SHARE, asked.as_mut()).await {
        Ok(exchange) => exchange,
        Err(_) => {
            drop(alone);
            asked.await
        }
    };
    if exchange.answer().is_some() {
        context.pace.heard(server);
    }
    QuestionExperiment {
        id: id.to_owned(),
        resolver: server,
        edns: matches!(transport, Transport::Udp | Transport::CheckingDisabled | Transport::Tcp),
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        exchange,
    }
}

/// Asks a question; over UDP it is repeated if it is not answered, from another port and with another
/// id, since one datagram is easily lost and a device on the way may keep state about the first.
async fn ask_with_repeat(
    context: &Context<'_>,
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    transport: Transport,
    until: Instant,
) -> Exchange {
    let left = || until.saturating_duration_since(Instant::now());
    let flags = match transport {
        Transport::Tcp => return dns::over_tcp(server, name, kind, left()).await,
        Transport::Plain => return dns::plain(server, name, kind, left()).await,
        Transport::Udp => QueryFlags::Edns,
        Transport::NoEdns => QueryFlags::NoEdns,
        Transport::NonRecursive => QueryFlags::NonRecursive,
        Transport::CheckingDisabled => QueryFlags::CheckingDisabled,
    };
    let mut first = pin!(dns::once(server, name, kind, flags, left()));
    let sent_again = Cell::new(0);
    let second = async {
        tokio::time::sleep(left() * 2 / 5).await;
        // A resolver that has answered nothing at all is silent: the walk's own repeats show that.
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
        // The first one has sent its datagram and got no answer.
        Either::Right((second, _)) => Exchange { sent: second.sent + 1, ..second },
    }
}

/// One question asked twice: the answer, if either got one, and the cost of both.
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
