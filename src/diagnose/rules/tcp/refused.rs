//! A RST answers the SYN: nothing listens there, or a firewall rejects (facts D58, D59).

use std::net::IpAddr;

use super::attempts;
use super::rst_distance::{self, RstFrom};
use super::traceroute::Traceroute;
use crate::diagnose::{FindingBuilder, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::TraceResult;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{classify, tunnel};

pub(super) const RULE: Rule =
    rule!("tcp-refused", Tcp, "The address refuses the connection: a RST answers", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::Refused {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let peer = attempts::peer(attempt);
    // The system takes the address itself as the source of a connection to an own address alone.
    if attempt.source == Some(ip) && !classify(ip).is_unusable() {
        return Some(own_address(
            e,
            attempts::broken(
                e,
                failed,
                Confidence::Proved,
                format!("{ip} is an address of this machine, which refuses port {}", e.target.port),
            ),
            ip,
        ));
    }
    let trace = Traceroute::of(e, "trace-syn", attempt);
    let before = trace
        .as_ref()
        .is_some_and(|trace| matches!(rst_distance::rst_from(trace), RstFrom::Before { .. }));
    // Whether the answer came from so near that it may be this machine's own.
    let at_once = attempt.took_ms < attempts::ON_HOST_MS;
    let hop = trace.as_ref().and_then(|trace| trace.lowest_syn_ttl(|t| *t == TraceResult::Reset));
    let nearby = !classify(ip).is_unusable()
        && match hop {
            Some(1) => at_once || trace.as_ref().and_then(Traceroute::host_ttl) != Some(1),
            Some(_) => false,
            None => at_once,
        };
    let here = attempts::answered_here(e, attempt) && !before;
    let message = match before {
        true if nearby => format!("this machine or its gateway refuses the connection to {peer}"),
        true => format!("a device on the path refuses the connection to {peer}"),
        false if nearby => format!("the connection to {peer} is refused"),
        false => format!("{peer} refuses the connection"),
    };
    // An answer that may be this machine's own does not show whose it is; nor do ICMP echo requests show
    // where TCP goes on to.
    let by_echo = before && trace.as_ref().is_some_and(Traceroute::is_by_echo);
    let confidence = if nearby || by_echo { Confidence::Inferred } else { Confidence::Proved };
    let mut finding = attempts::broken(e, failed, confidence, message)
        .reasoning(
            "a RST answered the SYN: either no process listens on this port, or a firewall, \
                 this machine's own packet filter among them, rejects on behalf of the address; the \
                 RST itself does not show which of them \
                 sent it",
        )
        .ruled_out_if(!here && before, "a dropped packet: an answer came")
        .ruled_out_if(!here && !before, "a dropped packet, a missing route: an answer came")
        .ruled_out_if(
            !here && !before && tunnel::is_private(e, ip),
            "a private endpoint that is not approved: it would not answer",
        );
    // A program cannot see what redirects its own packets, but an answer this fast comes from
    // nearby.
    if nearby {
        finding = finding
            .reasoning(format!(
                "{}: this machine itself may refuse, by a rule of its packet filter (`reject with tcp \
                 reset`), or if a service mesh or a local agent redirects the connection to a port \
                 on which no process listens",
                match hop == Some(1) {
                    true => "it comes from the first hop or from before it".to_owned(),
                    false => format!("it came after {:.1} ms, so from nearby", attempt.took_ms),
                }
            ))
            .decide_with(
                "iptables-save; nft list ruleset  # what rejects or redirects the port",
            )
            .inspect(
                "see whether this machine's packet filter rejects or redirects the connection",
                "nft list ruleset; iptables-save",
            );
    }
    finding = finding.decide_with(format!(
        "for i in 1 2 3 4 5 6; do nc -zv -w 2 {ip} {}; done  # if one connects: only some \
         backends refuse",
        e.target.port
    ));
    finding = if classify(ip).is_unusable() {
        let name = &e.dns.name;
        finding
            .reasoning(format!(
                "{ip} is not an Azure address ({}): a hosts file, a filter or a VPN client \
                 returned it",
                classify(ip).words()
            ))
            .owner("DNS")
            .inspect("see where this address comes from", format!("getent ahosts {name}"))
            .step(
                Step::local(format!(
                    "correct the source of this address for {name} (a hosts line, a filter, a VPN \
                     client); keep a copy of the file, and check what else the line contains"
                ))
                .undo("restore the copy"),
            )
    } else {
        let mut finding = finding.owner("Network");
        if tunnel::is_private(e, ip) {
            finding = endpoint_of::look(
                finding,
                format!("see whether {ip} belongs to the private endpoint, not to another machine"),
                ip,
            );
        }
        finding.step(Step::inspect(format!(
            "if the address is right, find the firewall between {} and {ip} that rejects TCP {}",
            attempts::source_address(e, attempt),
            e.target.port
        )))
    };
    Some(rst_distance::explain_refusal(e, finding, attempt).check(reading::again(e)))
}

/// What to do where the address is this machine's own (fact T40).
fn own_address(e: &View<'_>, finding: FindingBuilder, ip: IpAddr) -> FindingBuilder {
    let name = &e.dns.name;
    let finding = finding
        .reasoning(format!(
            "the connection has {ip} at both of its ends: no packet left this machine, and nothing is \
             known of the host that should have the address"
        ))
        .reasoning(format!(
            "either {name} should not lead to {ip}, or an interface here (a bridge of containers, a VPN, an \
             address given by hand) has the address of another host"
        ))
        .ruled_out("a firewall or a route on the path: no packet left this machine")
        .owner("Network")
        .inspect("see which interface has the address", "ip address show");
    let finding = match tunnel::is_private(e, ip) {
        true => endpoint_of::look(
            finding,
            format!("see whether {ip} belongs to the private endpoint"),
            ip,
        ),
        false => finding,
    };
    finding
        .step(Step::inspect(format!(
            "if it does, ask who gave this machine that address; if it does not, the record of {name} is \
             the wrong one"
        )))
        .check(reading::again(e))
}
