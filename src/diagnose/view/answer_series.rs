//! The answers that one resolver gave to the same question, each transport by itself: what leads UDP
//! and TCP to different servers is another fault than a server that changes its answer.

use std::net::IpAddr;

use crate::evidence::dns::{Answer, Exchange, Rcode, ResolverEvidence, Transport};
use crate::evidence::{Evidence, classify};

use super::dns_experiments::questions;
use super::{contradictions, resolver_view};

/// The kind of an answer, as far as repeats of a question must agree. Public addresses may differ:
/// traffic managers rotate them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnose) enum AnswerKind {
    /// Private addresses: answers with one in common are of one kind.
    Private(Vec<IpAddr>),
    Outside,
    NoAddress,
    Fails,
}

impl AnswerKind {
    /// Whether its addresses are private.
    pub(in crate::diagnose) const fn is_private(&self) -> bool {
        matches!(self, Self::Private(_))
    }

    /// The kind in words, to follow "gives", as one of `all`: the addresses where two are private.
    pub(in crate::diagnose) fn describe(&self, all: &[Self]) -> String {
        let another = |kind: &&Self| kind.is_private() && *kind != self;
        match self {
            Self::Private(own) if all.iter().any(|kind| another(&kind)) => {
                own.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
            }
            Self::Private(_) => "a private address".to_owned(),
            Self::Outside => "a public address".to_owned(),
            Self::NoAddress => "no address".to_owned(),
            Self::Fails => "an error".to_owned(),
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Private(one), Self::Private(other)) => one.iter().any(|a| other.contains(a)),
            _ => self == other,
        }
    }
}

fn kind(answer: &Answer, name: &str) -> Option<AnswerKind> {
    let addresses = answer.chain(name).addresses;
    // Servers under load answer truncated, so that the client repeats the question over TCP.
    if answer.truncated {
        return None;
    }
    match &answer.rcode {
        Rcode::NoError | Rcode::NxDomain if addresses.is_empty() => Some(AnswerKind::NoAddress),
        Rcode::NoError if addresses.iter().all(|a| classify(*a).is_private()) => {
            Some(AnswerKind::Private(addresses))
        }
        Rcode::NoError if addresses.iter().all(|a| resolver_view::could_be_public(*a)) => {
            Some(AnswerKind::Outside)
        }
        Rcode::ServFail | Rcode::Refused => Some(AnswerKind::Fails),
        _ => None,
    }
}

/// The kinds of the answers to the A question, in order.
struct Series {
    /// Over the transport of the walk's own answer, which is the first of them.
    own: Vec<AnswerKind>,
    /// Over the other one.
    other: Vec<AnswerKind>,
    /// The transport of the walk's own answer.
    transport: Transport,
}

/// Silence has no kind, and an error has one only where the walk's own question got it: repeats may
/// meet a rate limit.
fn series(e: &Evidence, r: &ResolverEvidence) -> Option<Series> {
    let first = r.a.value().filter(|exchange| exchange.answer().is_some())?;
    let asked = ["repeat-query", "over-tcp"].into_iter().flat_map(|id| questions(e, r, id));
    let all = std::iter::once(first).chain(asked.map(|(_, tried)| &tried.exchange));
    // An expired answer may differ from the fresh one after it, from the same server.
    let expired = |exchange: &&Exchange| exchange.answer().is_some_and(Answer::is_expired);
    let all: Vec<&Exchange> = all.collect();
    let every = all.iter().all(|exchange| exchange.answer().is_none() || expired(exchange));
    let all = all.into_iter().filter(|exchange| every || !expired(exchange));
    let mut series = Series { own: Vec::new(), other: Vec::new(), transport: first.transport };
    let mut known: Vec<AnswerKind> = Vec::new();
    for exchange in all {
        let Some(kind) = exchange.answer().and_then(|answer| kind(answer, &e.dns.name)) else {
            continue;
        };
        let kind = known.iter().find(|one| one.same(&kind)).cloned().unwrap_or(kind);
        known.push(kind.clone());
        let over = if exchange.transport == series.transport {
            &mut series.own
        } else {
            &mut series.other
        };
        over.push(kind);
    }
    if series.own.first() != Some(&AnswerKind::Fails) {
        series.own.retain(|kind| *kind != AnswerKind::Fails);
    }
    series.other.retain(|kind| *kind != AnswerKind::Fails);
    Some(series)
}

fn uniform(kinds: &[AnswerKind]) -> bool {
    kinds.iter().all(|kind| Some(kind) == kinds.first())
}

/// The kinds of the answers over one transport, the walk's own first, where they are not all the same.
pub(in crate::diagnose) fn varying(e: &Evidence, r: &ResolverEvidence) -> Option<Vec<AnswerKind>> {
    let series = series(e, r)?;
    [series.own, series.other].into_iter().find(|kinds| !uniform(kinds))
}

/// So many equal answers make one server likelier than several of which one is wrong: two of those agree
/// by chance once in eight times.
pub(in crate::diagnose) const STEADY: usize = 4;

/// How many answers the A question got over the walk's own transport, all of one kind; none where
/// they differ.
pub(in crate::diagnose) fn steady(e: &Evidence, r: &ResolverEvidence) -> usize {
    series(e, r).filter(|all| uniform(&all.own)).map_or(0, |all| all.own.len())
}

/// Whether one question got answers of different kinds, over one transport or over both, or answers
/// to several contradict each other: then answers to different questions cannot be compared.
pub(in crate::diagnose) fn differ(e: &Evidence, r: &ResolverEvidence) -> bool {
    varying(e, r).is_some() || by_transport(e, r).is_some() || contradictions::of(e, r).is_some()
}

/// The kinds of the answers over UDP and over TCP, where they differ and each transport agrees with
/// itself; the walk's own answer was repeated, since one may come from before a change of the record.
pub(in crate::diagnose) fn by_transport(
    e: &Evidence,
    r: &ResolverEvidence,
) -> Option<(AnswerKind, AnswerKind)> {
    // Two answers to one question over UDP are a fault of their own.
    if r.a.value().is_none_or(|own| !own.late.is_empty()) {
        return None;
    }
    let Series { own, other, transport } = series(e, r)?;
    if own.len() < 2 || !uniform(&own) || !uniform(&other) {
        return None;
    }
    let (own, other) = (own.into_iter().next()?, other.into_iter().next()?);
    if own == AnswerKind::Fails || own == other {
        return None;
    }
    Some(match transport {
        Transport::Udp => (own, other),
        Transport::Tcp => (other, own),
    })
}
