//! A resolver that keeps private addresses back (protection against DNS rebinding) and denies the name
//! or fails in their place (fact D188). Those that empty the answer look like a record set without
//! addresses.

use crate::diagnose::resolver_class::is_azure_private;
use crate::evidence::Evidence;
use crate::evidence::dns::{Answer, Exchange, QuestionType, Rcode, ResolverEvidence};

use super::answer_series::{STEADY, steady};
use super::contradictions::is_microsoft_zone;
use super::dns_experiments::questions;

/// The rcode that the A question gets, where the zone itself knows the name by the same resolver's
/// word: the AAAA question gets the zone's empty answer, and so do questions for other types, each
/// time.
pub(in crate::diagnose) fn denied_by_filter<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<&'a Rcode> {
    let name = &e.dns.name;
    let answer = |exchange: &'a Exchange| exchange.answer();
    let a = r.a.value().and_then(answer)?;
    let aaaa = r.aaaa.value().and_then(answer)?;
    let denies = |answer: &Answer| {
        matches!(answer.rcode, Rcode::NxDomain | Rcode::ServFail)
            && !answer.soa_holds(answer.chain(name).aliases.last().unwrap_or(name))
    };
    let chain = aaaa.chain(name);
    let last = chain.aliases.last().unwrap_or(name);
    let zone = aaaa.soa.as_ref()?;
    let known = aaaa.rcode == Rcode::NoError
        && chain.addresses.is_empty()
        && aaaa.soa_holds(last)
        && (is_azure_private(zone) || !is_microsoft_zone(zone));
    let ids = ["privatelink-name", "over-tcp", "without-validation"];
    let mut others = ids.into_iter().flat_map(|id| questions(e, r, id));
    let alike = others.all(|(_, tried)| match (tried.exchange.answer(), tried.exchange.kind) {
        (Some(answer), QuestionType::A) => denies(answer),
        (Some(answer), _) => answer.rcode == Rcode::NoError,
        (None, _) => true,
    });
    (known && alike && denies(a) && steady(e, r) >= STEADY).then_some(&a.rcode)
}
