//! Phrases that several rules of this hop share.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::reading::word;
use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, View};
pub(super) use crate::evidence::dns::is_within;
use crate::evidence::dns::{Answer, Rcode, ResolverEvidence};
use crate::evidence::tcp::Icmp;
use crate::evidence::{AddressClass, Evidence, classify};

use super::library_waits;

/// The long clause where the first line has space for it, else the short one.
pub(super) fn clause(long: String, short: impl Into<Clause>) -> Clause {
    Clause::from(long).or(short)
}

/// Addresses for a headline: the first, and how many more.
pub(super) fn brief(addresses: &[IpAddr]) -> String {
    match addresses {
        [] => "no address".to_owned(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// What silence within the deadline does not rule out.
pub(super) fn slower_looks_the_same(e: &Evidence) -> String {
    format!("an answer that takes longer than {} ms would look the same", e.options.timeout_ms)
}

/// `dig` of the name at one resolver.
pub(super) fn dig(name: &str, r: &ResolverEvidence) -> String {
    let host = r.host();
    let host = word(&host);
    match r.address.port() {
        53 => format!("dig {} @{host}", word(name)),
        port => format!("dig -p {port} {} @{host}", word(name)),
    }
}

/// Why no other resolver was asked after an error for A, where another one would have answered.
pub(super) fn ends_lookup(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
) -> FindingBuilder {
    let last_word = e.dns.effective_resolver().is_some_and(|last| last.index == r.index);
    match last_word && r.half_answered() {
        true => finding
            .reasoning(format!(
                "{} answers AAAA without an address: glibc takes that answer, although A got an \
                 error, and asks no other resolver",
                r.label()
            ))
            .cites(format!("/dns/resolvers/{}/aaaa", r.index)),
        false => finding,
    }
}

/// `dig` of the name at one resolver, again and again: the answers of one server stay the same.
pub(super) fn repeated(name: &str, r: &ResolverEvidence) -> String {
    repeated_with(name, r, "")
}

/// The same for another type, as it is written after the name.
pub(super) fn repeated_with(name: &str, r: &ResolverEvidence, kind: &str) -> String {
    format!("for i in 1 2 3 4 5 6; do {}{kind} +short; done", dig(name, r))
}

/// `dig` of the name at a resolver that is named as people write it.
pub(super) fn dig_at(name: &str, label: &str) -> String {
    match label.parse::<std::net::SocketAddr>() {
        Ok(socket) => format!("dig -p {} {} @{}", socket.port(), word(name), socket.ip()),
        Err(_) => format!("dig {} @{label}", word(name)),
    }
}

/// A resolver's outcome, in words.
pub(super) fn outcome(r: &ResolverView<'_>) -> String {
    match &r.outcome {
        ResolverOutcome::Addresses(addresses) => {
            let class = addresses.first().map_or("", |a| class_word(*a));
            format!("{} ({class})", brief(addresses))
        }
        ResolverOutcome::Blocked => "the alias of a DNS security policy".to_owned(),
        ResolverOutcome::Loop => "a loop of aliases".to_owned(),
        ResolverOutcome::NoName(_) => "NXDOMAIN".to_owned(),
        ResolverOutcome::NoAddress(_) => "NOERROR without an address".to_owned(),
        ResolverOutcome::Refused(answer)
        | ResolverOutcome::ServFail(answer)
        | ResolverOutcome::OtherError(answer) => match extended_errors(answer) {
            Some(text) => format!("{}, {text}", answer.rcode),
            None => answer.rcode.to_string(),
        },
        ResolverOutcome::Silent => "no answer within the deadline".to_owned(),
        ResolverOutcome::PortRefused => "its port is closed".to_owned(),
        ResolverOutcome::Unreachable(icmp, refuser) => {
            format!("unreachable: {}", unreachable(icmp, Some(*refuser)))
        }
        ResolverOutcome::NotSent(message) => format!("the question could not be sent: {message}"),
        ResolverOutcome::Malformed => "only bytes that are not a DNS message".to_owned(),
        ResolverOutcome::TcpFailed(message) => {
            format!("a truncated answer, and TCP failed: {message}")
        }
    }
}

/// An answer's way from the name, and where it ends.
pub(super) fn path(answer: &Answer, name: &str) -> String {
    let chain = answer.chain(name);
    let end = match (chain.addresses.as_slice(), &answer.rcode, &answer.soa) {
        ([], Rcode::NoError, Some(soa)) => format!("no address (zone {})", soa.zone),
        ([], Rcode::NoError, None) => "no address".to_owned(),
        ([], rcode, _) => rcode.to_string(),
        ([first, ..], ..) => format!("{} ({})", brief(&chain.addresses), class_word(*first)),
    };
    chain.aliases.into_iter().chain([end]).collect::<Vec<_>>().join(" -> ")
}

/// One word for the class of an address.
pub(super) fn class_word(address: IpAddr) -> &'static str {
    match classify(address) {
        class if class.is_private() => "private",
        AddressClass::Public => "public",
        AddressClass::Documentation => "documentation range",
        AddressClass::Benchmarking => "synthetic range 198.18.0.0/15",
        class => class.words(),
    }
}

/// An ICMP message in words, with its sender where that is not this machine.
pub(super) fn unreachable(icmp: &Icmp, refuser: Option<Refuser>) -> String {
    let meaning = icmp.meaning.describe();
    match icmp.from {
        Some(from)
            if refuser.is_none_or(|refuser| {
                refuser == Refuser::Device(from) || refuser == Refuser::Peer(from)
            }) =>
        {
            format!("{meaning}, reported by {from}")
        }
        _ => format!("{meaning}, reported by this machine"),
    }
}

/// What the resolver is, where it is the DNS of a Kubernetes cluster: it forwards, so the fix is at
/// its upstream (fact D70).
pub(super) fn cluster(e: &Evidence, r: &ResolverEvidence) -> Option<String> {
    let who = match resolver_class::of(e, r).class {
        ResolverClass::NodeCache => "the node's DNS cache (NodeLocal DNSCache)",
        ResolverClass::ClusterDns => "CoreDNS",
        _ => return None,
    };
    Some(format!(
        "{} looks like the cluster's own DNS, {who}: it forwards names outside the cluster, so the \
         cause is at its `forward` (ConfigMap coredns) or at the node's resolver",
        r.label()
    ))
}

/// The extended DNS errors of an answer (RFC 8914), by the names of the IANA registry.
pub(super) fn extended_errors(answer: &Answer) -> Option<String> {
    const NAMES: &[&str] = &[
        "Other",
        "Unsupported DNSKEY Algorithm",
        "Unsupported DS Digest Type",
        "Stale Answer",
        "Forged Answer",
        "DNSSEC Indeterminate",
        "DNSSEC Bogus",
        "Signature Expired",
        "Signature Not Yet Valid",
        "DNSKEY Missing",
        "RRSIGs Missing",
        "No Zone Key Bit Set",
        "NSEC Missing",
        "Cached Error",
        "Not Ready",
        "Blocked",
        "Censored",
        "Filtered",
        "Prohibited",
        "Stale NXDOMAIN Answer",
        "Not Authoritative",
        "Not Supported",
        "No Reachable Authority",
        "Network Error",
        "Invalid Data",
    ];
    if answer.extended_errors.is_empty() {
        return None;
    }
    let all: Vec<String> = answer
        .extended_errors
        .iter()
        .map(|error| {
            let name = NAMES.get(usize::from(error.code)).copied().unwrap_or("unassigned");
            match error.text.as_str() {
                "" => format!("EDE {} ({name})", error.code),
                text => format!("EDE {} ({name}): {text}", error.code),
            }
        })
        .collect();
    Some(all.join("; "))
}

/// How many names of the search list are tried before the name itself, if any. Windows asks for a name
/// with a dot as it is first.
pub(super) fn search_list_lookups(e: &Evidence) -> Option<usize> {
    if Library::of(e).is_winsock() {
        return None;
    }
    let config = &e.vantage.resolver_config;
    let ndots = library_waits::option_number(&config.options, "ndots:").unwrap_or(1);
    let dots = e.dns.name.matches('.').count() as u64;
    (dots < ndots && !config.search.is_empty()).then_some(config.search.len())
}

/// The other resolvers that give an address, e.g. `10.1.0.11 gives 10.3.0.5 (private)`.
pub(super) fn other_answers(all: &[ResolverView<'_>], but: usize) -> Vec<(usize, String)> {
    all.iter()
        .filter(|r| r.index != but && !r.outcome.addresses().is_empty())
        .map(|r| (r.index, format!("{} gives {}", r.label(), outcome(r))))
        .collect()
}

/// That the resolver's address may not be the one that was meant: the file has it in octal.
pub(super) fn read_in_octal(finding: FindingBuilder, e: &Evidence) -> FindingBuilder {
    let config = &e.vantage.resolver_config;
    if config.octal_lines.is_empty() {
        return finding;
    }
    let lines = config.octal_lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    finding
        .fact(format!("line {lines} of {}: an address with leading zeros", config.path))
        .cites("/vantage/resolver_config/octal_lines")
        .reasoning(format!(
            "the C library reads a number with a leading zero in octal, so that 010 is 8: it asks \
             {}, which may not be the address that was meant",
            config.nameservers.join(", ")
        ))
        .inspect("see the address as it is written", format!("cat {}", word(&config.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_its_own_zone_and_not_in_a_longer_label() {
        assert!(is_within("A.openai.azure.com", "openai.azure.com"));
        assert!(is_within("openai.azure.com", "openai.azure.com"));
        assert!(!is_within("myopenai.azure.com", "openai.azure.com"));
    }

    #[test]
    fn a_long_headline_gives_way_to_the_short_one() {
        assert_eq!(clause("x".repeat(100), "short").alone(), "x".repeat(100));
        assert_eq!(clause("x".repeat(101), "short").alone(), "short");
    }
}
