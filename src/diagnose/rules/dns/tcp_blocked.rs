//! A truncated answer whose repeat over TCP fails (RFC 7766): port 53 is open for UDP only.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::dns_experiments::Reachability;
use crate::diagnose::view::resolver_view::ResolverOutcome;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};

use super::{downstream, text};

pub(super) const RULE: Rule =
    rule!("dns-tcp-blocked", Dns, "DNS must be asked over TCP, and TCP fails", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "proxy-name-unresolved"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let all = e.dns.resolver_views();
    let resolver = all.iter().find(|r| {
        matches!(r.outcome, ResolverOutcome::TcpFailed(_))
            || (e.dns.effective().is_empty() && r.reachability == Reachability::UdpOnly)
    })?;
    let over_tcp_alone = matches!(resolver.outcome, ResolverOutcome::Silent);
    let lost = e.dns.all_fail() && e.dns.deciding().iter().any(|r| r.index == resolver.index);
    let level = match (lost, downstream::level_without_address(e)) {
        (true, _) if downstream::proxy_name_unresolved(e) => Level::Broken,
        (true, level) => level,
        (false, Level::Broken) => Level::Risk,
        (false, level) => level,
    };
    let label = resolver.label();
    let mut finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        if over_tcp_alone {
            format!("`use-vc` asks {label} over TCP, but it answers only over UDP")
        } else {
            format!("{label} truncates its answer, and TCP to it fails")
        },
    )
    .fact(format!("{label}: {}", text::outcome(resolver)))
    .cites(resolver.pointer())
    .reasoning(if over_tcp_alone {
        "`options use-vc` makes the C library ask over TCP from the start; that got no answer \
         here, and questions over UDP did"
    } else {
        "the answer over UDP has the TC bit; a resolver library then repeats the question over \
         TCP, which failed here"
    })
    .owner("Network")
    .inspect("ask over TCP", format!("{} +tcp", text::dig(&e.dns.name, resolver.seen)));
    finding = match platform_advice::on(e, Topic::ResolverUnanswered) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding,
    };
    Some(
        finding
            .step(
                Step::shared(
                    format!(
                        "allow TCP port {} to {}, and have the resolver listen on it",
                        resolver.seen.address.port(),
                        resolver.seen.address.ip()
                    ),
                    "every client behind the same firewall rule",
                )
                .undo("remove the rule again"),
            )
            .check(format!("{} +tcp", text::dig(&e.dns.name, resolver.seen))),
    )
}
