//! The outcome of each resolver, and what applications get of it. Facts only, no judgement.
//!
//! Which answer ends a lookup depends on the library: glibc tries resolvers in turn; after one that is
//! silent, refuses or fails the next is asked; addresses, NXDOMAIN or an empty answer end the lookup.

use std::net::IpAddr;

use super::dns_experiments::Reachability;
use super::icmp::Refuser;
use super::library::Library;
use crate::diagnose::reading;
use crate::evidence::azure::ConnectionStatus;
use crate::evidence::dns::{Answer, DnsOutcome, Exchange, Rcode, ResolverEvidence, Transport};
use crate::evidence::dns::{is_privatelink, shows_endpoint as alias_shows_endpoint};
use crate::evidence::tcp::Icmp;
use crate::evidence::{AddressClass, Evidence, Expect, Observed, classify, tunnel};

/// The target of the alias by which Azure DNS security policy blocks a name (fact D67).
pub(in crate::diagnose) const BLOCK_POLICY: &str = "blockpolicy.azuredns.invalid";

/// The outcome of one resolver for the name.
#[derive(Debug)]
pub(in crate::diagnose) enum ResolverOutcome<'a> {
    /// Addresses of any family.
    Addresses(Vec<IpAddr>),
    /// The alias of Azure DNS security policy.
    Blocked,
    /// Aliases that form a loop.
    Loop,
    /// NXDOMAIN.
    NoName(&'a Answer),
    /// NOERROR without an address.
    NoAddress(&'a Answer),
    /// REFUSED.
    Refused(&'a Answer),
    /// SERVFAIL.
    ServFail(&'a Answer),
    /// Any other rcode.
    OtherError(&'a Answer),
    /// Nothing within the deadline.
    Silent,
    /// Its port is closed.
    PortRefused,
    /// This machine or the network reports that it cannot be reached.
    Unreachable(&'a Icmp, Refuser),
    /// This machine could not send the question.
    NotSent(&'a str),
    /// Only bytes that are not DNS.
    Malformed,
    /// A truncated answer, and the repeat over TCP failed.
    TcpFailed(&'a str),
}

impl ResolverOutcome<'_> {
    /// Whether a resolver library stops here instead of asking, or waiting for, the next resolver.
    pub(in crate::diagnose) fn is_final(&self, library: Library) -> bool {
        // musl and Windows use a NOERROR or NXDOMAIN as it is, and pass over every other code.
        let as_it_is = matches!(library, Library::Musl | Library::Winsock);
        match self {
            Self::Addresses(_) | Self::Blocked | Self::Loop | Self::NoName(_) => true,
            // glibc treats an empty answer without AA and RA as lame and goes on.
            Self::NoAddress(answer) => {
                as_it_is || answer.authoritative || answer.recursion_available
            }
            Self::OtherError(answer) => !as_it_is && answer.rcode != Rcode::NotImp,
            _ => false,
        }
    }

    /// Whether the resolver completed the lookup, whatever the result.
    pub(in crate::diagnose) const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::Addresses(_) | Self::Blocked | Self::Loop | Self::NoName(_) | Self::NoAddress(_)
        )
    }

    /// The addresses, if there are any.
    pub(in crate::diagnose) fn addresses(&self) -> &[IpAddr] {
        match self {
            Self::Addresses(addresses) => addresses,
            _ => &[],
        }
    }
}

/// A resolver that was asked, its place in the evidence and its outcome.
#[derive(Debug)]
pub(in crate::diagnose) struct ResolverView<'a> {
    pub(in crate::diagnose) index: usize,
    pub(in crate::diagnose) seen: &'a ResolverEvidence,
    pub(in crate::diagnose) outcome: ResolverOutcome<'a>,
    /// What works at it, by the experiments.
    pub(in crate::diagnose) reachability: Reachability,
}

impl ResolverView<'_> {
    /// The resolver's address as people write it.
    pub(in crate::diagnose) fn label(&self) -> String {
        self.seen.label()
    }

    /// Whether the A question got an error after which glibc asks the next resolver, and the AAAA
    /// question an answer without an address: glibc then takes that one and asks no other (fact D185).
    pub(in crate::diagnose) fn half_answered(&self) -> bool {
        let error = match &self.outcome {
            ResolverOutcome::ServFail(_) | ResolverOutcome::Refused(_) => true,
            ResolverOutcome::OtherError(answer) => answer.rcode == Rcode::NotImp,
            _ => false,
        };
        error && reading::message(&self.seen.aaaa).is_some_and(|answer| answer.rcode.is_answer())
    }

    /// When it gave its answer to the A question, in milliseconds since the walk's start.
    pub(in crate::diagnose) fn answered_ms(&self) -> Option<f64> {
        match &self.seen.a {
            Observed::Done { started_ms, took_ms, .. } => Some(started_ms + took_ms),
            _ => None,
        }
    }

    /// The place of its A question in the evidence.
    pub(in crate::diagnose) fn pointer(&self) -> String {
        format!("/dns/resolvers/{}/a", self.index)
    }
}

pub(super) fn outcome<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
    name: &str,
) -> Option<ResolverOutcome<'a>> {
    let exchange = r.a.value().or_else(|| r.aaaa.value())?;
    let mut addresses = r.addresses(name);
    // Rules judge an address by its own class, and one that DNS64 made has that of its IPv4 address,
    // which is in the list too.
    addresses.retain(|address| e.dns.class(*address) == classify(*address));
    if !addresses.is_empty() {
        return Some(ResolverOutcome::Addresses(addresses));
    }
    Some(match &exchange.outcome {
        DnsOutcome::Answered { answer } => answered(answer, name),
        DnsOutcome::TimedOut => icmp_of_other_questions(e, r).unwrap_or(ResolverOutcome::Silent),
        DnsOutcome::PortRefused => ResolverOutcome::PortRefused,
        DnsOutcome::Unreachable { icmp } => {
            let took_ms = r.a.took_ms().or_else(|| r.aaaa.took_ms());
            unreachable(e, r, icmp, took_ms.unwrap_or_default())
        }
        DnsOutcome::Malformed => ResolverOutcome::Malformed,
        DnsOutcome::TcpFailed { message, .. } => ResolverOutcome::TcpFailed(message),
        DnsOutcome::LocalError { message, .. } => ResolverOutcome::NotSent(message),
    })
}

/// The ICMP answer to another question to a silent resolver: kernels limit the rate of ICMP
/// messages, so a closed port may not be reported for each question.
fn icmp_of_other_questions<'a>(
    e: &'a Evidence,
    r: &'a ResolverEvidence,
) -> Option<ResolverOutcome<'a>> {
    let others = e.experiments.questions.iter().filter(|tried| tried.resolver == r.address);
    let aaaa = r.aaaa.value().map(|exchange| (exchange, r.aaaa.took_ms().unwrap_or_default()));
    let others =
        aaaa.into_iter().chain(others.map(|tried| {
            (&tried.exchange, u32::try_from(tried.took_ms).map_or(f64::MAX, f64::from))
        }));
    let mut udp = others.filter(|(exchange, _)| exchange.transport == Transport::Udp);
    udp.find_map(|(exchange, took_ms)| match &exchange.outcome {
        DnsOutcome::PortRefused => Some(ResolverOutcome::PortRefused),
        DnsOutcome::Unreachable { icmp } => Some(unreachable(e, r, icmp, took_ms)),
        _ => None,
    })
}

/// A question that did not reach the resolver, and who refused it.
fn unreachable<'a>(
    e: &Evidence,
    r: &ResolverEvidence,
    icmp: &'a Icmp,
    took_ms: f64,
) -> ResolverOutcome<'a> {
    ResolverOutcome::Unreachable(icmp, Refuser::of(e, icmp, None, r.address.ip(), took_ms))
}

fn answered<'a>(answer: &'a Answer, name: &str) -> ResolverOutcome<'a> {
    let chain = answer.chain(name);
    if chain.aliases.iter().any(|alias| alias == BLOCK_POLICY) {
        return ResolverOutcome::Blocked;
    }
    if chain.looped {
        return ResolverOutcome::Loop;
    }
    match &answer.rcode {
        Rcode::NoError => ResolverOutcome::NoAddress(answer),
        Rcode::NxDomain => ResolverOutcome::NoName(answer),
        Rcode::Refused => ResolverOutcome::Refused(answer),
        Rcode::ServFail => ResolverOutcome::ServFail(answer),
        _ => ResolverOutcome::OtherError(answer),
    }
}

/// Whether a public front could have the address. Documentation addresses count as public, as
/// laboratories and examples use them.
pub(in crate::diagnose) fn could_be_public(address: IpAddr) -> bool {
    matches!(classify(address), AddressClass::Public | AddressClass::Documentation)
}

/// The same of an address that applications get, which a resolver with DNS64 may have made.
pub(in crate::diagnose) fn leads_outside(e: &Evidence, address: IpAddr) -> bool {
    could_be_public(e.dns.made_from(address).map_or(address, IpAddr::V4))
}

/// The addresses of `all` outside the prefixes of `--expect`, if it names any.
pub(in crate::diagnose) fn outside_prefixes(e: &Evidence, all: &[IpAddr]) -> Vec<IpAddr> {
    all.iter().copied().filter(|a| e.options.expect.prefixes_hold(*a) == Some(false)).collect()
}

/// Whether `--expect` forbids the address.
pub(in crate::diagnose) fn unwanted(e: &Evidence, address: IpAddr) -> bool {
    let class = e.dns.class(address);
    match &e.options.expect {
        Expect::Private => !class.is_private(),
        Expect::Public | Expect::Closed => class.is_private(),
        Expect::Cidr { .. } => !outside_prefixes(e, &[address]).is_empty(),
        Expect::Auto | Expect::Any => false,
    }
}

/// The privatelink alias that a resolver shows; for a privatelink target the name itself.
pub(in crate::diagnose) fn alias(r: &ResolverEvidence, name: &str) -> Option<String> {
    r.any_privatelink_alias(name).or_else(|| is_privatelink(name).then(|| name.to_owned()))
}

/// What shows that a private endpoint exists.
#[derive(Debug)]
pub(in crate::diagnose) enum Endpoint {
    /// This resolver shows the alias.
    Alias { index: usize, alias: String },
    /// This resolver gives a private address, and none shows an alias.
    Address { index: usize, address: IpAddr },
    /// No resolver shows one, and the account has approved this one: Resource Manager said so.
    Azure { index: usize, name: String },
}

/// What shows that a private endpoint exists: first an alias at a deciding resolver, then at any
/// other, then a private address from any, then Resource Manager.
pub(in crate::diagnose) fn endpoint(e: &Evidence) -> Option<Endpoint> {
    let name = &e.dns.name;
    let first = e.dns.deciding();
    let aliased = first
        .chain(e.dns.resolvers.iter().enumerate())
        .filter_map(|(index, r)| Some((index, alias(r, name)?)))
        // Where the alias is always there, the user says that there is an endpoint.
        .find(|(_, alias)| alias_shows_endpoint(alias) || reading::private_demanded(e))
        .map(|(index, alias)| Endpoint::Alias { index, alias });
    aliased
        .or_else(|| {
            e.dns.resolvers.iter().enumerate().find_map(|(index, r)| {
                let address = r.addresses(name).into_iter().find(|a| tunnel::is_private(e, *a))?;
                Some(Endpoint::Address { index, address })
            })
        })
        .or_else(|| approved(e))
}

/// Whether something shows a private endpoint, for rules that are about its absence: Resource
/// Manager alone does so only where a resolver decided, since the rules that then apply judge that
/// resolver.
pub(in crate::diagnose) fn shows_endpoint(
    e: &Evidence,
    effective: Option<&ResolverView<'_>>,
) -> bool {
    match endpoint(e) {
        Some(Endpoint::Azure { .. }) => effective.is_some(),
        shown => shown.is_some(),
    }
}

/// A connection that the account has approved, by a read of all of them.
fn approved(e: &Evidence) -> Option<Endpoint> {
    let all = e.azure.as_ref()?.estate.connections.proved()?;
    let index = all.iter().position(|one| one.status == ConnectionStatus::Approved)?;
    let one = all.get(index)?;
    let id = one.endpoint.as_ref().unwrap_or(&one.id);
    Some(Endpoint::Azure { index, name: id.name().to_owned() })
}

/// The addresses that lines of the hosts file give for the name: place in the evidence, line
/// number, address.
pub(in crate::diagnose) fn hosts_entries(e: &Evidence) -> Vec<(usize, u32, IpAddr)> {
    e.vantage
        .hosts
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.name.eq_ignore_ascii_case(&e.dns.name))
        .map(|(index, line)| (index, line.number, line.address))
        .collect()
}

/// Whether the resolver answers one family from a record of its own: that answer has an address and
/// no alias, and the other family's answer has Azure's alias.
pub(in crate::diagnose) fn own_record_beside_alias(r: &ResolverEvidence, name: &str) -> bool {
    let chains = r.chains(name);
    chains.iter().any(|chain| chain.aliases.is_empty() && !chain.addresses.is_empty())
        && chains.iter().any(|chain| chain.aliases.iter().any(|alias| is_privatelink(alias)))
}

/// Whether an answer of the resolver has both an alias and an address: it keeps aliases then. An
/// empty answer does not show that: only those with addresses may be flattened.
pub(in crate::diagnose) fn keeps_aliases(r: &ResolverEvidence, name: &str) -> bool {
    let chains = r.chains(name);
    chains.iter().any(|chain| !chain.aliases.is_empty() && !chain.addresses.is_empty())
}

/// Whether what applications get comes from the hosts file.
pub(in crate::diagnose) fn is_from_hosts_file(e: &Evidence) -> bool {
    let system = e.dns.system_addresses();
    hosts_entries(e).iter().any(|(_, _, address)| system.contains(address))
}

/// The resolver's message: for the A question, else for the AAAA question.
pub(in crate::diagnose) fn message(r: &ResolverEvidence) -> Option<&Answer> {
    r.a.value().or_else(|| r.aaaa.value()).and_then(Exchange::answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(authoritative: bool, recursion_available: bool, rcode: &str) -> Answer {
        Answer {
            rcode: rcode.to_owned().into(),
            authoritative,
            truncated: false,
            recursion_available,
            authentic_data: false,
            records: Vec::new(),
            records_omitted: 0,
            soa: None,
            extended_errors: Vec::new(),
            size: 12,
        }
    }

    #[test]
    fn a_library_goes_on_after_a_lame_answer_and_stops_at_a_real_one() {
        let name = "a.example";
        for (answer, in_glibc, in_others) in [
            (empty(false, false, "NOERROR"), false, true),
            (empty(false, true, "NOERROR"), true, true),
            (empty(true, false, "NOERROR"), true, true),
            (empty(false, true, "NXDOMAIN"), true, true),
            (empty(false, true, "SERVFAIL"), false, false),
            (empty(false, false, "REFUSED"), false, false),
            (empty(false, true, "NOTIMP"), false, false),
            (empty(false, true, "FORMERR"), true, false),
        ] {
            let outcome = answered(&answer, name);
            assert_eq!(outcome.is_final(Library::Glibc), in_glibc, "{answer:?}");
            assert_eq!(outcome.is_final(Library::Musl), in_others, "{answer:?}");
            assert_eq!(outcome.is_final(Library::Winsock), in_others, "{answer:?}");
        }
    }
}
