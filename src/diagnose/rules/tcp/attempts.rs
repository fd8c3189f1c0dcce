//! Which connection attempts tell what, and their facts in words; for the target's
//! addresses and for a proxy's.

use std::net::IpAddr;

use crate::diagnose::Because;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::tcp::not_sent;
pub(in crate::diagnose::rules) use crate::diagnose::view::tcp::{
    Failed, Placed, dead, failed, is_local,
};
use crate::diagnosis::{Level, Sure};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpAttempt, TcpOutcome};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, classify, tunnel};

/// Whether no packet can have left this machine: its kernel refused, and at once.
pub(super) fn never_left(attempt: &TcpAttempt) -> bool {
    not_sent(attempt) && attempt.took_ms < AT_ONCE_MS && attempt.syn_repeats.unwrap_or(0) == 0
}

/// A refusal of this machine's own kernel comes before any answer could, in milliseconds. Where the
/// error queue cannot be read (a sandbox), what a router says comes without its sender, later.
const AT_ONCE_MS: f64 = 5.0;

/// What crosses no network takes less, in milliseconds.
pub(super) const NEAR_MS: f64 = 0.5;

/// Whether something on this machine, a tunnel's client or a sidecar, may have answered in the
/// name of the address: such an answer says nothing of the way to it.
pub(super) fn answered_here(e: &Evidence, attempt: &TcpAttempt) -> bool {
    let ip = attempt.connected_to().ip();
    tunnel::address(e, ip).is_some()
        || e.vantage.is_on(Platform::ServiceMesh)
        || attempt.took_ms < NEAR_MS && !classify(ip).is_unusable()
}

/// Whether this machine has no route to the address (ENETUNREACH, or a route of type
/// `unreachable`, for which no source address is chosen).
pub(in crate::diagnose::rules) fn no_route(attempt: &TcpAttempt) -> bool {
    match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } if is_local(icmp, attempt.source) => match icmp.meaning {
            IcmpMeaning::NetUnreachable => true,
            IcmpMeaning::HostUnreachable => icmp.from.is_none() && attempt.source.is_none(),
            _ => false,
        },
        _ => false,
    }
}

/// Where the connection went: address and port, or what `--connect-to` put in their place.
pub(in crate::diagnose::rules) fn peer(attempt: &TcpAttempt) -> String {
    attempt.detour.clone().unwrap_or_else(|| attempt.address.to_string())
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

/// What an ICMP message or a local refusal says.
fn icmp_words(icmp: &Icmp, source: Option<IpAddr>) -> String {
    let meaning = icmp.meaning.describe();
    let code = icmp.code.as_deref().map(|c| format!(" (ICMP {c})")).unwrap_or_default();
    match icmp.from {
        Some(from) if Some(from) != source => format!("{from} says {meaning}{code}"),
        _ => format!("this machine's kernel says {meaning}{code}"),
    }
}

/// How an attempt ended, as a fact.
pub(in crate::diagnose::rules) fn words(e: &Evidence, attempt: &TcpAttempt) -> String {
    let outcome = match &attempt.outcome {
        TcpOutcome::Connected => format!("connected in {:.0} ms", attempt.took_ms),
        TcpOutcome::Refused => format!("refused after {:.0} ms", attempt.took_ms),
        TcpOutcome::Reset => format!("reset after {:.0} ms", attempt.took_ms),
        TcpOutcome::TimedOut => format!("no answer in {:.0} ms", attempt.took_ms),
        TcpOutcome::Unreachable { icmp } => icmp_words(icmp, attempt.source),
        TcpOutcome::LocalError { errno, says } => format!("{says} (errno {errno})"),
    };
    let class = classify(attempt.address.ip()).words();
    let detour = attempt
        .detour
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
/// makes: for reports and systems that do not say of what kind it is.
fn is_local_bridge(interface: &str) -> bool {
    ["docker", "virbr", "cni", "podman", "lxcbr", "lxdbr"]
        .iter()
        .any(|prefix| interface.starts_with(prefix))
        || interface
            .strip_prefix("br-")
            .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The bridge of this machine in which the route ends, if it is one.
pub(super) fn local_bridge(attempt: &TcpAttempt) -> Option<&str> {
    attempt.interface.as_deref().filter(|i| is_local_bridge(i))
}

/// A route that ends in this machine's own bridge: its prefix overlaps the address.
fn overlap(e: &Evidence, attempt: &TcpAttempt) -> Option<String> {
    let interface =
        match super::near::route(e, attempt).and_then(|(_, route)| route.interface.as_ref()) {
            Some(interface) => interface.stays_here.then_some(interface.name.as_str())?,
            None => local_bridge(attempt)?,
        };
    Some(format!(
        "the route to {} leaves through {interface}, a bridge inside this machine: its prefix \
         covers the address, and nothing is sent to the network",
        attempt.address.ip()
    ))
}

/// A broken connection with the facts of every attempt.
pub(super) fn broken(
    e: &Evidence,
    failed: &Failed<'_>,
    sure: Sure,
    says: impl Into<Clause>,
) -> Because {
    let mut because = Because::new(Level::Broken, sure, says);
    for placed in &failed.all {
        because = because
            .seen(words(e, placed.attempt))
            .read_at(format!("/tcp/saw/attempts/{}", placed.index));
    }
    if let Some(overlap) = overlap(e, failed.first.attempt) {
        because = because.known_by(overlap);
    }
    because
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
