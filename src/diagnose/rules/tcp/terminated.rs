//! A device on the path accepts TCP connections on behalf of the address, so that an open port
//! proves nothing (facts T10, T40). Shown only where another hop fails.

use super::traceroute::{Traceroute, Which};
use super::{attempts, local_link};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::experiment::{ConnectionExperiment, TraceResult};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::tunnel::Maker;
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, tunnel};

pub(super) const RULE: Rule = rule!(
    "tcp-terminated-on-the-way",
    Tcp,
    "A device on the path accepts TCP connections on behalf of the address",
    Code(check)
);

const EXPERIMENT: &str = "unallocated-address";

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let attempt = e.tcp.value()?.walked_attempt()?;
    let finding = ends_before_the_host(e, attempt)
        .or_else(|| unallocated(e, attempt))
        .or_else(|| on_this_machine(e, attempt))?;
    Some(
        finding
            .fact(attempts::describe(e, attempt))
            .caveat()
            .owner("Network")
            .step(Step::inspect(
                "look for the cause in the device's own log (firewall application rules, \
                 transparent proxy): an open connection says nothing about what is behind the \
                 device",
            ))
            .check(reading::again(e)),
    )
}

/// Milliseconds that a connection through a gateway takes at least.
const LOCAL_MS: f64 = 0.3;

/// Whether a device on the path accepts connections on behalf of the address, as far as tested.
pub(in crate::diagnose::rules) fn on_the_way(e: &Evidence) -> bool {
    let attempt = e.tcp.value().and_then(|tcp| tcp.walked_attempt());
    attempt
        .is_some_and(|one| ends_before_the_host(e, one).or_else(|| unallocated(e, one)).is_some())
}

/// Whether the connection to the address itself ends at a device on the path: packets with a limited TTL show it.
/// That an unallocated address connects shows such a device on the way to the internet, which may be another.
pub(in crate::diagnose::rules) fn ends_early(e: &Evidence) -> bool {
    let attempt = e.tcp.value().and_then(|tcp| tcp.walked_attempt());
    attempt.is_some_and(|attempt| ends_before_the_host(e, attempt).is_some())
}

/// The software on this machine that accepted the connection, or may have, so that the connection
/// shows nothing about the route and the port.
struct Acceptor {
    who: &'static str,
    confidence: Confidence,
    /// What shows it, and where it was read.
    sign: Option<(String, String)>,
    /// Whether it is, or may be, a sidecar.
    sidecar: bool,
}

/// The acceptor, if anything suggests one.
fn acceptor(e: &Evidence, attempt: &TcpAttempt) -> Option<Acceptor> {
    if attempt.connect_to.is_some() || attempt.address.ip().is_loopback() {
        return None;
    }
    let mesh = e.vantage.is_on(Platform::ServiceMesh);
    if let Some(sign) = tunnel::taken_here(e) {
        let made_up = tunnel::address(e, attempt.address.ip());
        let tunnelled = made_up.is_some_and(|one| one.maker == Maker::Client);
        let (who, confidence) = match (tunnelled, mesh) {
            (true, _) => ("the tunnel client", Confidence::Inferred),
            (false, true) => ("the service mesh's sidecar", Confidence::Inferred),
            (false, false) => ("a sidecar", Confidence::Possible),
        };
        return Some(Acceptor { who, confidence, sign: Some(sign), sidecar: !tunnelled });
    }
    let client = e.vantage.platforms.iter().position(|s| s.platform == Platform::ZeroTrust);
    if let Some(index) = client {
        // It accepts some destinations and not others; which ones is not visible from here.
        let sign = e.vantage.platforms[index].sign.clone();
        let sign = Some((sign, format!("/vantage/platforms/{index}")));
        let who = "the zero-trust client";
        return Some(Acceptor { who, confidence: Confidence::Possible, sign, sidecar: false });
    }
    let (_, route) = local_link::route(e, attempt)?;
    (attempt.took_ms < LOCAL_MS && route.gateway.is_some()).then_some(Acceptor {
        who: "a local proxy",
        confidence: Confidence::Possible,
        sign: None,
        sidecar: true,
    })
}

/// A sidecar, a tunnel client or another local proxy accepted it, and a later hop fails.
fn on_this_machine(e: &Evidence, attempt: &TcpAttempt) -> Option<FindingBuilder> {
    let Acceptor { who, confidence, sign, sidecar } = acceptor(e, attempt)?;
    if reading::tls_verified(e) {
        return None;
    }
    let peer = attempts::peer(attempt);
    let message = match confidence {
        Confidence::Inferred => format!(
            "{who} on this machine accepts connections, including those to \
                                   {peer}"
        ),
        _ => format!("{who} on this machine may have accepted the connection to {peer}"),
    };
    let mut finding = FindingBuilder::new(Level::Note, confidence, message).reasoning(format!(
        "an open connection then proves nothing about the route, the port or the address: {who} \
         accepts it before any packet is sent to the network"
    ));
    if let Some((sign, pointer)) = sign {
        finding = finding.fact(sign).cites(pointer);
    }
    if let Some((place, route)) = local_link::route(e, attempt)
        && let Some(gateway) = route.gateway
        && attempt.took_ms < LOCAL_MS
    {
        finding = finding.cites(place).fact(format!(
            "the connection was open after {:.2} ms, although the route leads through the gateway \
             {gateway}",
            attempt.took_ms
        ));
    }
    if confidence == Confidence::Possible {
        finding = finding
            .decide_with("iptables-save -t nat; nft list ruleset  # what redirects the port");
    }
    if sidecar {
        finding = finding
            .inspect(
                "see the sidecar's own log for this destination (Istio: BlackHoleCluster, UH, NR)",
                "kubectl logs <pod> -c istio-proxy --tail=50",
            )
            .step(
                Step::shared(
                    format!(
                        "if the mesh blocks unknown hosts (outboundTrafficPolicy REGISTRY_ONLY), \
                         register {} (Istio: ServiceEntry) or exclude its addresses from the \
                         sidecar",
                        e.target.host
                    ),
                    "every pod under the mesh's egress policy; the policy may be deliberate",
                )
                .undo("delete the ServiceEntry or the annotation again")
                .opens(),
            );
    }
    let index = e.tcp.value()?.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    Some(finding.cites(format!("/tcp/value/attempts/{index}")))
}

/// A SYN connects with a TTL at which UDP, or ICMP echo, on the same path expires. What echo requests
/// meet proves nothing about TCP.
fn ends_before_the_host(e: &Evidence, attempt: &TcpAttempt) -> Option<FindingBuilder> {
    let trace = Traceroute::of(e, EXPERIMENT, attempt)?;
    let ttl = trace.lowest_syn_ttl(|seen| *seen == TraceResult::Answered)?;
    let router = trace.routers(Which::Control).into_iter().find(|r| r.ttl >= ttl)?;
    // Two paths may differ in length, so they must have the same routers up to there.
    if !trace.same_routers_before(ttl) {
        return None;
    }
    let peer = attempts::peer(attempt);
    let mut finding = FindingBuilder::new(
        Level::Note,
        if trace.is_by_echo() { Confidence::Inferred } else { Confidence::Proved },
        format!("TCP to {peer} ends at hop {ttl} on the path, not at the host"),
    )
    .reasoning(format!(
        "a SYN with TTL {ttl} connects, but {} to the same address with TTL {} expires at the \
         router {}: the device that accepted the connection is no farther than that router",
        trace.control_name(),
        router.ttl,
        router.from
    ));
    for place in trace.places() {
        finding = finding.cites(place);
    }
    Some(finding)
}

/// An unallocated address connects too.
fn unallocated(e: &Evidence, attempt: &TcpAttempt) -> Option<FindingBuilder> {
    let unallocated = |tried: &ConnectionExperiment| {
        tried.id == EXPERIMENT && tried.outcome == TcpOutcome::Connected
    };
    let (index, tried) =
        e.experiments.connections.iter().enumerate().find(|(_, tried)| unallocated(tried))?;
    let ours = local_link::route(e, attempt).map(|(_, route)| route);
    // Nothing is between this machine and its own link: the device that accepts is elsewhere.
    if ours.is_some_and(|route| route.gateway.is_none()) {
        return None;
    }
    let address = tried.address.ip();
    let towards = e.vantage.sources.iter().find(|s| s.towards == address);
    let theirs = towards.and_then(|s| s.route.as_ref());
    let same_way = ours.zip(theirs).is_some_and(|(ours, theirs)| {
        ours.gateway == theirs.gateway && ours.interface == theirs.interface
    });
    // The path to a private address may leave the path to the internet after the next hop.
    let proved = same_way && tunnel::is_public(e, attempt.connected_to().ip());
    let peer = attempts::peer(attempt);
    let mut finding = FindingBuilder::new(
        Level::Note,
        if proved { Confidence::Proved } else { Confidence::Possible },
        match proved {
            true => {
                format!(
                    "a device on the path accepts TCP for any address, so an open {peer} \
                         proves nothing"
                )
            }
            false => {
                format!("a device may accept TCP on behalf of {peer}: {address} connects too")
            }
        },
    )
    .reasoning(format!(
        "{address} is an unallocated address (RFC 5737, RFC 3849), yet a connection to {} was \
         accepted: a firewall or a transparent proxy answers on its behalf",
        tried.address
    ))
    .cites(format!("/experiments/connections/{index}"));
    if !proved {
        finding = finding
            .reasoning(format!(
                "this does not show whether the device is on the path to {} too",
                attempt.connected_to().ip()
            ))
            .decide_with(format!(
                "traceroute -n -T -p {} {}",
                e.target.port,
                attempt.connected_to().ip()
            ));
    }
    Some(finding)
}
