//! The proxy's own name has no address.

use std::net::IpAddr;

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, Rcode, SystemAnswer};

use super::{configured_by, no_proxy};

pub(super) const RULE: Rule =
    rule!("proxy-name-unresolved", Proxy, "The proxy's name has no address", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let dns = hop.dns.value()?;
    let failed = matches!(dns.system.value(), Some(SystemAnswer::Failed { .. }));
    if !(dns.selected.is_empty() || failed && dns.effective().is_empty()) {
        return None;
    }
    let mut finding = FindingBuilder::new(
        Level::Broken,
        Confidence::Proved,
        headline::fitting(&[
            format!("the proxy's name {} has no address", hop.host),
            "the proxy's name has no address".to_owned(),
        ]),
    )
    .fact(format!("proxy {}, {}", hop.url, configured_by(e)))
    .cites("/vantage/proxy")
    .cites("/proxy/value/dns");
    for resolver in &dns.resolvers {
        if let Some(outcome) = reading::a_outcome(resolver) {
            finding = finding.fact(format!(
                "{}: {}",
                resolver.label(),
                describe(outcome, &resolver.addresses(&dns.name))
            ));
        }
    }
    finding = match dns.system.value() {
        Some(SystemAnswer::Failed { code }) => finding.fact(format!("getaddrinfo: {code}")),
        Some(SystemAnswer::Stalled) => finding.fact("getaddrinfo: no answer in time"),
        _ => finding,
    };
    finding = no_proxy::bypass_advice(
        finding
            .reasoning(format!(
                "applications connect to the proxy by its name, and get no address for {}",
                hop.host
            ))
            .ruled_out(format!("{}: it was not contacted", e.target.host))
            .owner(no_proxy::owner(e)),
        e,
    );
    let resolver =
        dns.resolvers.first().map_or_else(String::new, |r| format!(" @{}", r.address.ip()));
    Some(
        finding
            .inspect("look up the proxy's name", format!("dig {}{resolver}", hop.host))
            .step(Step::local(format!(
                "correct the proxy's name in the application's environment ({})",
                configured_by(e)
            )))
            .step(
                Step::shared(
                    "correct its record",
                    format!("every client that uses {} as its proxy", hop.host),
                )
                .or()
                .undo("restore the former record"),
            )
            .check(reading::again(e)),
    )
}

/// A resolver's answer for the proxy's name, as text.
fn describe(outcome: &DnsOutcome, addresses: &[IpAddr]) -> String {
    match outcome {
        _ if !addresses.is_empty() => reading::list(addresses),
        DnsOutcome::Answered { answer } if answer.rcode == Rcode::NoError => {
            "NOERROR without an address".to_owned()
        }
        DnsOutcome::Answered { answer } => answer.rcode.to_string(),
        DnsOutcome::TimedOut => "no answer".to_owned(),
        DnsOutcome::PortRefused => "port closed".to_owned(),
        DnsOutcome::Unreachable { .. } => "unreachable".to_owned(),
        DnsOutcome::Malformed => "not a DNS message".to_owned(),
        DnsOutcome::TcpFailed { .. } => "truncated, and TCP failed".to_owned(),
        DnsOutcome::LocalError { .. } => "could not be queried".to_owned(),
    }
}
