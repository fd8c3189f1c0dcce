//! The SYN is never answered (facts T1-T4, T7, T14, T25): something drops it, or nothing
//! is there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::{attempts, effective, near, trail};
use crate::diagnose::platform_advice::{self, Advice, Topic};
use crate::diagnose::{Because, Rule, View, account, dns64, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, Expect, TargetKind, classify, tunnel};

pub(super) const RULE: Rule = rule!(
    "tcp-silent",
    Tcp,
    "The address does not answer: the connection attempt is dropped somewhere",
    Code(check)
)
.yields_to(&["tcp-gateway-silent", "tcp-interface-down", "tcp-unreachable"])
.for_tokens(crate::diagnose::ForTokens::NoAnswer);

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::TimedOut {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let peer = attempts::peer(attempt);
    let alive = trail::host_answers(e, attempt);
    let says = match alive {
        true => format!("{peer} does not answer, and UDP shows that {ip} is there"),
        false => format!("{peer} does not answer"),
    };
    let because = attempts::broken(e, failed, Sure::Possible, says)
        .ruled_out("a port that is closed openly: no RST came")
        .ruled_out_if(
            attempt.syn_repeats.is_some(),
            "a router that reports the loss: no ICMP message came",
        )
        .ruled_out_if(
            attempt.source.is_some() && !route_may_be_missing(e, attempt),
            "a missing route on this machine",
        );
    let because = if let Some(tunnel) = tunnel::address(e, ip) {
        tunnelled(because, &tunnel, ip)
    } else if let Some(inner) = dns64::made_from(e, ip) {
        translated(e, because, ip, inner)
    } else if classify(ip).is_unusable() {
        unusable(e, because, ip)
    } else if tunnel::is_public(e, ip) && !expected(e, ip) {
        public(e, because, attempt)
    } else if alive {
        filtered(e, because, ip)
    } else {
        private(e, because, attempt)
    };
    let because = trail::of_silence(e, on_this_machine(e, because, attempt), attempt);
    Some(because.check(reading::again(e)))
}

/// What this machine's own tables say of the way.
fn on_this_machine(e: &Evidence, mut because: Because, attempt: &TcpAttempt) -> Because {
    let Some((place, route)) = near::route(e, attempt) else { return because };
    because = because.read_at(place);
    if let Some(gateway) = near::living_gateway(route) {
        because = because.ruled_out(format!("the gateway {gateway}: it answers on its link"));
    }
    if let (Some(source), Some(has), Some(leaves)) =
        (attempt.source, attempt.interface.as_deref(), route.interface.as_ref())
        && has != leaves.name
    {
        because = because
            .known_by(format!(
                "or nobody there knows the way back to {source}: this machine sends from it, it is \
                 an address of {has}, and the packets leave through {}",
                leaves.name
            ))
            .tells_it(format!(
                "ip route get {}  # src: the address that answers must find",
                attempt.connected_to().ip()
            ));
    }
    let by_default = route.prefix.as_deref().is_some_and(|prefix| prefix.ends_with("/0"));
    if by_default
        && tunnel::is_private(e, attempt.connected_to().ip())
        && let Some(tunnels) = near::tunnels_down(e)
    {
        because = because.read_at("/vantage/tunnels_down").known_by(format!(
            "or {tunnels}, and the packets take the default route, where nobody knows the address"
        ));
    }
    because
}

/// Whether the packets took the default route where a more specific one may be missing: a tunnel of
/// this machine is down, or WSL's own network is between this machine and the VPN of Windows.
fn route_may_be_missing(e: &Evidence, attempt: &TcpAttempt) -> bool {
    let tunnelled = near::tunnels_down(e).is_some() || e.vantage.is_on(Platform::Wsl);
    let by_default = near::route(e, attempt)
        .is_none_or(|(_, route)| route.prefix.as_deref().is_none_or(|p| p.ends_with("/0")));
    tunnelled && by_default && tunnel::is_private(e, attempt.connected_to().ip())
}

/// Why the connection may get no answer on this platform, and the step that shows it. Toward public
/// addresses a pod alone has rules of its own.
fn on_this_platform(e: &Evidence, ip: IpAddr) -> Option<&'static Advice> {
    platform_advice::on(e, Topic::ConnectionUnanswered).filter(|advice| {
        tunnel::is_private(e, ip) || expected(e, ip) || advice.platform == Platform::Kubernetes
    })
}

/// Adds the first of several possible causes, the platform's own, and the step that shows it.
fn first_cause(because: Because, advice: Option<&Advice>, peer: SocketAddr) -> Because {
    match advice {
        Some(advice) => because.known_by(advice.why).act(advice.step_towards(peer)),
        None => because,
    }
}

/// A cause among others, in which "or" leads on from the one before.
fn further(first: bool, cause: &str) -> String {
    if first { cause.to_owned() } else { format!("or {cause}") }
}

/// Whether `--expect` names a prefix with the address: virtual networks may use public
/// ranges too (fact D66).
fn expected(e: &Evidence, ip: IpAddr) -> bool {
    match &e.asked.expect {
        Expect::Cidr { prefixes } => prefixes
            .iter()
            .filter_map(|prefix| prefix.parse::<IpNet>().ok())
            .any(|net| net.contains(&ip)),
        _ => false,
    }
}

/// An address that a client on this machine made up: the real target is not seen.
fn tunnelled(because: Because, tunnel: &tunnel::TunnelAddress, ip: IpAddr) -> Because {
    because
        .known_by(format!("{ip} is a {}: {}", tunnel.maker.noun(), tunnel.sign))
        .read_at(tunnel.pointer.clone())
        .known_by(
            "what made the address up, or its rules, does not take the connection; which address \
             of Azure's it would connect to is not seen from here",
        )
        .owner("Network")
        .look("see the way to it", format!("ip route get {ip}"))
        .act(Step::look(
            "see that what made it up (the tunnel's client, the mesh) is running, and that its \
             rules let this host through",
        ))
}

/// An address that DNS64 made: a NAT64 gateway carries it, or nothing does.
fn translated(e: &Evidence, because: Because, ip: IpAddr, inner: Ipv4Addr) -> Because {
    let because = because
        .known_by(format!(
            "the NAT64 gateway for that prefix does not answer, or has no way to {inner}; or \
             something behind it drops the connection, as it would over IPv4"
        ))
        .tells_it(format!("ip route get {ip}"));
    dns64::fix(e, because, ip, inner).owner("Network").act(
        Step::local(format!("or give this machine IPv4, and a route to {inner}"))
            .undo("take the address off again"),
    )
}

/// An address at which no service of Azure can be (loopback, synthetic, reserved).
fn unusable(e: &Evidence, because: Because, ip: IpAddr) -> Because {
    let name = &e.dns.name;
    because
        .known_by(format!(
            "{ip} is no address of Azure's ({}): a hosts file, a filter or a VPN client made it up",
            classify(ip).words()
        ))
        .tells_it(format!("getent ahosts {name}"))
        .owner("DNS")
        .look("see who gives this address", format!("dig +noall +answer {name}"))
        .act(
            Step::local(format!(
                "correct what gives {name} this address (a hosts line, a filter, a VPN client); \
                 keep a copy of the file, and see what else the line holds"
            ))
            .undo("restore the copy"),
        )
}

/// The address itself answers UDP: its port alone is silent.
fn filtered(e: &Evidence, because: Because, ip: IpAddr) -> Because {
    because
        .known_by("a firewall on the way, or a filter at the host, drops the connection")
        .known_by("or the answer takes another way back and a stateful firewall drops it")
        .ruled_out("a missing route on the way there, an address that nobody has")
        .owner("Network")
        .act(Step::look(format!(
            "see that {ip} is the private endpoint's address, not another machine's, and that each \
             firewall on the way lets TCP {} through in both directions",
            e.target.port
        )))
}

/// A private endpoint's address, or one that is taken for it.
fn private(e: &Evidence, because: Because, attempt: &TcpAttempt) -> Because {
    let peer = attempt.connected_to();
    let ip = peer.ip();
    let advice = on_this_platform(e, ip);
    let id = match e.target.kind {
        TargetKind::Account | TargetKind::Project => "<account resource id>",
        _ => "<resource id>",
    };
    let mut because = first_cause(because.owner("Network"), advice, peer)
        .known_by(further(advice.is_none(), "an NSG or a firewall on the way drops the connection"))
        .known_by(
            "or the private endpoint is not Approved (Pending, Rejected, Disconnected), \
             and carries nothing",
        )
        .known_by(format!(
            "or a route is missing on the way there; or the answer takes another way back and a \
             stateful firewall drops it; or nobody has {ip} any more"
        ))
        .tells_it(format!("az network private-endpoint-connection list --id {id} -o table"));
    if matches!(e.target.kind, TargetKind::Account | TargetKind::Project) {
        because = because.look(
            "find the account's resource id",
            account::list(
                &format!("[?properties.customSubDomainName=='{}'].id", reading::account(e)),
                "-o tsv",
            ),
        );
    }
    because = because.look(
        "see the state of the private endpoint connection (it must be Approved)",
        format!("az network private-endpoint-connection list --id {id} -o table"),
    );
    because = if effective::in_azure(e) {
        effective::rules(because, e, ip)
    } else {
        because.act(Step::look(format!(
            "see that the prefix of {ip} is advertised over VPN or ExpressRoute to this site, \
             and that each firewall on the way lets TCP {} through in both directions",
            e.target.port
        )))
    };
    let wsl = advice.filter(|advice| advice.platform == Platform::Wsl);
    match wsl.and_then(|_| platform_advice::on(e, Topic::IntoNetwork)) {
        Some(into) => because.act(into.step()),
        None => because,
    }
}

/// A public address: egress.
fn public(e: &Evidence, because: Because, attempt: &TcpAttempt) -> Because {
    let peer = attempt.connected_to();
    let (ip, port) = (peer.ip(), e.target.port);
    let advice = on_this_platform(e, ip);
    let because = first_cause(because.owner("Network"), advice, peer)
        .known_by(further(
            advice.is_none(),
            &format!("a firewall or an NSG blocks egress to {ip}, port {port}"),
        ))
        .known_by(
            "or this network has no way out to public addresses (no NAT gateway, no \
             default outbound access)",
        );
    let because = if effective::in_azure(e) {
        effective::routes(because, e, ip)
    } else {
        because.look(format!("see the route to {ip}"), format!("ip route get {ip}"))
    };
    let source = attempts::source_address(e, attempt);
    because
        .act(Step::look(
            "see whether this machine should reach it by a private endpoint, or through a proxy: \
             then its DNS or its proxy variables are what is missing",
        ))
        .act(super::opening::rule(e, &source, &ip.to_string(), None))
        .act(
            Step::shared(
                "or, where the subnet has no way out at all, give it one (NAT gateway, route to a \
                 firewall; Terraform `azurerm_nat_gateway`)",
                "the egress address of every machine of the subnet changes: allow lists of others \
                 that name the old one no longer match",
            )
            .undo("take the NAT gateway or the route off the subnet again")
            .opens(),
        )
}
