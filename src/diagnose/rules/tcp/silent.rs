//! The SYN is never answered (facts T1-T4, T7, T14, T25): something drops it, or the address is not
//! in use.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::{attempts, azure_routes, local_link, routing_loop, traceroute};
use crate::commands::System;
use crate::diagnose::platform_advice::{self, Advice, Topic};
use crate::diagnose::rules::hop_limit;
use crate::diagnose::{FindingBuilder, Rule, View, account, dns64, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::TraceProbe;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, Expect, TargetKind, classify, tunnel};

pub(super) const RULE: Rule = rule!(
    "tcp-silent",
    Tcp,
    "The address does not answer: something drops the connection attempt",
    Code(check)
)
.yields_to(&["tcp-silent-though-allowed", "tcp-interface-down", "tcp-unreachable"])
.for_tokens(crate::diagnose::ForTokens::NoAnswer);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::TimedOut || local_link::is_gateway_silent(e, attempt) {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let peer = attempts::peer(attempt);
    let alive = traceroute::host_answers(e, attempt);
    let looping = traceroute::routing_loop(e, attempt);
    let (confidence, message) = match (&looping, alive) {
        (Some(routers), _) => (
            Confidence::Inferred,
            format!("packets to {ip} loop between {}", routing_loop::among(routers)),
        ),
        (None, Some(TraceProbe::Echo)) => {
            (Confidence::Possible, format!("{peer} does not answer, though {ip} answers ICMP echo"))
        }
        (None, Some(_)) => (
            Confidence::Possible,
            format!("{peer} does not answer, though UDP shows that {ip} is in use"),
        ),
        (None, None) => (Confidence::Possible, format!("{peer} does not answer")),
    };
    let finding = attempts::broken(e, failed, confidence, message)
        .ruled_out("a closed port: no RST came")
        .ruled_out_if(
            attempt.source.is_some() && !route_may_be_missing(e, attempt),
            "a missing route on this machine",
        );
    let routed = is_routed(e, attempt);
    let finding = if routed { hop_limit::silent(e, finding, ip) } else { finding };
    let finding = if let Some(routers) = &looping {
        routing_loop::explain(finding, ip, routers)
    } else if let Some(tunnel) = tunnel::address(e, ip) {
        tunnelled(finding, &tunnel, ip)
    } else if let Some(inner) = dns64::made_from(e, ip) {
        translated(e, finding, ip, inner)
    } else if classify(ip).is_unusable() {
        unusable(e, finding, ip)
    } else if tunnel::is_public(e, ip) && !expected(e, ip) {
        public(e, finding, attempt)
    } else if let Some(what) = alive {
        filtered(e, finding, attempt, what)
    } else {
        private(e, finding, attempt)
    };
    // Whatever else drops packets, these do not get beyond the first router.
    let finding = match hop_limit::low(e, ip) {
        Some(1) if routed => finding.owner("Server"),
        _ => finding,
    };
    let finding = match looping.is_some() {
        true => finding,
        false => on_this_machine(e, finding, attempt),
    };
    let finding = if routed { hop_limit::may_be_low(e, finding, ip) } else { finding };
    let finding = traceroute::explain_silence(e, finding, attempt);
    Some(finding.check(reading::again(e)))
}

/// Whether a router is on the path, as far as this machine's tables show it.
fn is_routed(e: &Evidence, attempt: &TcpAttempt) -> bool {
    local_link::route(e, attempt).is_none_or(|(_, route)| route.gateway.is_some())
}

/// The first of several causes, if the source address is not one of the interface that the packets
/// leave through: answers go to that address. Also returns whether the next cause is the first.
fn no_way_back(
    e: &Evidence,
    finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> (FindingBuilder, bool) {
    let leaves = local_link::route(e, attempt)
        .and_then(|(_, route)| route.interface.as_ref())
        .map(|interface| interface.name.as_str());
    let (Some(source), Some(has), Some(leaves)) = (
        attempt.source,
        attempt.interface.as_deref(),
        leaves.filter(|l| Some(*l) != attempt.interface.as_deref()),
    ) else {
        return (finding, true);
    };
    let look = attempts::route_get(attempt);
    let finding = finding
        .reasoning(format!(
            "this machine sends from {source}, an address of {has}, but the packets leave through \
             {leaves}: the remote network may have no route back to {source}"
        ))
        .decide_with(format!("{look}  # src: the address that answers are sent to"))
        .inspect("see which source address this machine chooses (src)", look);
    (finding, false)
}

/// Adds what this machine's own tables show about the path.
fn on_this_machine(
    e: &Evidence,
    mut finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    // What this machine's own rules drop is not in its tables of routes and neighbours.
    finding = finding
        .reasoning(
            "or this machine itself drops the packets, out or in: by a rule of its packet filter, or \
             by an IPsec policy whose tunnel is not up",
        )
        .decide_with("nft list ruleset; iptables-save; ip xfrm policy");
    if System::of(&e.vantage.os) == System::Linux {
        finding = finding
            .reasoning(
                "or its reverse path filter (`rp_filter`) drops the answers, where they arrive at another \
                 interface than the one that this machine sends through"
            )
            .decide_with(
                "nstat -az TcpExtIPReversePathFilter  # before and after a call: how many it dropped",
            );
    }
    let Some((place, route)) = local_link::route(e, attempt) else { return finding };
    finding = finding.cites(place);
    if let Some(gateway) = local_link::reachable_gateway(route) {
        finding = finding.ruled_out(format!("the gateway {gateway}: it answers on its link"));
    }
    if let Some(elsewhere) = local_link::marked_elsewhere(route) {
        finding = finding.reasoning(format!(
            "or this machine's packet filter marks the connection: by a routing rule, {elsewhere}"
        ));
        finding = local_link::marks_decide(finding, route, attempt.connected_to().ip());
    }
    let by_default = route.prefix.as_deref().is_some_and(|prefix| prefix.ends_with("/0"));
    if by_default
        && tunnel::is_private(e, attempt.connected_to().ip())
        && let Some(tunnels) = local_link::tunnels_down(e)
    {
        finding = finding.cites("/vantage/tunnels_down").reasoning(format!(
            "or {tunnels}, and the packets take the default route, which does not lead to the \
             address"
        ));
    }
    finding
}

/// Whether the packets took the default route where a more specific one may be missing: a tunnel of
/// this machine is down, or WSL's own network is between this machine and the VPN on Windows. Or
/// they have no route once the packet filter marks them.
fn route_may_be_missing(e: &Evidence, attempt: &TcpAttempt) -> bool {
    let unroutable =
        |route: &crate::evidence::vantage::Route| route.marked.iter().any(|one| one.no_route);
    if local_link::route(e, attempt).is_some_and(|(_, route)| unroutable(route)) {
        return true;
    }
    let tunnelled = local_link::tunnels_down(e).is_some() || e.vantage.is_on(Platform::Wsl);
    let by_default = local_link::route(e, attempt)
        .is_none_or(|(_, route)| route.prefix.as_deref().is_none_or(|p| p.ends_with("/0")));
    tunnelled && by_default && tunnel::is_private(e, attempt.connected_to().ip())
}

/// Why the connection may get no answer on this platform, and the step that shows it. For public
/// addresses, only a pod has rules of its own.
fn on_this_platform(e: &Evidence, ip: IpAddr) -> Option<Advice> {
    platform_advice::on(e, Topic::ConnectionUnanswered).filter(|advice| {
        tunnel::is_private(e, ip) || expected(e, ip) || advice.platform == Platform::Kubernetes
    })
}

/// Adds the first of several possible causes, the platform's own, and the step that shows it.
fn first_cause(
    finding: FindingBuilder,
    advice: Option<Advice>,
    peer: SocketAddr,
    first: bool,
) -> FindingBuilder {
    match advice {
        Some(advice) => {
            finding.reasoning(further(first, advice.why)).step(advice.step_towards(peer))
        }
        None => finding,
    }
}

/// A cause among others; "or" connects it to the previous one.
fn further(first: bool, cause: &str) -> String {
    if first { cause.to_owned() } else { format!("or {cause}") }
}

/// Whether `--expect` names a prefix with the address: virtual networks may use public
/// ranges too (fact D66).
fn expected(e: &Evidence, ip: IpAddr) -> bool {
    match &e.options.expect {
        Expect::Cidr { prefixes } => prefixes
            .iter()
            .filter_map(|prefix| prefix.parse::<IpNet>().ok())
            .any(|net| net.contains(&ip)),
        _ => false,
    }
}

/// A synthetic address from a client on this machine: the real target is not visible.
fn tunnelled(
    finding: FindingBuilder,
    tunnel: &tunnel::TunnelAddress,
    ip: IpAddr,
) -> FindingBuilder {
    finding
        .reasoning(format!("{ip} is a {}: {}", tunnel.maker.noun(), tunnel.sign))
        .cites(tunnel.pointer.clone())
        .reasoning(
            "the software that generated the address does not accept the connection, or its rules \
             forbid it; which Azure address it would connect to is not visible from here",
        )
        .owner("Network")
        .inspect("see the route to it", format!("ip route get {ip}"))
        .step(Step::inspect(
            "check that the software that generated it (the tunnel client, the mesh) is running, \
             and that its rules allow this host",
        ))
}

/// An address that DNS64 generated: only a NAT64 gateway carries its traffic.
fn translated(
    e: &Evidence,
    finding: FindingBuilder,
    ip: IpAddr,
    inner: Ipv4Addr,
) -> FindingBuilder {
    let finding = finding
        .reasoning(format!(
            "the NAT64 gateway for that prefix does not answer, or has no route to {inner}; or \
             something behind it drops the connection, as it would over IPv4"
        ))
        .decide_with(format!("ip route get {ip}"));
    dns64::carry(e, finding, ip, inner)
}

/// An address that no Azure service can have (loopback, synthetic, reserved).
fn unusable(e: &Evidence, finding: FindingBuilder, ip: IpAddr) -> FindingBuilder {
    let name = &e.dns.name;
    finding
        .reasoning(format!(
            "{ip} is not an Azure address ({}): a hosts file, a filter or a VPN client returned it",
            classify(ip).words()
        ))
        .decide_with(format!("getent ahosts {name}"))
        .owner("DNS")
        .inspect("see where this address comes from", format!("dig +noall +answer {name}"))
        .step(
            Step::local(format!(
                "correct the source of this address for {name} (a hosts line, a filter, a VPN \
                 client); keep a copy of the file, and check what else the line contains"
            ))
            .undo("restore the copy"),
        )
}

/// The address itself answers UDP, or ICMP echo: only the port is silent.
fn filtered(
    e: &Evidence,
    finding: FindingBuilder,
    attempt: &TcpAttempt,
    what: TraceProbe,
) -> FindingBuilder {
    let (mut finding, mut first) = no_way_back(e, finding, attempt);
    let ip = attempt.connected_to().ip();
    if what == TraceProbe::Echo && tunnel::is_private(e, ip) {
        finding = finding.reasoning(further(
            first,
            "the address may be another machine's: private endpoints do not answer echo requests, as far \
             as is known",
        ));
        first = false;
    }
    finding
        .reasoning(further(
            first,
            "a firewall on the path, or a filter on the host, drops the connection",
        ))
        .reasoning("or the answer returns by a different path and a stateful firewall drops it")
        .ruled_out(format!(
            "a missing route to the address, an address that is not in use: it answers {}",
            what.name()
        ))
        .owner("Network")
        .step(Step::inspect(format!(
            "check that {ip} belongs to the private endpoint, not to another machine, and that \
             each firewall on the path allows TCP {} in both directions",
            e.target.port
        )))
}

/// A private endpoint's address, or one that is assumed to be.
fn private(e: &Evidence, finding: FindingBuilder, attempt: &TcpAttempt) -> FindingBuilder {
    let (finding, first) = no_way_back(e, finding, attempt);
    let peer = attempt.connected_to();
    let ip = peer.ip();
    let advice = on_this_platform(e, ip);
    let id = match e.target.kind {
        TargetKind::Account | TargetKind::Project => "<account resource id>",
        _ => "<resource id>",
    };
    let mut finding = first_cause(finding.owner("Network"), advice, peer, first)
        .reasoning(further(
            first && advice.is_none(),
            "an NSG or a firewall on the path drops the connection",
        ))
        .reasoning(
            "or the private endpoint connection is not Approved (Pending, Rejected, Disconnected) \
             and carries no traffic",
        )
        .reasoning(format!(
            "or a route to the address is missing; or the answer returns by a different path and \
             a stateful firewall drops it; or {ip} is no longer in use"
        ))
        .decide_with(format!("az network private-endpoint-connection list --id {id} -o table"));
    if matches!(e.target.kind, TargetKind::Account | TargetKind::Project) {
        finding = finding.inspect(
            "find the account's resource id",
            account::list(
                e,
                &format!("[?properties.customSubDomainName=='{}'].id", reading::account(e)),
                "-o tsv",
            ),
        );
    }
    finding = finding.inspect(
        "see the state of the private endpoint connection, which must be Approved",
        format!("az network private-endpoint-connection list --id {id} -o table"),
    );
    finding = if azure_routes::in_azure(e) {
        azure_routes::rules(finding, e, ip)
    } else {
        finding.step(Step::inspect(format!(
            "check that the prefix of {ip} is advertised over VPN or ExpressRoute to this site, \
             and that each firewall on the path allows TCP {} in both directions",
            e.target.port
        )))
    };
    let wsl = advice.filter(|advice| advice.platform == Platform::Wsl);
    match wsl.and_then(|_| platform_advice::on(e, Topic::IntoNetwork)) {
        Some(into) => finding.step(into.step()),
        None => finding,
    }
}

/// A public address: egress.
fn public(e: &Evidence, finding: FindingBuilder, attempt: &TcpAttempt) -> FindingBuilder {
    let (finding, first) = no_way_back(e, finding, attempt);
    let peer = attempt.connected_to();
    let (ip, port) = (peer.ip(), e.target.port);
    let advice = on_this_platform(e, ip);
    let finding = first_cause(finding.owner("Network"), advice, peer, first)
        .reasoning(further(
            first && advice.is_none(),
            &format!("a firewall or an NSG blocks egress to {ip}, port {port}"),
        ))
        .reasoning(
            "or this network has no outbound internet access (no NAT gateway, no default outbound \
             access)",
        );
    let finding = if azure_routes::in_azure(e) {
        azure_routes::routes(finding, e, ip)
    } else {
        finding.inspect(format!("see the route to {ip}"), attempts::route_get(attempt))
    };
    let source = attempts::source_address(e, attempt);
    finding
        .step(Step::inspect(
            "decide whether this machine should use a private endpoint or a proxy: in that case, \
             its DNS or its proxy variables need fixing",
        ))
        .step(super::firewall_step::allow(e, &source, &ip.to_string(), None))
        .step(
            Step::shared(
                "if the subnet has no outbound access at all, add it (NAT gateway, route to a \
                 firewall; Terraform `azurerm_nat_gateway`)",
                "the egress address of every machine in the subnet changes: allow lists that \
                 contain the old one no longer match",
            )
            .or()
            .undo("remove the NAT gateway or the route from the subnet again")
            .opens(),
        )
}
