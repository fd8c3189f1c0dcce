//! Answers of one resolver to different questions that no one server would give: behind its address
//! are several. What answers to the same question show is in `answer_series`.

use std::net::IpAddr;

use crate::diagnose::resolver_class::is_azure_private;
use crate::evidence::dns::{
    Answer, Contradiction, Exchange, LookupFailure, QuestionType, Rcode, Record, RecordType,
    ResolverEvidence, Soa, is_within,
};
use crate::evidence::{Evidence, Observed, classify};

use super::dns_experiments::questions;
use super::library::Library;
use super::{libc_lookup, withheld};

/// Domains of the primary servers of Microsoft's public zones.
const MICROSOFT: &[&str] = &[
    "azure-dns.com",
    "azure-dns.net",
    "azure-dns.org",
    "azure-dns.info",
    "azuredns-cloud.net",
    "dns-tm.com",
    "msft.net",
    "microsoft.com",
    "t-msedge.net",
    "azure-dns.us",
    "azure-dns.cn",
];

/// What the answers contradict each other about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum About {
    /// Whether the name exists: the A question is denied, and the other answer shows the name.
    Name,
    /// The same, where the AAAA question is denied, and the system's own lookup found no name.
    NameForSystem,
    /// Which zone the privatelink name is in: A and AAAA.
    Types,
    /// The same: the word of the zone against the name's address and its zone.
    Zone,
}

/// What the resolver's answers contradict each other about. A and AAAA alone do not show it where
/// only AAAA is denied: some servers deny every name for that type (RFC 4074, section 4.2).
pub(in crate::diagnose) fn of(e: &Evidence, r: &ResolverEvidence) -> Option<About> {
    let name = &e.dns.name;
    // An expired answer is what one server knew at another time.
    let expired = |asked: &Observed<Exchange>| {
        asked.value().and_then(Exchange::answer).is_some_and(Answer::is_expired)
    };
    if expired(&r.a) || expired(&r.aaaa) || withheld::by_filter(e, r).is_some() {
        return None;
    }
    match r.contradiction(name) {
        Some(Contradiction::Zone) => return Some(About::Types),
        Some(Contradiction::Existence) if is_denied(&r.a) => return Some(About::Name),
        // glibc goes on with the address, so its own A question was denied.
        Some(Contradiction::Existence) if Library::of(e).is_glibc() && system_denied(e) => {
            return Some(About::NameForSystem);
        }
        _ => {}
    }
    zone_words_contradict(e, r).then_some(About::Zone)
}

/// Whether the system's own lookup asked the resolvers and found no name, or no address of it.
pub(super) fn system_denied(e: &Evidence) -> bool {
    libc_lookup::failed_at_resolvers(e).map(LookupFailure::of).is_some_and(|failure| {
        matches!(failure, LookupFailure::NoSuchName | LookupFailure::NoAddress)
    })
}

fn is_private(address: IpAddr) -> bool {
    classify(address).is_private()
}

fn is_denied(asked: &Observed<Exchange>) -> bool {
    let answer = asked.value().and_then(Exchange::answer);
    answer.is_some_and(|answer| answer.rcode == Rcode::NxDomain)
}

/// Whether the resolver's answers for the privatelink name come from two zones.
///
/// A cache may hold the public chain and give it for the name's address; the SOA of the zone itself
/// is then still the private zone's.
fn zone_words_contradict(e: &Evidence, r: &ResolverEvidence) -> bool {
    let asked = |kind| {
        let mut all = questions(e, r, "privatelink-name").map(|(_, tried)| &tried.exchange);
        let answer = all.find(|exchange| exchange.kind == kind).and_then(Exchange::answer);
        answer.filter(|answer| !answer.is_expired())
    };
    let (Some(a), Some(soa)) = (asked(QuestionType::A), asked(QuestionType::Soa)) else {
        return false;
    };
    let leads_on =
        |records: &[Record]| records.iter().any(|record| record.kind == RecordType::Cname);
    match (leads_on(&a.records), leads_on(&soa.records)) {
        // An alias at the name for one type, and a private address for the other. A public one is what a
        // forwarder gives that removes aliases.
        (false, true) => {
            a.records.iter().filter_map(|record| record.data.parse().ok()).any(is_private)
        }
        (true, false) => soa.soa.as_ref().is_some_and(is_azure_private) && public_zone(r).is_some(),
        _ => false,
    }
}

/// The SOA of the privatelink zone, asked for itself, where it is that of Azure's public zone. A server
/// of the operator's own may hold the zone too.
pub(in crate::diagnose) fn public_zone(r: &ResolverEvidence) -> Option<&Soa> {
    not_azure_private(r).filter(|soa| is_microsoft_zone(soa))
}

/// The SOA of the privatelink zone, asked for itself, where it is not that of a private zone of
/// Azure's.
pub(in crate::diagnose) fn not_azure_private(r: &ResolverEvidence) -> Option<&Soa> {
    let asked = r.zone_soa.value()?;
    let soa = asked.answer()?.soa.as_ref()?;
    (soa.zone.eq_ignore_ascii_case(&asked.name) && !is_azure_private(soa)).then_some(soa)
}

/// Whether an SOA is that of one of Microsoft's zones: a public one, where it is not an Azure private
/// zone's.
pub(in crate::diagnose) fn is_microsoft_zone(soa: &Soa) -> bool {
    MICROSOFT.iter().any(|d| is_within(&soa.mname, d) || is_within(&soa.rname, d))
}
