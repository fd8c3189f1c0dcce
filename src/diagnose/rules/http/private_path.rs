//! The service refuses the call's network, although the call went to a private address: which
//! causes the evidence supports, and which it rules out (facts H4a, T21, D68, X1, X2)

use std::net::IpAddr;

use crate::diagnose::rules::tcp::terminated;
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Evidence, classify};
use crate::services::Service;

use super::reference_client;

/// The id of the experiment that connects to an unallocated address.
const UNALLOCATED: &str = "unallocated-address";
/// A TLS answer that takes this many times as long as the connection, and this many milliseconds
/// longer, may come from farther away than the device that terminates TCP.
const MUCH_LATER: (f64, f64) = (5.0, 40.0);

/// What shows that a device on the path forwards calls, so that the address that was called need not be the
/// one that they reach (fact T220).
#[derive(Clone, Copy)]
pub(super) enum Forwarder {
    /// The service saw this public address.
    SeenFrom(IpAddr),
    /// The connection ends there.
    EndsThere,
}

/// The device, if anything shows one.
pub(super) fn forwarder(e: &Evidence, egress: Option<IpAddr>) -> Option<Forwarder> {
    if let Some(egress) = egress.filter(|ip| classify(*ip).is_public()) {
        return Some(Forwarder::SeenFrom(egress));
    }
    terminated::ends_early(e).then_some(Forwarder::EndsThere)
}

/// Adds the causes of a refusal at the private `address`, in the order of the evidence, and what
/// would decide. `endpoint`: whether the refusal names the private endpoint (fact X1).
pub(super) fn causes(
    e: &Evidence,
    finding: FindingBuilder,
    address: IpAddr,
    egress: Option<IpAddr>,
    endpoint: bool,
) -> FindingBuilder {
    let mut finding = proxies(e, finding);
    if let Some(direct) = reference_client::direct(e) {
        finding = finding.cites(direct.pointer.clone());
        if direct.refused(e) {
            finding = finding.ruled_out(
                "this tool as the cause: a standard HTTP client (reference-client) gets the same \
                 refusal",
            );
        } else if direct.let_in(e) {
            finding = finding
                .fact(format!(
                    "a moment later, a standard HTTP client is let in: {}",
                    direct.describe()
                ))
                .reasoning(
                    "two calls to the same name got different answers: the rules are still \
                     propagating, or more than one path leads there",
                );
        }
    }
    finding = unallocated(e, finding);
    finding = tcp_ends_nearer(e, finding);
    let forwarder = forwarder(e, egress);
    if forwarder.is_some_and(|forwarder| matches!(forwarder, Forwarder::EndsThere)) {
        finding = finding.fact(
            "the connection ends at a device on the path, not at the endpoint \
             (tcp-terminated-on-the-way)",
        );
    }
    if let Some(Forwarder::SeenFrom(egress)) = forwarder {
        return finding.reasoning(format!(
            "{address} is private, but the service saw the public address {egress}: a device on \
             the path (a firewall's application rule, a transparent proxy) terminates the \
             connection and forwards the call from there"
        ));
    }
    // An account has one for each of its names (fact X2).
    let several = reading::service(e).is_none_or(Service::is_account);
    let mut causes = Vec::new();
    if forwarder.is_some() {
        causes.push(
            "the device on the path at which TCP ends (a firewall's application rule, a transparent proxy) \
             forwards the call to the address that its own DNS gives for the name, a public one",
        );
    }
    if pinned(e) {
        causes.push(if several {
            "the address is pinned on this machine and may be outdated, or belong to another \
             name: one endpoint can have a different address for each of its three names"
        } else {
            "the address is pinned on this machine and may be outdated"
        });
    }
    causes.push("the address belongs to another account's private endpoint");
    if !pinned(e) && several {
        causes.push(
            "it is a wrong address of the right endpoint, which can have a different one for each \
             of its three names (openai, cognitiveservices, services.ai)",
        );
    }
    causes.push("the endpoint's connection is not approved");
    causes.push(
        "the endpoint or the rules were created or changed minutes ago (an endpoint: up \
                 to hours)",
    );
    if forwarder.is_none() {
        causes.push("a device on the path forwards the call from its own public address");
    }
    if endpoint {
        causes.push("the account was created with public access disabled (one report, weak)");
    }
    let listed: Vec<String> =
        causes.iter().enumerate().map(|(at, cause)| format!("({}) {cause}", at + 1)).collect();
    finding.reasoning(format!(
        "{address} is private, so one of these is the cause, the most likely first: {}",
        listed.join("; ")
    ))
}

/// Whether the address comes from this machine's hosts file.
fn pinned(e: &Evidence) -> bool {
    let walked = e.tcp.value().and_then(|tcp| tcp.selected);
    e.vantage.hosts.lines.iter().any(|line| Some(line.address) == walked)
}

/// Forward proxies: they also take a call off the private path.
fn proxies(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    if reading::proxied(e) {
        return finding.ruled_out(
            "the proxy as the cause: without it, at the private address, a standard HTTP client \
             (reference-client) gets the same refusal",
        );
    }
    let named = e.vantage.proxy.clients.iter().find_map(|client| client.proxy.as_deref());
    match named {
        None => finding.ruled_out("a forward proxy: this call does not go through one"),
        Some(proxy) => finding
            .ruled_out("a forward proxy: this check bypassed it")
            .reasoning(format!("applications may go through {proxy}, which this check bypassed")),
    }
}

/// A connection to an unallocated address.
fn unallocated(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let tried = e.experiments.connections.iter().enumerate().find(|(_, one)| one.id == UNALLOCATED);
    match tried {
        Some((index, one)) if one.outcome == TcpOutcome::Connected => finding
            .fact(format!(
                "the unallocated address {} accepts a connection too (unallocated-address): a device on \
                 the path terminates TCP",
                one.address
            ))
            .cites(format!("/experiments/connections/{index}")),
        Some(_) => finding,
        None if e.experiments.needs_deep(UNALLOCATED) => {
            finding.decide_with(reading::again_with(e, "--deep"))
        }
        None => finding,
    }
}

/// TCP that connects much sooner than TLS answers.
fn tcp_ends_nearer(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let (Some(tcp), Some(tls)) = (e.tcp.took_ms(), e.tls.took_ms()) else { return finding };
    if tls < tcp * MUCH_LATER.0 || tls < tcp + MUCH_LATER.1 {
        return finding;
    }
    finding.fact(format!(
        "TCP connects in {tcp:.0} ms, but TLS takes {tls:.0} ms: TCP may end at a device nearer \
         than the service"
    ))
}
