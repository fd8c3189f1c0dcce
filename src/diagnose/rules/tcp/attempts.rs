//! What connection attempts show, and their facts as text, for the target's addresses and for a
//! proxy's.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::dns::answer_expired;
use crate::diagnose::view::icmp::{AT_ONCE_MS, Refuser};
pub(in crate::diagnose) use crate::diagnose::view::icmp::{is_local, shows_sender};
use crate::diagnose::view::tcp::not_sent;
pub(in crate::diagnose) use crate::diagnose::view::tcp::{
    IndexedAttempt, TcpFailure, dead, failed,
};
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, classify, tunnel};

/// Whether no packet can have left this machine: its kernel refused at once.
pub(super) fn never_left(attempt: &TcpAttempt) -> bool {
    not_sent(attempt) && attempt.took_ms < AT_ONCE_MS && attempt.syn_repeats.unwrap_or(0) == 0
}

/// Milliseconds within which an answer comes that crossed no network.
pub(super) const ON_HOST_MS: f64 = 0.5;

/// Whether something on this machine, a tunnel client or a sidecar, may have answered on behalf of
/// the address: such an answer shows nothing about the path to it.
pub(super) fn answered_here(e: &Evidence, attempt: &TcpAttempt) -> bool {
    let ip = attempt.connected_to().ip();
    tunnel::address(e, ip).is_some()
        || e.vantage.is_on(Platform::ServiceMesh)
        || attempt.took_ms < ON_HOST_MS && !classify(ip).is_unusable()
}

/// Who refused the connection, where a message or this machine's kernel did.
pub(in crate::diagnose::rules) fn refuser(e: &Evidence, attempt: &TcpAttempt) -> Option<Refuser> {
    match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => {
            let peer = attempt.connected_to().ip();
            Some(Refuser::of(e, icmp, attempt.source, peer, attempt.took_ms))
        }
        _ => None,
    }
}

/// Whether this machine has no route to the address (ENETUNREACH, or a route of type
/// `unreachable`), or the system does not show that a router has none.
pub(in crate::diagnose) fn no_route(e: &Evidence, attempt: &TcpAttempt) -> bool {
    let no_network = match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => icmp.meaning == IcmpMeaning::NetUnreachable,
        _ => false,
    };
    match refuser(e, attempt) {
        Some(Refuser::Routing) => true,
        Some(Refuser::Unknown) => no_network,
        _ => false,
    }
}

/// Where the connection went: address and port, or what `--connect-to` put in their place.
pub(in crate::diagnose) fn peer(attempt: &TcpAttempt) -> String {
    attempt.connect_to.clone().unwrap_or_else(|| attempt.address.to_string())
}

/// The command that shows the route of the connection: routing rules may select by its protocol,
/// port and source address.
pub(in crate::diagnose::rules) fn route_get(attempt: &TcpAttempt) -> String {
    let peer = attempt.connected_to();
    let from = attempt.source.map(|source| format!(" from {source}")).unwrap_or_default();
    format!("ip route get {}{from} ipproto tcp dport {}", peer.ip(), peer.port())
}

/// Our side of the connection, as the OS chose it.
fn source(e: &Evidence, attempt: &TcpAttempt) -> Option<String> {
    let towards = e.vantage.sources.iter().find(|s| s.towards == attempt.connected_to().ip());
    let address = attempt.source.or_else(|| towards.and_then(|s| s.source))?;
    let interface =
        attempt.interface.as_deref().or_else(|| towards.and_then(|s| s.interface.as_deref()));
    Some(match interface {
        Some(interface) => format!("{address} ({interface})"),
        None => address.to_string(),
    })
}

/// Our source address alone, or a placeholder.
pub(super) fn source_address(e: &Evidence, attempt: &TcpAttempt) -> String {
    let towards = e.vantage.sources.iter().find(|s| s.towards == attempt.connected_to().ip());
    attempt
        .source
        .or_else(|| towards.and_then(|s| s.source))
        .map_or_else(|| "<this machine>".to_owned(), |a| a.to_string())
}

/// An ICMP message or a local refusal as text.
fn describe_icmp(e: &Evidence, icmp: &Icmp, source: Option<IpAddr>) -> String {
    let meaning = icmp.meaning.describe();
    let code = icmp.code.as_deref().map(|c| format!(" (ICMP {c})")).unwrap_or_default();
    match icmp.from {
        Some(from) if !is_local(e, icmp, source) => format!("{from} reports {meaning}{code}"),
        _ => format!("this machine's kernel reports {meaning}{code}"),
    }
}

/// Whole milliseconds.
fn whole_ms(took_ms: f64) -> String {
    if took_ms < 0.5 { "<1 ms".to_owned() } else { format!("{took_ms:.0} ms") }
}

/// How an attempt ended, as a fact.
pub(in crate::diagnose) fn describe(e: &Evidence, attempt: &TcpAttempt) -> String {
    let outcome = match &attempt.outcome {
        TcpOutcome::Connected => format!("connected in {}", whole_ms(attempt.took_ms)),
        TcpOutcome::Refused => format!("refused after {}", whole_ms(attempt.took_ms)),
        TcpOutcome::Reset => format!("reset after {}", whole_ms(attempt.took_ms)),
        TcpOutcome::TimedOut => format!("no answer in {}", whole_ms(attempt.took_ms)),
        TcpOutcome::Unreachable { icmp } => describe_icmp(e, icmp, attempt.source),
        TcpOutcome::LocalError { errno, message } => format!("{message} (errno {errno})"),
    };
    let class = classify(attempt.address.ip()).words();
    let detour = attempt
        .connect_to
        .as_deref()
        .map(|to| format!(", sent to {to} by --connect-to"))
        .unwrap_or_default();
    match source(e, attempt) {
        Some(source) => {
            format!("{} ({class}{detour}) from {source}: {outcome}", attempt.address)
        }
        None => format!("{} ({class}{detour}): {outcome}", attempt.address),
    }
}

/// Whether an interface has the name of a bridge that a container or VM runtime of this machine
/// makes: for reports and systems that do not record the kind.
fn is_local_bridge(interface: &str) -> bool {
    ["docker", "virbr", "cni", "podman", "lxcbr", "lxdbr"]
        .iter()
        .any(|prefix| interface.starts_with(prefix))
        || interface
            .strip_prefix("br-")
            .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The bridge on this machine that the route leads into, if it is one.
pub(super) fn local_bridge(attempt: &TcpAttempt) -> Option<&str> {
    attempt.interface.as_deref().filter(|i| is_local_bridge(i))
}

/// A route that leads into this machine's own bridge, whose prefix includes the address.
fn overlap(e: &Evidence, attempt: &TcpAttempt) -> Option<String> {
    let interface = super::local_link::into_bridge(e, attempt)?;
    Some(format!(
        "the route to {} leads into {interface}, a bridge of this machine: where its ports are \
         its containers' alone, no packet reaches the network",
        attempt.address.ip()
    ))
}

/// A broken connection with the facts of every attempt.
pub(super) fn broken(
    e: &View<'_>,
    failed: &TcpFailure<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    let mut finding = FindingBuilder::new(Level::Broken, confidence, message);
    for indexed in &failed.all {
        finding = finding
            .fact(describe(e, indexed.attempt))
            .cites(format!("/tcp/value/attempts/{}", indexed.index));
    }
    if let Some(overlap) = overlap(e, failed.first.attempt) {
        finding = finding.reasoning(overlap);
    }
    if let Some(r) = answer_expired::expired(e) {
        finding = finding
            .reasoning(format!(
                "first of all, {} gave the address from an expired answer: it may be an old one",
                r.label()
            ))
            .inspect(
                "see whether another resolver gives the same address",
                format!("dig {} @<another resolver>", reading::word(&e.dns.name)),
            );
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bridges_of_container_runtimes_are_known_by_name() {
        for (name, is) in [
            ("docker0", true),
            ("br-1f2e3d4c5b6a", true),
            ("br-lan", false),
            ("bridge0", false),
            ("eth0", false),
        ] {
            assert_eq!(is_local_bridge(name), is, "{name}");
        }
    }
}
