//! A firewall reports the rejection: ICMP 3/9, 3/10, 3/13, or ICMPv6 1/1 (RFC 1812, section
//! 5.2.7.1; RFC 4443, section 3.1).

use super::attempts;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::Confidence;
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::tunnel;

pub(super) const RULE: Rule = rule!(
    "tcp-admin-prohibited",
    Tcp,
    "A firewall reports that the connection is prohibited",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    let TcpOutcome::Unreachable { icmp } = &attempt.outcome else { return None };
    if icmp.meaning != IcmpMeaning::AdminProhibited {
        return None;
    }
    let (ip, peer) = (attempt.connected_to().ip(), attempts::peer(attempt));
    let source = attempts::source_address(e, attempt);
    let remote = icmp.from.filter(|_| !attempts::is_local(e, icmp, attempt.source));
    let finding = match remote {
        Some(firewall) => attempts::broken(
            e,
            failed,
            Confidence::Proved,
            format!("firewall {firewall} prohibits the connection to {peer}"),
        )
        .reasoning(format!(
            "{firewall} sent ICMP {}, administratively prohibited: a rule there rejects it",
            icmp.code.as_deref().unwrap_or("unreachable")
        ))
        .reasoning(match firewall == ip {
            true => {
                "the message comes from the address itself: a host is up there, and its own packet \
                 filter rejects (firewalld does so with this code), or a device that translates \
                 addresses (NAT) sends it in that name"
            }
            false => "a router with a route of type prohibit sends the same message",
        })
        .ruled_out_if(
            tunnel::is_private(e, ip) && firewall != ip,
            "the private endpoint's state: an endpoint does not send this message",
        )
        .owner("Network")
        .inspect(
            format!("see where on the path to {ip} the device is"),
            format!("traceroute -n -T -p {} {ip}", e.target.port),
        )
        .step(super::firewall_step::allow(
            e,
            &source,
            &ip.to_string(),
            Some(&firewall.to_string()),
        )),
        None => attempts::broken(
            e,
            failed,
            Confidence::Proved,
            format!("this machine prohibits the connection to {peer}"),
        )
        .reasoning("the machine's own kernel refuses: a packet filter or a prohibit route")
        .ruled_out_if(
            attempts::never_left(attempt),
            "every device on the path: no packet left this machine",
        )
        .owner("Server")
        .inspect("see this machine's packet filter rules", "nft list ruleset; iptables-save")
        .inspect(
            "see whether its route is of type prohibit",
            format!("ip rule show; {}", attempts::route_get(attempt)),
        ),
    };
    Some(finding.check(reading::again(e)))
}
