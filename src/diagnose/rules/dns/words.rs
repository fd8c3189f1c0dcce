//! The words that several rules of this hop share.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::reading::word;
use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::gives::{Asked, Gives};
use crate::evidence::dns::{Answer, ResolverSeen};
use crate::evidence::tcp::Icmp;
use crate::evidence::{AddressClass, Evidence, classify};

/// The long clause where the first line has room for it, else the short one.
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

/// What a silence within the deadline does not tell.
pub(super) fn or_too_slow(e: &Evidence) -> String {
    format!("an answer that takes longer than {} ms would look the same", e.asked.timeout_ms)
}

/// `dig` of the name at one resolver.
pub(super) fn dig(name: &str, r: &ResolverSeen) -> String {
    let host = r.host();
    let host = word(&host);
    match r.address.port() {
        53 => format!("dig {} @{host}", word(name)),
        port => format!("dig -p {port} {} @{host}", word(name)),
    }
}

/// `dig` of the name at a resolver that is named as people write it.
pub(super) fn dig_at(name: &str, label: &str) -> String {
    match label.parse::<std::net::SocketAddr>() {
        Ok(socket) => format!("dig -p {} {} @{}", socket.port(), word(name), socket.ip()),
        Err(_) => format!("dig {} @{label}", word(name)),
    }
}

/// What a resolver gives, in words.
pub(super) fn gives(r: &Asked<'_>) -> String {
    match &r.gives {
        Gives::Addresses(addresses) => {
            let class = addresses.first().map_or("", |a| class_word(*a));
            format!("{} ({class})", brief(addresses))
        }
        Gives::Blocked => "the alias of a DNS security policy".to_owned(),
        Gives::Loop => "a loop of aliases".to_owned(),
        Gives::NoName(_) => "NXDOMAIN".to_owned(),
        Gives::NoAddress(_) => "NOERROR without an address".to_owned(),
        Gives::Refused(answer) | Gives::ServFail(answer) | Gives::OtherError(answer) => {
            match extended(answer) {
                Some(text) => format!("{}, {text}", answer.rcode),
                None => answer.rcode.to_string(),
            }
        }
        Gives::Silent => "no answer within the deadline".to_owned(),
        Gives::PortRefused => "its port is closed".to_owned(),
        Gives::Unreachable(icmp) => format!("unreachable: {}", unreachable(icmp)),
        Gives::NotSent(says) => format!("the question could not be sent: {says}"),
        Gives::Malformed => "only octets that are no DNS message".to_owned(),
        Gives::TcpFailed(says) => format!("a truncated answer, and TCP failed: {says}"),
    }
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

/// An ICMP message in words.
pub(super) fn unreachable(icmp: &Icmp) -> String {
    let meaning = icmp.meaning.describe();
    match icmp.from {
        Some(from) => format!("{meaning}, says {from}"),
        None => format!("{meaning}, says this machine"),
    }
}

/// Who the resolver is, where it is the DNS of a Kubernetes cluster: it forwards, and the fix
/// lies at what it forwards to (fact D70).
pub(super) fn cluster(e: &Evidence, r: &ResolverSeen) -> Option<String> {
    let who = match resolver_class::of(e, r).class {
        ResolverClass::NodeCache => "the node's DNS cache (NodeLocal DNSCache)",
        ResolverClass::ClusterDns => "CoreDNS",
        _ => return None,
    };
    Some(format!(
        "{} looks like the cluster's own DNS, {who}: it forwards what is not the cluster's, so the \
         cause is at its `forward` (ConfigMap coredns) or at the resolver of the node",
        r.label()
    ))
}

/// How long each new lookup waits for a nameserver that does not answer (resolv.conf(5)): its
/// timeout, and the most that all its attempts take.
pub(super) fn waits(e: &Evidence) -> (u64, u64) {
    let option = |key: &str, unset: u64, most: u64| {
        let options = &e.vantage.resolver_config.options;
        let set = options.iter().rev().find_map(|option| option.strip_prefix(key)?.parse().ok());
        set.unwrap_or(unset).clamp(1, most)
    };
    let timeout = option("timeout:", 5, 30);
    (timeout, timeout * option("attempts:", 2, 5))
}

/// The extended DNS errors of an answer (RFC 8914), by the names of the IANA registry.
pub(super) fn extended(answer: &Answer) -> Option<String> {
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

/// How many names of the search list are tried before the name itself, if any.
pub(super) fn searched(e: &Evidence) -> Option<usize> {
    let config = &e.vantage.resolver_config;
    let ndots: usize = config
        .options
        .iter()
        .rev()
        .find_map(|option| option.strip_prefix("ndots:").and_then(|n| n.parse().ok()))
        .unwrap_or(1);
    let dots = e.dns.name.matches('.').count();
    (dots < ndots && !config.search.is_empty()).then_some(config.search.len())
}

/// What the other resolvers give that have an address, e.g. `10.1.0.11 gives 10.3.0.5 (private)`.
pub(super) fn others(all: &[Asked<'_>], but: usize) -> Vec<(usize, String)> {
    all.iter()
        .filter(|r| r.index != but && !r.gives.addresses().is_empty())
        .map(|r| (r.index, format!("{} gives {}", r.label(), gives(r))))
        .collect()
}

/// Whether `name` is `zone` or lies under it.
pub(super) fn lies_in(name: &str, zone: &str) -> bool {
    let (name, zone) = (name.to_ascii_lowercase(), zone.to_ascii_lowercase());
    name == zone || name.ends_with(&format!(".{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_its_own_zone_and_not_in_a_longer_label() {
        assert!(lies_in("A.openai.azure.com", "openai.azure.com"));
        assert!(lies_in("openai.azure.com", "openai.azure.com"));
        assert!(!lies_in("myopenai.azure.com", "openai.azure.com"));
    }

    #[test]
    fn a_long_headline_gives_way_to_the_short_one() {
        assert_eq!(clause("x".repeat(100), "short").alone(), "x".repeat(100));
        assert_eq!(clause("x".repeat(101), "short").alone(), "short");
    }
}
