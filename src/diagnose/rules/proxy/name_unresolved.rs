//! The proxy's own name has no address.

use std::net::IpAddr;

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{DnsOutcome, Rcode, SystemAnswer};

use super::{connections, exempt};

pub(super) const RULE: Rule =
    rule!("proxy-name-unresolved", Proxy, "The proxy's name has no address", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let dns = hop.dns.saw()?;
    let failed = matches!(dns.system.saw(), Some(SystemAnswer::Failed { .. }));
    if !(dns.walked.is_empty() || failed && dns.effective().is_empty()) {
        return None;
    }
    let mut because = Because::new(
        Level::Broken,
        Sure::Proved,
        headline::fitting(&[
            format!("the proxy's name {} has no address", hop.host),
            "the proxy's name has no address".to_owned(),
        ]),
    )
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .read_at("/vantage/proxy")
    .read_at("/proxy/saw/dns");
    for resolver in &dns.resolvers {
        if let Some(outcome) = reading::a_outcome(resolver) {
            because = because.seen(format!(
                "{}: {}",
                resolver.label(),
                words(outcome, &resolver.addresses(&dns.name))
            ));
        }
    }
    because = match dns.system.saw() {
        Some(SystemAnswer::Failed { code }) => because.seen(format!("getaddrinfo: {code}")),
        Some(SystemAnswer::Stalled) => because.seen("getaddrinfo: no answer in time"),
        _ => because,
    };
    because = exempt::way_around(
        because
            .known_by(format!(
                "the proxy is asked for by name, and applications get no address for {}",
                hop.host
            ))
            .ruled_out(format!("{}: nothing was asked of it", e.target.host))
            .owner(exempt::owner(e)),
        e,
    );
    let resolver =
        dns.resolvers.first().map_or_else(String::new, |r| format!(" @{}", r.address.ip()));
    Some(
        because
            .look("ask for the proxy's name", format!("dig {}{resolver}", hop.host))
            .act(Step::local(format!(
                "correct the proxy's name where the application gets its environment ({})",
                connections::put_by(e)
            )))
            .act(
                Step::shared(
                    "or correct its record",
                    format!("every client that names {} as its proxy", hop.host),
                )
                .undo("restore the former record"),
            )
            .check(reading::again(e)),
    )
}

/// A resolver's answer for the proxy's name, in words.
fn words(outcome: &DnsOutcome, addresses: &[IpAddr]) -> String {
    match outcome {
        _ if !addresses.is_empty() => reading::list(addresses),
        DnsOutcome::Answered { answer } if answer.rcode == Rcode::NoError => {
            "NOERROR without an address".to_owned()
        }
        DnsOutcome::Answered { answer } => answer.rcode.to_string(),
        DnsOutcome::TimedOut => "no answer".to_owned(),
        DnsOutcome::PortRefused => "port closed".to_owned(),
        DnsOutcome::Unreachable { .. } => "unreachable".to_owned(),
        DnsOutcome::Malformed => "no DNS message".to_owned(),
        DnsOutcome::TcpFailed { .. } => "truncated, and TCP failed".to_owned(),
        DnsOutcome::LocalError { .. } => "could not be asked".to_owned(),
    }
}
