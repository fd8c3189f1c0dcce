//! A truncated answer whose repeat over TCP fails (RFC 7766): port 53 is open for UDP alone.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::gives::Gives;
use crate::diagnose::view::tried::Reach;
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Step, Sure};

use super::{fate, words};

pub(super) const RULE: Rule =
    rule!("dns-tcp-blocked", Dns, "DNS must be asked over TCP, and TCP fails", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "proxy-name-unresolved"]);

fn check(e: &View<'_>) -> Option<Because> {
    let all = e.dns.asked();
    let resolver = all.iter().find(|r| {
        matches!(r.gives, Gives::TcpFailed(_))
            || (e.dns.effective().is_empty() && r.reach == Reach::OverUdpAlone)
    })?;
    let over_tcp_alone = matches!(resolver.gives, Gives::Silent);
    let lost = e.dns.all_fail() && e.dns.deciding().iter().any(|r| r.index == resolver.index);
    let level = match (lost, fate::without_address(e)) {
        (true, _) if fate::proxy_name_lost(e) => Level::Broken,
        (true, level) => level,
        (false, Level::Broken) => Level::Risk,
        (false, level) => level,
    };
    let label = resolver.label();
    let mut because = Because::new(
        level,
        Sure::Proved,
        if over_tcp_alone {
            format!("`use-vc` asks {label} over TCP, and only UDP is answered")
        } else {
            format!("{label} truncates, and TCP to it fails")
        },
    )
    .seen(format!("{label}: {}", words::gives(resolver)))
    .read_at(resolver.pointer())
    .known_by(if over_tcp_alone {
        "`options use-vc` makes the C library ask over TCP from the start; that had no \
                 answer here, and questions over UDP had"
    } else {
        "the answer over UDP has the TC bit; a resolver library then repeats the question \
                 over TCP, and that failed here"
    })
    .owner("Network")
    .look("ask over TCP", format!("{} +tcp", words::dig(&e.dns.name, resolver.seen)));
    because = match platform_advice::on(e, Topic::ResolverUnanswered) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because,
    };
    Some(
        because
            .act(
                Step::shared(
                    format!(
                        "let TCP port {} through to {}, and have the resolver listen on it",
                        resolver.seen.address.port(),
                        resolver.seen.address.ip()
                    ),
                    "every client behind the same firewall rule",
                )
                .undo("take the rule out again"),
            )
            .check(format!("{} +tcp", words::dig(&e.dns.name, resolver.seen))),
    )
}
