//! A firewall says no in so many words: ICMP 3/9, 3/10, 3/13, or ICMPv6 1/1 (RFC 1812,
//! section 5.2.7.1; RFC 4443, section 3.1).

use super::attempts;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Sure;
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::tunnel;

pub(super) const RULE: Rule = rule!(
    "tcp-admin-prohibited",
    Tcp,
    "A firewall says that the connection is prohibited",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let TcpOutcome::Unreachable { icmp } = &attempt.outcome else { return None };
    if icmp.meaning != IcmpMeaning::AdminProhibited {
        return None;
    }
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    let source = attempts::source_address(e, attempt);
    let remote = icmp.from.filter(|_| !attempts::is_local(icmp, attempt.source));
    let because = match remote {
        Some(firewall) => attempts::broken(
            e,
            failed,
            Sure::Proved,
            format!("firewall {firewall} prohibits the connection to {peer}"),
        )
        .known_by(format!(
            "{firewall} sent ICMP {}, administratively prohibited: a rule there rejects it",
            icmp.code.as_deref().unwrap_or("unreachable")
        ))
        .known_by("a router with a route of type prohibit sends the same message")
        .ruled_out_if(
            tunnel::is_private(e, ip) && firewall != ip,
            "the private endpoint's state: an endpoint sends no such message",
        )
        .owner("Network")
        .look(
            format!("see where on the way to {ip} the device is"),
            format!("traceroute -n -T -p {} {ip}", e.target.port),
        )
        .act(super::opening::rule(
            e,
            &source,
            &ip.to_string(),
            Some(&firewall.to_string()),
        )),
        None => attempts::broken(
            e,
            failed,
            Sure::Proved,
            format!("this machine itself prohibits the connection to {peer}"),
        )
        .known_by("the refusal comes from its own kernel: a packet filter or a prohibit route")
        .ruled_out_if(
            attempts::never_left(attempt),
            "every device on the way: no packet left this machine",
        )
        .owner("Server")
        .look("see the rules of this machine", "nft list ruleset; iptables-save")
        .look("see its routes of type prohibit", format!("ip route get {ip}")),
    };
    Some(because.check(reading::again(e)))
}
