//! A router, or ARP on the local link, shows that the address cannot be reached (RFC 792, RFC 4443;
//! facts T14, T49, D58).

mod here;
mod router;

use super::local_link::{self, LinkFault};
use super::{attempts, traceroute};
use crate::diagnose::rules::hop_limit::{self, RanOut};
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::{FindingBuilder, Rule, View, dns64, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::vantage::Platform;

use here::{
    filtered_here, host_unreachable_by_somebody, next_hop_silent, no_peer, overlapped, unclaimed,
};
use router::{host_unreachable, meaning, peer_rejects};

pub(super) const RULE: Rule = rule!(
    "tcp-unreachable",
    Tcp,
    "A router reports the address as unreachable, or no host on the local link has it",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::NoAnswer)
.explains(&[
    "tcp-refused",
    "tcp-reset",
    "tls-silent",
    "tls-reset",
    "tls-closed",
    "tls-plain-http",
    "tls-not-tls",
    "tls-name-refused",
    "tls-alert",
    "tls-incompatible",
    "tls-wrong-name",
    "tls-self-signed",
    "tls-untrusted-issuer",
    "tls-connection-lost",
]);

/// What a message means, which team fixes it, and how.
struct Meaning {
    message: String,
    confidence: Confidence,
    reasoning: String,
    look: (String, String),
    /// The command that decides between the causes that remain.
    decide: Option<String>,
    steps: Vec<Step>,
}

impl From<RanOut> for Meaning {
    fn from(ran_out: RanOut) -> Self {
        let RanOut { message, confidence, reasoning, look, decide, steps, .. } = ran_out;
        Self { message, confidence, reasoning, look, decide, steps }
    }
}

/// Whether the handshake does not show a server of the name: one whose certificate is for it may be a
/// relay of the operator's own.
fn is_another(tls: &TlsHop) -> bool {
    match tls.outcome {
        TlsOutcome::Verified => false,
        TlsOutcome::CertificateRejected { .. } => {
            tls.chain.first().is_none_or(|leaf| !leaf.covers_target)
        }
        _ => true,
    }
}

/// Another machine answers at the address, in a bridge of this machine's own: it refuses the
/// connection, or does not speak TLS for the name.
fn answered_in_bridge(e: &View<'_>) -> Option<FindingBuilder> {
    // A host of the operator's own, such as a gateway, may well be a container here.
    if reading::proxied(e) || e.target.private_zone.is_none() {
        return None;
    }
    let hop = e.tcp.value()?;
    let finished =
        |outcome: &TcpOutcome| matches!(outcome, TcpOutcome::Refused | TcpOutcome::Reset);
    let attempt = match e.tcp.failed() {
        Some(failed) => Some(failed.first.attempt).filter(|a| finished(&a.outcome))?,
        None if is_another(e.tls.value()?) => hop.walked_attempt()?,
        None => return None,
    };
    let bridge = local_link::into_bridge(e, attempt)?;
    let index = hop.attempts.iter().position(|one| std::ptr::eq(one, attempt))?;
    let ip = attempt.connected_to().ip();
    let m = overlapped(attempt, bridge, false);
    let mut finding = FindingBuilder::new(Level::Broken, Confidence::Inferred, m.message)
        .fact(attempts::describe(e, attempt))
        .cites(format!("/tcp/value/attempts/{index}"));
    if let Some((place, _)) = local_link::route(e, attempt) {
        finding = finding.cites(place);
    }
    let finding = finding
        .reasoning(format!(
            "a container or virtual machine on {bridge} seems to have {ip} too and answers, not as \
             the service does: the prefix of {bridge} includes the address, so no packet gets to the \
             network behind this machine's gateway"
        ))
        .owner("Server")
        .inspect(m.look.0, m.look.1);
    Some(m.steps.into_iter().fold(finding, FindingBuilder::step).check(reading::again(e)))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if let Some(finding) = answered_in_bridge(e) {
        return Some(finding);
    }
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let near = local_link::fault(e, attempt);
    let refuser = attempts::refuser(e, attempt);
    let mut owner = "Network";
    let mut rests_on = None;
    let m = match (&near, &attempt.outcome, refuser) {
        (Some(LinkFault::Bridge(bridge, no_port)), ..) => {
            owner = "Server";
            overlapped(attempt, bridge, *no_port)
        }
        (Some(LinkFault::AddressUnclaimed { interface, state }), ..) => {
            unclaimed(attempt, interface, local_link::asked(attempt, *state))
        }
        // Rules of their own.
        (Some(LinkFault::GatewaySilent { .. } | LinkFault::InterfaceDown(_)), ..) => return None,
        (None, TcpOutcome::Unreachable { icmp }, Some(refuser)) => {
            if icmp.meaning == IcmpMeaning::AdminProhibited || attempts::no_route(e, attempt) {
                return None;
            }
            match (icmp.meaning, refuser) {
                // With the host's network, the node's own address is this machine's.
                (
                    IcmpMeaning::PortUnreachable,
                    Refuser::Filter | Refuser::Device(_) | Refuser::Peer(_),
                ) if e.vantage.is_on(Platform::Kubernetes) => {
                    owner = "Server";
                    let node = icmp.from.map_or("this node".to_owned(), |from| from.to_string());
                    Meaning {
                        reasoning: format!(
                            "a host answers a closed TCP port with a RST; in a cluster, the node \
                             rejects with this code where a Service has no endpoints (kube-proxy); \
                             a packet filter at {node} would look the same"
                        ),
                        look: (
                            "see the Service of this address, and its endpoints".to_owned(),
                            "kubectl get service,endpointslice -A -o wide".to_owned(),
                        ),
                        ..meaning(e, IcmpMeaning::PortUnreachable, &node, attempt)
                    }
                }
                (kind, Refuser::Filter) => {
                    owner = "Server";
                    let tunnel = local_link::wireguard(e, attempt);
                    match tunnel.filter(|_| kind == IcmpMeaning::HostUnreachable) {
                        Some(tunnel) => {
                            rests_on = local_link::route(e, attempt).map(|(place, _)| place);
                            no_peer(attempt, tunnel)
                        }
                        None => filtered_here(attempt, icmp),
                    }
                }
                // A translator of addresses reports a loop or an MTU behind it in the peer's name.
                (kind, Refuser::Peer(_))
                    if !matches!(
                        kind,
                        IcmpMeaning::TimeExceeded | IcmpMeaning::FragmentationNeeded
                    ) =>
                {
                    peer_rejects(e, attempt, icmp)
                }
                (IcmpMeaning::HostUnreachable, Refuser::Device(router)) => {
                    host_unreachable(e, attempt, router)
                }
                (IcmpMeaning::HostUnreachable, Refuser::Unknown) => {
                    host_unreachable_by_somebody(attempt)
                }
                (IcmpMeaning::HostUnreachable, _) => next_hop_silent(e, attempt),
                (IcmpMeaning::TimeExceeded, refuser) => {
                    let router = match refuser {
                        Refuser::Device(router) | Refuser::Peer(router) => Some(router),
                        _ => None,
                    };
                    let ran_out = hop_limit::ran_out(e, attempt.connected_to().ip(), router);
                    owner = ran_out.owner;
                    rests_on = ran_out.cites.map(str::to_owned);
                    ran_out.into()
                }
                (kind, Refuser::Device(router) | Refuser::Peer(router)) => {
                    meaning(e, kind, &router.to_string(), attempt)
                }
                (kind, _) => meaning(e, kind, "a device on the way", attempt),
            }
        }
        (None, ..) => return None,
    };
    let m = match local_link::route(e, attempt).filter(|_| near.is_some()) {
        // The packet filter may send this connection by another route.
        Some((_, route)) if !route.marked.is_empty() => {
            Meaning { confidence: Confidence::Inferred, ..m }
        }
        _ => m,
    };
    let mut finding = attempts::broken(e, failed, m.confidence, m.message).reasoning(m.reasoning);
    if let Some((place, _)) = local_link::route(e, attempt).filter(|_| near.is_some()) {
        finding = finding.cites(place);
    }
    if let Some(command) = m.decide {
        finding = finding.decide_with(command);
    }
    if let Some(place) = rests_on {
        finding = finding.cites(place);
    }
    let here = near.is_none() && refuser == Some(Refuser::Filter);
    let finding = finding
        .ruled_out_if(
            near.is_none() && matches!(refuser, Some(Refuser::Device(_) | Refuser::Peer(_))),
            "a silent drop: the message names the device that gave up",
        )
        .ruled_out_if(
            here,
            "NSG, private endpoint, every device on the path: this machine itself sent the message",
        )
        .ruled_out_if(
            near.is_some() && m.confidence == Confidence::Proved,
            "NSG, firewall, private endpoint: no packet got beyond this machine's link",
        )
        .owner(owner)
        .inspect(m.look.0, m.look.1);
    // Neither the virtual network's prefix nor a rule for it is what such an address needs.
    let ip = attempt.connected_to().ip();
    let translated = dns64::made_from(e, ip).filter(|_| near.is_none() && !here);
    let finding = match translated {
        Some(inner) => dns64::carry(e, finding, ip, inner),
        None => m.steps.into_iter().fold(finding, FindingBuilder::step),
    };
    let finding = match refuser == Some(Refuser::Unknown) {
        true => traceroute::explain_unnamed(e, finding, attempt),
        false => finding,
    };
    Some(finding.check(reading::again(e)))
}
