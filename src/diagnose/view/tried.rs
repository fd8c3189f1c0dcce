//! What the additional questions to a resolver tell. Facts only, no judgement.

use std::net::IpAddr;

use crate::diagnose::resolver_class::is_azure_private;
use crate::evidence::dns::{Answer, DnsOutcome, Exchange, Rcode, ResolverSeen, Transport};
use crate::evidence::experiment::TriedQuestion;
use crate::evidence::{Evidence, classify, tunnel};

use super::gives;

/// How far a resolver that fails for the name does its work for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Reach {
    /// Not asked, or the answers decide nothing.
    Unknown,
    /// It answers with checking disabled, and fails each time that it validates.
    Unvalidated,
    /// It answers the same question over TCP, and nothing over UDP.
    OverTcpAlone,
    /// It was asked over TCP, as the C library asks (`use-vc`), and answers over UDP alone.
    OverUdpAlone,
    /// It answers for a fresh name of another zone: this zone alone fails.
    OtherZones,
    /// It is there, and fails for every name that it must ask others for.
    NothingOfOthers,
    /// It answers nothing at all, over UDP or TCP.
    Nothing(Tcp),
    /// It refuses every question.
    RefusesAll,
}

/// What TCP to the port of a silent resolver gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Tcp {
    /// The connection was refused: the machine is there, or a firewall speaks for it.
    Refused,
    /// The connection stood, and no answer came.
    Stood,
    /// Nothing.
    Silent,
}

/// The experiment's questions to this resolver, with their places.
pub(in crate::diagnose) fn at<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
    id: &'a str,
) -> impl Iterator<Item = (usize, &'a TriedQuestion)> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(move |(_, tried)| tried.id == id && tried.resolver == r.address)
}

fn one<'a>(e: &'a Evidence, r: &'a ResolverSeen, id: &'a str) -> Option<&'a Exchange> {
    at(e, r, id).next().map(|(_, tried)| &tried.exchange)
}

/// Where the experiments on this resolver stand in the evidence.
pub(in crate::diagnose) fn pointers(e: &Evidence, r: &ResolverSeen, ids: &[&str]) -> Vec<String> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(|(_, tried)| tried.resolver == r.address && ids.contains(&tried.id.as_str()))
        .map(|(index, _)| format!("/experiments/questions/{index}"))
        .collect()
}

/// A name was found, or its zone said that there is none: the resolver did its work.
fn did_its_work(exchange: Option<&Exchange>) -> bool {
    exchange.and_then(Exchange::answer).is_some_and(|answer| answer.rcode.is_answer())
}

fn silent(exchange: Option<&Exchange>) -> bool {
    exchange.is_some_and(|exchange| exchange.outcome == DnsOutcome::TimedOut && exchange.sent > 0)
}

fn says(exchange: Option<&Exchange>, rcode: &Rcode) -> bool {
    exchange.and_then(Exchange::answer).is_some_and(|answer| answer.rcode == *rcode)
}

/// DNSSEC did not validate (RFC 8914): no word about who is reached.
fn bogus(exchange: Option<&Exchange>) -> bool {
    exchange
        .and_then(Exchange::answer)
        .is_some_and(|answer| answer.extended_errors.iter().any(|x| (5..=12).contains(&x.code)))
}

/// Whether the resolver itself says that its SERVFAIL is for DNSSEC.
pub(in crate::diagnose) fn says_bogus(r: &ResolverSeen) -> bool {
    bogus(r.a.saw())
}

/// How far the resolver reaches, by the experiments on it.
pub(super) fn reach(e: &Evidence, r: &ResolverSeen) -> Reach {
    let a = r.a.saw();
    let (root, own) = (one(e, r, "root-servers"), one(e, r, "own-name"));
    let (fresh, tcp) = (one(e, r, "uncached-name"), one(e, r, "over-tcp"));
    let answered = |x: Option<&Exchange>| x.and_then(Exchange::answer).is_some();
    let repeats = || at(e, r, "ask-again").map(|(_, tried)| &tried.exchange);
    if says(a, &Rcode::ServFail)
        && did_its_work(one(e, r, "without-validation"))
        && repeats().next().is_some()
        && repeats().all(|exchange| says(Some(exchange), &Rcode::ServFail))
    {
        return Reach::Unvalidated;
    }
    if bogus(a) || bogus(fresh) {
        return Reach::Unknown;
    }
    if silent(a) && a.is_some_and(|exchange| exchange.transport == Transport::Tcp) {
        let udp = e.experiments.questions.iter().filter(|t| t.resolver == r.address);
        let mut udp = udp.filter(|t| t.exchange.transport == Transport::Udp);
        let answered = udp.any(|t| t.exchange.answer().is_some());
        return if answered { Reach::OverUdpAlone } else { Reach::Unknown };
    }
    if silent(a) && tcp.is_some() {
        let plain: Vec<&Exchange> =
            at(e, r, "without-edns").map(|(_, tried)| &tried.exchange).collect();
        let over_udp = [root, own, fresh].into_iter().any(answered)
            || at(e, r, "own-name").any(|(_, tried)| tried.exchange.answer().is_some())
            || plain.iter().any(|exchange| exchange.answer().is_some())
            || r.aaaa.saw().is_some_and(|exchange| exchange.answer().is_some());
        // Answers that came from elsewhere were sent, and not lost.
        let stray = a.is_some_and(|exchange| !exchange.stray.is_empty());
        if stray {
            return Reach::Unknown;
        }
        if !over_udp && silent(root) {
            return match tcp.map(|exchange| &exchange.outcome) {
                _ if did_its_work(tcp) => Reach::OverTcpAlone,
                Some(DnsOutcome::PortRefused) => Reach::Nothing(Tcp::Refused),
                // SYN, ACK and the question: the connection stood.
                Some(DnsOutcome::TimedOut) if tcp.is_some_and(|x| x.sent > 1) => {
                    Reach::Nothing(Tcp::Stood)
                }
                Some(DnsOutcome::TimedOut) => Reach::Nothing(Tcp::Silent),
                _ => Reach::Unknown,
            };
        }
        // UDP carries other answers, and this one comes over TCP: it is not the zone.
        if did_its_work(tcp) {
            return Reach::Unknown;
        }
    }
    if did_its_work(fresh) {
        return Reach::OtherZones;
    }
    if says(a, &Rcode::Refused) {
        let all = says(root, &Rcode::Refused) && (fresh.is_none() || says(fresh, &Rcode::Refused));
        return if all { Reach::RefusesAll } else { Reach::Unknown };
    }
    // Whatever it says to a question that it need not ask others for, it says itself.
    let itself = at(e, r, "own-name").any(|(_, tried)| tried.exchange.answer().is_some());
    let fails = says(fresh, &Rcode::ServFail);
    // After a late SERVFAIL there was no time left for another to be told.
    let alike = (says(a, &Rcode::ServFail) && fails)
        || (silent(a) && (silent(fresh) || fails) && (itself || fails || did_its_work(root)));
    if alike {
        return Reach::NothingOfOthers;
    }
    Reach::Unknown
}

/// What kind of answer a question got, as far as repeats of it must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::diagnose) enum Kind {
    Private,
    Outside,
    NoAddress,
    Fails,
}

impl Kind {
    /// In words, after "gives".
    pub(in crate::diagnose) const fn words(self) -> &'static str {
        match self {
            Self::Private => "a private address",
            Self::Outside => "a public address",
            Self::NoAddress => "no address",
            Self::Fails => "an error",
        }
    }
}

fn kind(answer: &Answer, name: &str) -> Option<Kind> {
    let addresses = answer.chain(name).addresses;
    // Servers that are asked often answer truncated, to have the question put over TCP.
    if answer.truncated {
        return None;
    }
    match &answer.rcode {
        Rcode::NoError | Rcode::NxDomain if addresses.is_empty() => Some(Kind::NoAddress),
        Rcode::NoError if addresses.iter().all(|a| classify(*a).is_private()) => {
            Some(Kind::Private)
        }
        Rcode::NoError if addresses.iter().all(|a| gives::is_outside(*a)) => Some(Kind::Outside),
        Rcode::ServFail | Rcode::Refused => Some(Kind::Fails),
        _ => None,
    }
}

/// What the resolver gives for the name with checking disabled.
pub(in crate::diagnose) fn unvalidated(e: &Evidence, r: &ResolverSeen) -> Vec<IpAddr> {
    one(e, r, "without-validation").map(addresses).unwrap_or_default()
}

/// A fresh name that nobody has and one of `all` that the resolver gives for it, with its place.
pub(in crate::diagnose) fn invented<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
    all: &[IpAddr],
) -> Option<(usize, &'a str, IpAddr)> {
    at(e, r, "uncached-name").find_map(|(index, tried)| {
        let address = addresses(&tried.exchange).into_iter().find(|a| all.contains(a))?;
        Some((index, tried.exchange.name.as_str(), address))
    })
}

/// The kinds of all answers to the A question, the walk's own first; silence is none, and an
/// error is one only where the walk's own question got it: repeats may meet a rate limit.
pub(in crate::diagnose) fn kinds(e: &Evidence, r: &ResolverSeen) -> Vec<Kind> {
    let own = r.a.saw().and_then(Exchange::answer);
    let repeats = at(e, r, "ask-again").filter_map(|(_, tried)| tried.exchange.answer());
    let kinds = own.into_iter().chain(repeats).filter_map(|answer| kind(answer, &e.dns.name));
    let mut kinds: Vec<Kind> = kinds.collect();
    if kinds.first() != Some(&Kind::Fails) {
        kinds.retain(|kind| *kind != Kind::Fails);
    }
    kinds
}

/// Whether the resolver answers the same question in different kinds.
pub(in crate::diagnose) fn varies(e: &Evidence, r: &ResolverSeen) -> bool {
    let kinds = kinds(e, r);
    kinds.iter().any(|kind| Some(kind) != kinds.first())
}

fn addresses(exchange: &Exchange) -> Vec<IpAddr> {
    exchange.answer().map(|answer| answer.chain(&exchange.name).addresses).unwrap_or_default()
}

/// What the resolver gives for the privatelink name asked by itself: name and addresses.
pub(in crate::diagnose) fn privatelink_alone<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
) -> Option<(&'a str, Vec<IpAddr>)> {
    let mut all = at(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
    let exchange = all.find(|x| x.kind == "A" && x.answer().is_some())?;
    Some((&exchange.name, addresses(exchange)))
}

/// The privatelink name that the resolver finds in the private zone when it is asked by itself:
/// by its private address, or by the zone's word that the name is there (NOERROR and the private
/// zone's SOA), which no cached public chain can give.
pub(in crate::diagnose) fn in_private_zone<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
) -> Option<(&'a str, Option<IpAddr>)> {
    // Azure's own alias must lead there: else the zone's record is not what the name means.
    let alias = r.privatelink_alias(&e.dns.name)?;
    let private = |(name, all): (&'a str, Vec<IpAddr>)| {
        let address = all.into_iter().find(|a| tunnel::is_private(e, *a))?;
        Some((name, Some(address)))
    };
    privatelink_alone(e, r)
        .and_then(private)
        .or_else(|| {
            let all = at(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
            let exchange = all.filter(|x| x.kind == "SOA").find(|x| {
                x.answer().is_some_and(|answer| {
                    answer.rcode == Rcode::NoError
                        && answer.records.is_empty()
                        && answer.soa.as_ref().is_some_and(is_azure_private)
                })
            })?;
            Some((exchange.name.as_str(), None))
        })
        .filter(|(name, _)| name.eq_ignore_ascii_case(&alias))
}

/// How the resolver fails for the privatelink zone, although it gives the original name a
/// public address: by its rcode, or with silence.
pub(in crate::diagnose) fn privatelink_fails<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
) -> Option<&'a str> {
    let given = r.addresses(&e.dns.name);
    if given.is_empty() || !given.iter().all(|a| gives::is_outside(*a)) {
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
    let zone = fails(r.zone_soa.saw()?)?;
    let names = || at(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
    // A device that drops one kind of question is no zone that fails: the SOA of the public
    // suffix must be answered.
    let parent = did_its_work(one(e, r, "parent-zone"));
    if zone == "no answer" && !(parent && names().any(|exchange| fails(exchange).is_some())) {
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
    r: &'a ResolverSeen,
) -> Option<(usize, &'a str, IpAddr)> {
    at(e, r, "sibling-suffix").find_map(|(index, tried)| {
        let address = addresses(&tried.exchange).into_iter().find(|a| tunnel::is_private(e, *a))?;
        Some((index, tried.exchange.name.as_str(), address))
    })
}

/// The SOA that the resolver gives for the public suffix asked by itself.
pub(in crate::diagnose) fn parent_soa<'a>(
    e: &'a Evidence,
    r: &'a ResolverSeen,
) -> Option<&'a crate::evidence::dns::Soa> {
    one(e, r, "parent-zone").and_then(Exchange::answer)?.soa.as_ref()
}

/// Whether the resolver denies the public suffix itself, which is there for everybody.
pub(in crate::diagnose) fn parent_denied(e: &Evidence, r: &ResolverSeen) -> bool {
    says(one(e, r, "parent-zone"), &Rcode::NxDomain)
}

/// Whether questions with EDNS vanish where the plain one is answered: three with it, of which
/// none was.
pub(in crate::diagnose) fn edns_dropped(e: &Evidence, r: &ResolverSeen) -> bool {
    let all = || e.experiments.questions.iter().filter(|t| t.resolver == r.address);
    let udp = || all().filter(|t| t.exchange.transport == Transport::Udp);
    let with: Vec<_> = udp().filter(|t| t.edns).collect();
    let (answered, sent) = (with.iter().any(|t| t.exchange.answer().is_some()), with.len());
    let plain = udp().any(|t| t.id == "without-edns" && !t.edns && t.exchange.answer().is_some());
    r.a.saw().is_some_and(|a| a.answer().is_some()) && plain && !answered && sent >= 3
}

/// The search domain under which a resolver gives one of `system`, with its place.
pub(in crate::diagnose) fn searched<'a>(
    e: &'a Evidence,
    system: &[IpAddr],
) -> Option<(usize, &'a TriedQuestion)> {
    let all = e.experiments.questions.iter().enumerate();
    all.filter(|(_, tried)| tried.id == "searched-name")
        .find(|(_, tried)| addresses(&tried.exchange).iter().any(|a| system.contains(a)))
}
