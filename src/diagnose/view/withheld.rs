//! A resolver that keeps private addresses back (protection against DNS rebinding) and denies the name,
//! fails, refuses or says nothing in their place (facts D188, D220). Those that empty the answer look
//! like a record set without addresses.

use crate::diagnose::resolver_class::is_azure_private;
use crate::evidence::Evidence;
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, QuestionType, Rcode, ResolverEvidence, Soa,
};

use super::answer_series::{STEADY, steady};
use super::contradictions::is_microsoft_zone;
use super::dns_experiments::questions;

/// What the A question gets in place of the answer with the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Withheld<'a> {
    /// This rcode, each time.
    Denied(&'a Rcode),
    /// No answer, each time.
    Dropped,
}

/// What the A question gets, where the zone itself knows the name by the same resolver's word: the
/// AAAA question gets the zone's empty answer, and so do questions for other types, each time.
pub(in crate::diagnose) fn by_filter<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<Withheld<'a>> {
    let aaaa = r.aaaa.value().and_then(Exchange::answer)?;
    if !knows_name(e, r, aaaa) {
        return None;
    }
    let a = r.a.value()?;
    match a.answer() {
        Some(answer) if denies(&e.dns.name, answer) && alike(e, r) && steady(e, r) >= STEADY => {
            Some(Withheld::Denied(&answer.rcode))
        }
        None if unanswered(a) && a.sent > 1 && drops_this_alone(e, r) => Some(Withheld::Dropped),
        _ => None,
    }
}

/// Whether the answer says that the name has no address, or is refused, without a word of its zone.
fn denies(name: &str, answer: &Answer) -> bool {
    let last = answer.chain(name).aliases.pop();
    matches!(answer.rcode, Rcode::NxDomain | Rcode::ServFail | Rcode::Refused)
        && !answer.soa_holds(last.as_deref().unwrap_or(name))
}

/// Whether the AAAA question gets the zone's word that the name exists, without an address. Where that
/// answer names no zone, the one about the privatelink name has to.
fn knows_name(e: &Evidence, r: &ResolverEvidence, aaaa: &Answer) -> bool {
    let chain = aaaa.chain(&e.dns.name);
    let last = chain.aliases.last().unwrap_or(&e.dns.name);
    let own = |soa: &Soa| is_azure_private(soa) || !is_microsoft_zone(soa);
    let zone_says = |answer: &Answer, name: &str| {
        answer.rcode == Rcode::NoError
            && answer.soa.as_ref().is_some_and(own)
            && answer.soa_holds(name)
    };
    let said_elsewhere = || {
        questions(e, r, "privatelink-name").any(|(_, tried)| {
            tried.exchange.name.eq_ignore_ascii_case(last)
                && tried.exchange.kind == QuestionType::Soa
                && tried.exchange.answer().is_some_and(|answer| zone_says(answer, last))
        })
    };
    aaaa.rcode == Rcode::NoError
        && chain.addresses.is_empty()
        && (zone_says(aaaa, last) || aaaa.soa.is_none() && said_elsewhere())
}

/// Whether the additional questions for A are denied too, and those for other types are not.
fn alike(e: &Evidence, r: &ResolverEvidence) -> bool {
    let ids = ["privatelink-name", "over-tcp", "without-validation"];
    let mut others = ids.into_iter().flat_map(|id| questions(e, r, id));
    others.all(|(_, tried)| match (tried.exchange.answer(), tried.exchange.kind) {
        (Some(answer), QuestionType::A) => denies(&e.dns.name, answer),
        (Some(answer), _) => answer.rcode == Rcode::NoError,
        (None, _) => true,
    })
}

/// Whether A questions for other names are answered, and no A question for this one is.
fn drops_this_alone(e: &Evidence, r: &ResolverEvidence) -> bool {
    let of_name =
        ["without-edns", "over-tcp", "privatelink-name", "plain-question", "repeat-query"];
    let mut same = of_name.into_iter().flat_map(|id| questions(e, r, id));
    let mut others = questions(e, r, "uncached-name");
    same.all(|(_, tried)| tried.exchange.kind != QuestionType::A || unanswered(&tried.exchange))
        && others.any(|(_, tried)| {
            tried.exchange.kind == QuestionType::A && tried.exchange.answer().is_some()
        })
}

fn unanswered(exchange: &Exchange) -> bool {
    exchange.outcome == DnsOutcome::TimedOut
}
