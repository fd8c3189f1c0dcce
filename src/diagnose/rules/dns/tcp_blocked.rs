//! A truncated answer whose repeat over TCP fails (RFC 7766): port 53 is open for UDP alone.

use crate::diagnose::{Because, Rule};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

use super::gives::{self, Gives};
use super::{fate, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-tcp-blocked",
    hop: Hop::Dns,
    title: "The answer is too long for UDP, and DNS over TCP fails",
    page: include_str!("../../../../docs/findings/dns-tcp-blocked.md"),
    explains: &["dns-system-fails", "dns-system-slow", "proxy-name-unresolved"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let all = gives::asked(e);
    let resolver = all.iter().find(|r| matches!(r.gives, Gives::TcpFailed(_)))?;
    let lost = gives::application(e).is_empty()
        && gives::decider(e).is_none()
        && gives::deciding(e).iter().any(|r| r.index == resolver.index);
    let level = match (lost, fate::without_address(e)) {
        (true, _) if fate::proxy_name_lost(e) => Level::Broken,
        (true, level) => level,
        (false, Level::Broken) => Level::Risk,
        (false, level) => level,
    };
    let label = resolver.label();
    Some(
        Because::new(level, Sure::Proved, format!("{label} truncates, and TCP to it fails"))
            .seen(format!("{label}: {}", words::gives(resolver)))
            .read_at(resolver.pointer())
            .known_by(
                "the answer over UDP has the TC bit; a resolver library then repeats the question \
                 over TCP, and that failed here",
            )
            .owner("Network")
            .look("ask over TCP", format!("{} +tcp", words::dig(&e.dns.name, resolver.seen)))
            .step(format!(
                "let TCP port {} through to {}, and have the resolver listen on it",
                resolver.seen.address.port(),
                resolver.seen.address.ip()
            ))
            .check(format!("{} +tcp", words::dig(&e.dns.name, resolver.seen))),
    )
}
