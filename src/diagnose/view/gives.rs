//! What each resolver gives, and what applications get of it. Facts only, no judgement.
//!
//! The order follows glibc: resolvers are tried in turn, one that is silent, refuses or fails
//! hands on to the next, and the first one that gives addresses, NXDOMAIN or an empty answer
//! has the last word.

use std::net::IpAddr;

use super::tried::Reach;
use crate::evidence::dns::{Answer, DnsOutcome, Exchange, Rcode, ResolverSeen, Transport};
use crate::evidence::tcp::Icmp;
use crate::evidence::{AddressClass, Evidence, classify, dns::is_privatelink, tunnel};

/// The target of the alias by which Azure DNS security policy blocks a name (fact D67).
pub(in crate::diagnose) const BLOCK_POLICY: &str = "blockpolicy.azuredns.invalid";

/// What one resolver gives for the name.
#[derive(Debug)]
pub(in crate::diagnose) enum Gives<'a> {
    /// Addresses, of whichever family.
    Addresses(Vec<IpAddr>),
    /// The alias of Azure DNS security policy.
    Blocked,
    /// Aliases that come back to themselves.
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
    /// The network says that it cannot be reached.
    Unreachable(&'a Icmp),
    /// The question could not be sent from here.
    NotSent(&'a str),
    /// Only garbage.
    Malformed,
    /// A truncated answer, and the repeat over TCP failed.
    TcpFailed(&'a str),
}

impl Gives<'_> {
    /// Whether a resolver library stops here instead of asking the next resolver.
    pub(in crate::diagnose) fn is_final(&self) -> bool {
        match self {
            Self::Addresses(_) | Self::Blocked | Self::Loop | Self::NoName(_) => true,
            // glibc takes an empty answer without AA and RA for a lame one and goes on.
            Self::NoAddress(answer) => answer.authoritative || answer.recursion_available,
            Self::OtherError(answer) => answer.rcode != Rcode::NotImp,
            _ => false,
        }
    }

    /// Whether the resolver did its work, whatever it found.
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

/// A resolver that was asked, its place in the evidence and what it gives.
#[derive(Debug)]
pub(in crate::diagnose) struct Asked<'a> {
    pub(in crate::diagnose) index: usize,
    pub(in crate::diagnose) seen: &'a ResolverSeen,
    pub(in crate::diagnose) gives: Gives<'a>,
    /// How far it reaches, by the experiments on it.
    pub(in crate::diagnose) reach: Reach,
}

impl Asked<'_> {
    /// The resolver's address as people write it.
    pub(in crate::diagnose) fn label(&self) -> String {
        self.seen.label()
    }

    /// Where its A question stands in the evidence.
    pub(in crate::diagnose) fn pointer(&self) -> String {
        format!("/dns/resolvers/{}/a", self.index)
    }
}

pub(super) fn gives<'a>(e: &'a Evidence, r: &'a ResolverSeen, name: &str) -> Option<Gives<'a>> {
    let exchange = r.a.saw().or_else(|| r.aaaa.saw())?;
    let addresses = r.addresses(name);
    if !addresses.is_empty() {
        return Some(Gives::Addresses(addresses));
    }
    Some(match &exchange.outcome {
        DnsOutcome::Answered { answer } => answered(answer, name),
        DnsOutcome::TimedOut => word_of_others(e, r).unwrap_or(Gives::Silent),
        DnsOutcome::PortRefused => Gives::PortRefused,
        DnsOutcome::Unreachable { icmp } => Gives::Unreachable(icmp),
        DnsOutcome::Malformed => Gives::Malformed,
        DnsOutcome::TcpFailed { says, .. } => Gives::TcpFailed(says),
        DnsOutcome::LocalError { says, .. } => Gives::NotSent(says),
    })
}

/// What another question to a silent resolver met: kernels limit how many ICMP messages they send
/// a second, so a closed port need not say so to each question.
fn word_of_others<'a>(e: &'a Evidence, r: &'a ResolverSeen) -> Option<Gives<'a>> {
    let others = e.experiments.questions.iter().filter(|tried| tried.resolver == r.address);
    let others = r.aaaa.saw().into_iter().chain(others.map(|tried| &tried.exchange));
    let mut udp = others.filter(|exchange| exchange.transport == Transport::Udp);
    udp.find_map(|exchange| match &exchange.outcome {
        DnsOutcome::PortRefused => Some(Gives::PortRefused),
        DnsOutcome::Unreachable { icmp } => Some(Gives::Unreachable(icmp)),
        _ => None,
    })
}

fn answered<'a>(answer: &'a Answer, name: &str) -> Gives<'a> {
    let chain = answer.chain(name);
    if chain.aliases.iter().any(|alias| alias == BLOCK_POLICY) {
        return Gives::Blocked;
    }
    if chain.looped {
        return Gives::Loop;
    }
    match &answer.rcode {
        Rcode::NoError => Gives::NoAddress(answer),
        Rcode::NxDomain => Gives::NoName(answer),
        Rcode::Refused => Gives::Refused(answer),
        Rcode::ServFail => Gives::ServFail(answer),
        _ => Gives::OtherError(answer),
    }
}

/// Whether an address lies outside the private ranges and is one that a public front could
/// have. Documentation addresses stand for public ones in laboratories and examples.
pub(in crate::diagnose) fn is_outside(address: IpAddr) -> bool {
    matches!(classify(address), AddressClass::Public | AddressClass::Documentation)
}

/// The addresses of `all` that `--expect` does not allow, when it names prefixes.
pub(in crate::diagnose) fn beyond_prefixes(e: &Evidence, all: &[IpAddr]) -> Vec<IpAddr> {
    all.iter().copied().filter(|a| e.asked.expect.prefixes_hold(*a) == Some(false)).collect()
}

/// The privatelink alias that a resolver shows; for a privatelink target the name itself.
pub(in crate::diagnose) fn alias(r: &ResolverSeen, name: &str) -> Option<String> {
    r.privatelink_alias(name).or_else(|| is_privatelink(name).then(|| name.to_owned()))
}

/// What says that a private endpoint exists.
#[derive(Debug)]
pub(in crate::diagnose) enum Endpoint {
    /// This resolver shows the alias.
    Alias { index: usize, alias: String },
    /// This resolver gives a private address, and none shows an alias.
    Address { index: usize, address: IpAddr },
}

/// What says that a private endpoint exists: an alias at a deciding resolver first, then at
/// any other, then a private address from any.
pub(in crate::diagnose) fn endpoint(e: &Evidence) -> Option<Endpoint> {
    let name = &e.dns.name;
    let first = e.dns.deciding();
    let aliased = first
        .chain(e.dns.resolvers.iter().enumerate())
        .find_map(|(index, r)| Some(Endpoint::Alias { index, alias: alias(r, name)? }));
    aliased.or_else(|| {
        e.dns.resolvers.iter().enumerate().find_map(|(index, r)| {
            let address = r.addresses(name).into_iter().find(|a| tunnel::is_private(e, *a))?;
            Some(Endpoint::Address { index, address })
        })
    })
}

/// The addresses that lines of the hosts file give for the name, with the lines' places.
pub(in crate::diagnose) fn hosts_lines(e: &Evidence) -> Vec<(usize, u32, IpAddr)> {
    e.vantage
        .hosts
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.name.eq_ignore_ascii_case(&e.dns.name))
        .map(|(index, line)| (index, line.number, line.address))
        .collect()
}

/// Whether what applications get comes from the hosts file.
pub(in crate::diagnose) fn pinned(e: &Evidence) -> bool {
    let system = e.dns.system_addresses();
    hosts_lines(e).iter().any(|(_, _, address)| system.contains(address))
}

/// A question's message of this resolver, the A question's first.
pub(in crate::diagnose) fn message(r: &ResolverSeen) -> Option<&Answer> {
    r.a.saw().or_else(|| r.aaaa.saw()).and_then(Exchange::answer)
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
            records_left_out: 0,
            soa: None,
            extended_errors: Vec::new(),
            size: 12,
        }
    }

    #[test]
    fn a_library_goes_on_after_a_lame_answer_and_stops_at_a_real_one() {
        let name = "a.example";
        for (answer, is_final) in [
            (empty(false, false, "NOERROR"), false),
            (empty(false, true, "NOERROR"), true),
            (empty(true, false, "NOERROR"), true),
            (empty(false, true, "NXDOMAIN"), true),
            (empty(false, true, "SERVFAIL"), false),
            (empty(false, false, "REFUSED"), false),
            (empty(false, true, "NOTIMP"), false),
            (empty(false, true, "FORMERR"), true),
        ] {
            assert_eq!(answered(&answer, name).is_final(), is_final, "{answer:?}");
        }
    }
}
