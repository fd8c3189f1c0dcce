//! What the additional questions to a resolver show. Facts only, no judgement.

use std::net::IpAddr;

use crate::diagnose::resolver_class::is_azure_private;
use crate::evidence::dns::{
    DnsOutcome, Exchange, QuestionType, Rcode, ResolverEvidence, Transport,
};
use crate::evidence::experiment::QuestionExperiment;
use crate::evidence::{Evidence, tunnel};

use super::{contradictions, resolver_view};

/// What works at a resolver that fails for the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Reachability {
    /// Unknown: it was not asked, or the answers do not decide.
    Unknown,
    /// It answers with checking disabled, and fails whenever it validates.
    ValidationFails,
    /// It answers the same question over TCP, and does not answer over UDP.
    TcpOnly,
    /// It was asked over TCP, as the C library does with `use-vc`, and answers only over UDP.
    UdpOnly,
    /// It answers for an uncached name in another zone: only this zone fails.
    OtherZonesOnly,
    /// It is up, and fails for every name that it must ask others for.
    OwnDataOnly,
    /// It does not answer at all, over UDP or TCP.
    Unanswered(TcpProbe),
    /// It refuses every question.
    RefusesEverything,
}

/// The result of a TCP connection to a silent resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum TcpProbe {
    /// The connection was refused: the machine is up, or a firewall answers for it.
    Refused,
    /// The connection was established, and no answer came.
    Connected,
    /// The connection was established, and then ended by the other side, without an answer.
    Closed,
    /// No reply.
    Silent,
}

/// The experiment's questions to this resolver, with their places in the evidence.
pub(in crate::diagnose) fn questions<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
    id: &'a str,
) -> impl Iterator<Item = (usize, &'a QuestionExperiment)> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(move |(_, tried)| tried.id == id && tried.resolver == r.address)
}

fn exchange<'a>(e: &'a Evidence, r: &'a ResolverEvidence, id: &'a str) -> Option<&'a Exchange> {
    questions(e, r, id).next().map(|(_, tried)| &tried.exchange)
}

/// The places of the experiments on this resolver in the evidence.
pub(in crate::diagnose) fn pointers(
    e: &Evidence,
    r: &ResolverEvidence,
    ids: &[&str],
) -> Vec<String> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(|(_, tried)| tried.resolver == r.address && ids.contains(&tried.id.as_str()))
        .map(|(index, _)| format!("/experiments/questions/{index}"))
        .collect()
}

/// Whether the resolver completed the lookup: the name exists, or its zone denies it.
fn is_resolved(exchange: Option<&Exchange>) -> bool {
    exchange.and_then(Exchange::answer).is_some_and(|answer| answer.rcode.is_answer())
}

fn is_silent(exchange: Option<&Exchange>) -> bool {
    exchange.is_some_and(|exchange| exchange.outcome == DnsOutcome::TimedOut && exchange.sent > 0)
}

fn has_rcode(exchange: Option<&Exchange>, rcode: &Rcode) -> bool {
    exchange.and_then(Exchange::answer).is_some_and(|answer| answer.rcode == *rcode)
}

/// Whether DNSSEC did not validate (RFC 8914).
fn fails_dnssec(exchange: Option<&Exchange>) -> bool {
    exchange
        .and_then(Exchange::answer)
        .is_some_and(|answer| answer.extended_errors.iter().any(|x| (5..=12).contains(&x.code)))
}

/// Whether the resolver itself gives DNSSEC as the reason for its SERVFAIL.
pub(in crate::diagnose) fn reports_dnssec_failure(r: &ResolverEvidence) -> bool {
    fails_dnssec(r.a.value())
}

/// What works at the resolver, by the experiments.
pub(super) fn reachability(e: &Evidence, r: &ResolverEvidence) -> Reachability {
    let a = r.a.value();
    let (root, own) = (exchange(e, r, "root-servers"), exchange(e, r, "local-name"));
    let (fresh, tcp) = (exchange(e, r, "uncached-name"), exchange(e, r, "over-tcp"));
    let answered = |x: Option<&Exchange>| x.and_then(Exchange::answer).is_some();
    let repeats = || questions(e, r, "repeat-query").map(|(_, tried)| &tried.exchange);
    if has_rcode(a, &Rcode::ServFail)
        && is_resolved(exchange(e, r, "without-validation"))
        && repeats().next().is_some()
        && repeats().all(|exchange| has_rcode(Some(exchange), &Rcode::ServFail))
    {
        return Reachability::ValidationFails;
    }
    if fails_dnssec(a) || fails_dnssec(fresh) {
        return Reachability::Unknown;
    }
    if is_silent(a) && a.is_some_and(|exchange| exchange.transport == Transport::Tcp) {
        let udp = e.experiments.questions.iter().filter(|t| t.resolver == r.address);
        let mut udp = udp.filter(|t| t.exchange.transport == Transport::Udp);
        let answered = udp.any(|t| t.exchange.answer().is_some());
        return if answered { Reachability::UdpOnly } else { Reachability::Unknown };
    }
    if is_silent(a) && tcp.is_some() {
        let plain: Vec<&Exchange> =
            questions(e, r, "without-edns").map(|(_, tried)| &tried.exchange).collect();
        let over_udp = [root, own, fresh].into_iter().any(answered)
            || questions(e, r, "local-name").any(|(_, tried)| tried.exchange.answer().is_some())
            || plain.iter().any(|exchange| exchange.answer().is_some())
            || r.aaaa.value().is_some_and(|exchange| exchange.answer().is_some());
        // Answers came from elsewhere, so they were not lost.
        let stray = a.is_some_and(|exchange| !exchange.stray.is_empty());
        if stray {
            return Reachability::Unknown;
        }
        if !over_udp && is_silent(root) {
            return match tcp.map(|exchange| &exchange.outcome) {
                _ if is_resolved(tcp) => Reachability::TcpOnly,
                Some(DnsOutcome::PortRefused) => Reachability::Unanswered(TcpProbe::Refused),
                // SYN, ACK and the question were sent: the connection was established.
                Some(DnsOutcome::TimedOut) if tcp.is_some_and(|x| x.sent > 1) => {
                    Reachability::Unanswered(TcpProbe::Connected)
                }
                // The same, and the stream ended: this machine's kernel refused nothing.
                Some(DnsOutcome::LocalError { errno: None, .. })
                    if tcp.is_some_and(|x| x.sent > 1) =>
                {
                    Reachability::Unanswered(TcpProbe::Closed)
                }
                Some(DnsOutcome::TimedOut) => Reachability::Unanswered(TcpProbe::Silent),
                _ => Reachability::Unknown,
            };
        }
        // UDP carries other answers, and this one comes over TCP: the zone is not the cause.
        if is_resolved(tcp) {
            return Reachability::Unknown;
        }
    }
    if is_resolved(fresh) {
        return Reachability::OtherZonesOnly;
    }
    if has_rcode(a, &Rcode::Refused) {
        let all = has_rcode(root, &Rcode::Refused)
            && (fresh.is_none() || has_rcode(fresh, &Rcode::Refused));
        return if all { Reachability::RefusesEverything } else { Reachability::Unknown };
    }
    // Its answer to a question that it need not forward is its own.
    let itself = questions(e, r, "local-name").any(|(_, tried)| tried.exchange.answer().is_some());
    let fails = has_rcode(fresh, &Rcode::ServFail);
    // After a late SERVFAIL there was no time left for another answer.
    let alike = (has_rcode(a, &Rcode::ServFail) && fails)
        || (is_silent(a) && (is_silent(fresh) || fails) && (itself || fails || is_resolved(root)));
    if alike {
        return Reachability::OwnDataOnly;
    }
    Reachability::Unknown
}

/// The addresses that the resolver gives with checking disabled.
pub(in crate::diagnose) fn unvalidated_addresses(
    e: &Evidence,
    r: &ResolverEvidence,
) -> Vec<IpAddr> {
    exchange(e, r, "without-validation").map(addresses).unwrap_or_default()
}

/// A made-up name for which the resolver gives one of `all`: its place in the evidence, the name,
/// the address.
pub(in crate::diagnose) fn wildcard_match<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
    all: &[IpAddr],
) -> Option<(usize, &'a str, IpAddr)> {
    questions(e, r, "uncached-name").find_map(|(index, tried)| {
        let address = addresses(&tried.exchange).into_iter().find(|a| all.contains(a))?;
        Some((index, tried.exchange.name.as_str(), address))
    })
}

/// What the resolver gave to the question as C libraries put it: without EDNS.
pub(in crate::diagnose) fn plain<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
    kind: QuestionType,
) -> Option<&'a Exchange> {
    let mut all = questions(e, r, "plain-question").map(|(_, tried)| &tried.exchange);
    all.find(|exchange| exchange.kind == kind)
}

/// Why TCP failed, where the answer to a plain question was truncated.
pub(in crate::diagnose) fn plain_cut_off<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<&'a str> {
    let mut all = questions(e, r, "plain-question").map(|(_, tried)| &tried.exchange);
    all.find_map(|exchange| match &exchange.outcome {
        DnsOutcome::TcpFailed { message, .. } => Some(message.as_str()),
        _ => None,
    })
}

/// The addresses that an exchange gave.
pub(in crate::diagnose) fn addresses(exchange: &Exchange) -> Vec<IpAddr> {
    exchange.answer().map(|answer| answer.chain(&exchange.name).addresses).unwrap_or_default()
}

/// The resolver's answer for the privatelink name, asked directly: name and addresses.
pub(in crate::diagnose) fn privatelink_name_answer<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<(&'a str, Vec<IpAddr>)> {
    let mut all = questions(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
    let exchange = all.find(|x| x.kind == QuestionType::A && x.answer().is_some())?;
    Some((&exchange.name, addresses(exchange)))
}

/// The aliases of the resolver's answer for the privatelink name, asked directly.
pub(in crate::diagnose) fn privatelink_name_aliases(
    e: &Evidence,
    r: &ResolverEvidence,
) -> Vec<String> {
    let mut all = questions(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
    let exchange = all.find(|x| x.kind == QuestionType::A && x.answer().is_some());
    let chain = |x: &Exchange| x.answer().map(|answer| answer.chain(&x.name).aliases);
    exchange.and_then(chain).unwrap_or_default()
}

/// The privatelink name that the resolver, asked directly, finds in the private zone: by its
/// private address, or because the zone answers that the name exists (NOERROR and the private
/// zone's SOA), which a cached public chain cannot give.
pub(in crate::diagnose) fn in_private_zone<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<(&'a str, Option<IpAddr>)> {
    // Azure's own alias must lead there: otherwise the zone's record is not for this name.
    let alias = r.privatelink_alias(&e.dns.name)?;
    record_in_private_zone(e, r).filter(|(name, _)| name.eq_ignore_ascii_case(&alias))
}

/// The same, whether or not the original name leads there: a record that was made for this name.
pub(in crate::diagnose) fn record_in_private_zone<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<(&'a str, Option<IpAddr>)> {
    if contradictions::of(e, r).is_some() {
        return None;
    }
    let private = |(name, all): (&'a str, Vec<IpAddr>)| {
        let address = all.into_iter().find(|a| tunnel::is_private(e, *a))?;
        Some((name, Some(address)))
    };
    privatelink_name_answer(e, r).and_then(private).or_else(|| {
        let all = questions(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
        let exchange = all.filter(|x| x.kind == QuestionType::Soa).find(|x| {
            x.answer().is_some_and(|answer| {
                answer.rcode == Rcode::NoError
                    && answer.records.is_empty()
                    && answer.soa.as_ref().is_some_and(is_azure_private)
            })
        })?;
        Some((exchange.name.as_str(), None))
    })
}

/// How the resolver fails for the privatelink zone, although it gives the original name a public
/// address: its rcode, or silence.
pub(in crate::diagnose) fn privatelink_fails<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<&'a str> {
    let given = r.addresses(&e.dns.name);
    if given.is_empty() || !given.iter().all(|a| resolver_view::could_be_public(*a)) {
        return None;
    }
    let fails = |exchange: &'a Exchange| match &exchange.outcome {
        DnsOutcome::TimedOut => Some("no answer"),
        DnsOutcome::Answered { answer }
            if matches!(answer.rcode, Rcode::ServFail | Rcode::Refused) =>
        {
            Some(answer.rcode.as_str())
        }
        _ => None,
    };
    let zone = fails(r.zone_soa.value()?)?;
    let names = || questions(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
    // A device that drops one kind of question, and a resolver that refuses it, are no failing zone:
    // the SOA of the public suffix must be answered. A loss needs a second one.
    let parent = exchange(e, r, "parent-zone");
    let is_lost = zone == "no answer";
    if !is_resolved(parent) && (is_lost || parent.is_some()) {
        return None;
    }
    if is_lost && !names().any(|exchange| fails(exchange).is_some()) {
        return None;
    }
    // The public address of the privatelink name may come from a cache.
    let cached = |exchange: &Exchange| {
        let all = addresses(exchange);
        !all.is_empty() && all.iter().all(|a| given.contains(a))
    };
    names().all(|exchange| fails(exchange).is_some() || cached(exchange)).then_some(zone)
}

/// A name of the account under another suffix that this resolver resolves privately.
pub(in crate::diagnose) fn private_sibling<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<(usize, &'a str, IpAddr)> {
    questions(e, r, "sibling-suffix").find_map(|(index, tried)| {
        let address = addresses(&tried.exchange).into_iter().find(|a| tunnel::is_private(e, *a))?;
        Some((index, tried.exchange.name.as_str(), address))
    })
}

/// The SOA that the resolver gives for the public suffix, asked directly.
pub(in crate::diagnose) fn suffix_soa<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<&'a crate::evidence::dns::Soa> {
    exchange(e, r, "parent-zone").and_then(Exchange::answer)?.soa.as_ref()
}

/// Whether the resolver denies the public suffix itself, which exists.
pub(in crate::diagnose) fn suffix_denied(e: &Evidence, r: &ResolverEvidence) -> bool {
    has_rcode(exchange(e, r, "parent-zone"), &Rcode::NxDomain)
}

/// Whether questions with EDNS are lost and plain ones answered: at least three with EDNS, none
/// answered.
pub(in crate::diagnose) fn edns_dropped(e: &Evidence, r: &ResolverEvidence) -> bool {
    let all = || e.experiments.questions.iter().filter(|t| t.resolver == r.address);
    let udp = || all().filter(|t| t.exchange.transport == Transport::Udp);
    let sent = |t: &&QuestionExperiment| t.exchange.sent > 0;
    let with: Vec<_> = udp().filter(|t| t.edns).filter(sent).collect();
    let (answered, sent) = (with.iter().any(|t| t.exchange.answer().is_some()), with.len());
    let plain = udp().any(|t| t.id == "without-edns" && !t.edns && t.exchange.answer().is_some());
    r.a.value().is_some_and(|a| a.answer().is_some()) && plain && !answered && sent >= 3
}

/// The question under a search domain for which a resolver gives one of `system`, with its place.
pub(in crate::diagnose) fn search_domain_match<'a>(
    e: &'a Evidence,
    system: &[IpAddr],
) -> Option<(usize, &'a QuestionExperiment)> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(|(_, tried)| tried.id == "searched-name")
        .find(|(_, tried)| addresses(&tried.exchange).iter().any(|a| system.contains(a)))
}
