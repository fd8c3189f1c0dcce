//! No nameserver is configured: 127.0.0.1 is asked, as glibc does (resolv.conf(5)).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;
use crate::evidence::vantage::FileState;

use super::fate;

pub(super) const RULE: Rule =
    rule!("dns-no-resolver", Dns, "No nameserver is configured", Code(check)).explains(&[
        "dns-resolver-silent",
        "dns-resolver-port-refused",
        "dns-resolver-unreachable",
        "dns-resolver-down",
        "dns-refused",
        "dns-servfail",
        "dns-malformed-answer",
        "dns-error-answer",
        "dns-system-fails",
        "dns-system-slow",
        "proxy-name-unresolved",
    ]);

fn check(e: &View<'_>) -> Option<Because> {
    let config = &e.vantage.resolver_config;
    // What is not read is not empty.
    if !config.nameservers.is_empty() || config.state == FileState::NotRead {
        return None;
    }
    let (index, resolver) =
        e.dns.resolvers.iter().enumerate().find(|(_, r)| r.role == ResolverRole::Assumed)?;
    let answers = e.dns.asked().iter().any(|r| r.index == index && r.gives.is_answer());
    let level = if answers {
        Level::Note
    } else if reading::proxied(e) {
        if fate::proxy_name_lost(e) { Level::Broken } else { Level::Note }
    } else if e.dns.effective().is_empty() {
        Level::Broken
    } else {
        Level::Risk
    };
    let state = match &config.state {
        FileState::Read => format!("{} names no nameserver", config.path),
        FileState::Missing => format!("there is no {}", config.path),
        FileState::NotRead => return None,
        FileState::Unreadable { says } => format!("{} cannot be read: {says}", config.path),
    };
    let passed_over = (!config.bad_lines.is_empty()).then(|| {
        format!(
            "the C library passes over lines {} of {}: see whether they end with a carriage return \
             (CRLF), or are misspelt",
            config.bad_lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            config.path
        )
    });
    let label = resolver.label();
    let says = if answers {
        format!("no nameserver is configured; {label} answers all the same")
    } else {
        format!("no nameserver is configured, and {label} does not answer")
    };
    let mut because = Because::new(level, Sure::Proved, says)
        .seen(state)
        .read_at("/vantage/resolver_config")
        .read_at(format!("/dns/resolvers/{index}/a"));
    if let Some(passed_over) = passed_over {
        because = because
            .known_by(passed_over)
            .look("see the ends of its lines", format!("cat -A {}", reading::word(&config.path)));
    }
    let mut because = because
        .known_by("without a nameserver line the C library asks 127.0.0.1, which was asked too")
        .owner("Server")
        .look("see what should write the file", format!("ls -l {}", reading::word(&config.path)));
    because = match platform_advice::on(e, Topic::ResolverSetting) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because.act(
            Step::local(
                "name a resolver that sees the private zone: in the DHCP or network settings, not \
                 by hand, where a service writes the file",
            )
            .undo("set the old value again"),
        ),
    };
    Some(because.check(reading::again(e)))
}
