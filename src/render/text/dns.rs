//! Names and addresses: who was asked, and what came.

use std::net::IpAddr;

use super::{icmp, not_done};
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, Rcode, ResolverRole, StrayReason, SystemAnswer,
};
use crate::evidence::vantage::{NamePolicy, PolicyKind, PolicyMatch};
use crate::evidence::{AddressClass, Observed, classify};

/// Addresses, the first `most` of them.
pub(crate) fn addresses(all: &[IpAddr], most: usize) -> String {
    listed(all, most, IpAddr::to_string)
}

/// The first `most` in words, and how many more there are.
fn listed(all: &[IpAddr], most: usize, words: impl Fn(&IpAddr) -> String) -> String {
    let mut text = all.iter().take(most).map(words).collect::<Vec<_>>().join(", ");
    if all.len() > most {
        text.push_str(&format!(" and {} more", all.len() - most));
    }
    text
}

/// Addresses with their class: `10.3.0.5, 10.3.0.6 (private)`, or each with its own.
pub(crate) fn classed_addresses(all: &[IpAddr], most: usize) -> String {
    with_classes(all, most, classify)
}

/// The same, each with the class that `class` gives it.
pub(crate) fn with_classes(
    all: &[IpAddr],
    most: usize,
    class: impl Fn(IpAddr) -> AddressClass,
) -> String {
    match all.first().map(|first| class(*first)) {
        Some(first) if all.iter().all(|address| class(*address) == first) => {
            format!("{} ({})", addresses(all, most), first.words())
        }
        _ => listed(all, most, |a| format!("{a} ({})", class(*a).words())),
    }
}

/// A rule by name.
pub(crate) fn name_policy(policy: &NamePolicy) -> String {
    let servers = match policy.servers.as_slice() {
        [] => "the interfaces' own servers".to_owned(),
        servers => servers.join(", "),
    };
    let direct = if policy.direct_access { ", or those of DirectAccess" } else { "" };
    let unused = match policy.matches {
        PolicyMatch::Name => "",
        PolicyMatch::PrivatelinkName if policy.kind.follows_aliases() => "; for the alias",
        PolicyMatch::PrivatelinkName => "; not about the name that is asked for",
    };
    let (namespace, kind) = (&policy.namespace, policy.kind.words());
    let from = match policy.kind {
        PolicyKind::GroupPolicy | PolicyKind::Local => kind.to_owned(),
        PolicyKind::NetworkService => format!("{kind} {}", policy.rule),
        PolicyKind::ResolverFile => policy.rule.clone(),
    };
    format!("{} {namespace} ({from}): {servers}{direct}{unused}", policy.kind.noun())
}

pub(crate) const fn role(role: ResolverRole) -> &'static str {
    match role {
        ResolverRole::Configured => "configured",
        ResolverRole::StubUpstream => "upstream of the local stub",
        ResolverRole::Given => "--resolver",
        ResolverRole::Assumed => "assumed, none is configured",
    }
}

/// An answer without addresses.
pub(crate) fn no_addresses(answer: &Answer) -> String {
    match &answer.rcode {
        Rcode::NoError => "no address (NODATA)".to_owned(),
        rcode => rcode.to_string(),
    }
}

/// The outcome of a query without addresses.
pub(crate) fn dns_outcome(outcome: &DnsOutcome) -> String {
    match outcome {
        DnsOutcome::Answered { answer } => no_addresses(answer),
        DnsOutcome::TimedOut => "no answer".to_owned(),
        DnsOutcome::PortRefused => "port closed".to_owned(),
        DnsOutcome::Unreachable { icmp: seen } => icmp(seen),
        DnsOutcome::Malformed => "the answer is not a DNS message".to_owned(),
        DnsOutcome::TcpFailed { message, .. } => {
            format!("truncated over UDP, and over TCP: {message}")
        }
        DnsOutcome::LocalError { message, .. } => format!("not sent: {message}"),
    }
}

/// A query without addresses, or why it was not made.
pub(crate) fn question(observed: &Observed<Exchange>) -> String {
    match observed {
        Observed::Done { value, .. } => dns_outcome(&value.outcome),
        other => not_done(other).unwrap_or_default(),
    }
}

pub(crate) const fn stray(why: StrayReason) -> &'static str {
    match why {
        StrayReason::OtherAddress => "from another address than the queried one",
        StrayReason::OtherId => "with another id",
        StrayReason::OtherQuestion => "for another question",
        StrayReason::Malformed => "not a DNS message",
    }
}

pub(crate) fn system(observed: &Observed<SystemAnswer>) -> String {
    match observed.value() {
        Some(SystemAnswer::Addresses { addresses: all }) if all.is_empty() => {
            "no address".to_owned()
        }
        Some(SystemAnswer::Addresses { addresses: all }) => addresses(all, 4),
        Some(SystemAnswer::Failed { code }) => code.clone(),
        Some(SystemAnswer::Stalled) => "no answer in time".to_owned(),
        None => not_done(observed).unwrap_or_default(),
    }
}
