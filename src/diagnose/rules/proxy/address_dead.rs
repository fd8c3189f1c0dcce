//! One of several addresses of the proxy does not connect: applications that try it first wait, or
//! fail (fact T42).

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::TcpOutcome;

use super::configured_by;

pub(super) const RULE: Rule = rule!(
    "proxy-address-dead",
    Proxy,
    "One of several addresses of the proxy does not connect",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.proxy.value()?;
    let dns = hop.dns.value()?;
    let tcp = hop.tcp.value()?;
    let dead = attempts::dead(tcp, &dns.effective());
    let first = dead.first()?.attempt.address.ip();
    // Silence may be slowness; any other outcome is the network's own report.
    let silent = dead.iter().all(|p| p.attempt.outcome == TcpOutcome::TimedOut);
    let listed_first = dns.system_addresses().first() == Some(&first);
    let host = &hop.host;
    let mut finding = FindingBuilder::new(
        Level::Risk,
        if silent { Confidence::Inferred } else { Confidence::Proved },
        headline::fitting(&[
            match listed_first {
                true => {
                    format!("{first} of the proxy {host} does not connect, and is tried first")
                }
                false => format!("{first} of the proxy {host} does not connect, another does"),
            },
            format!("{first} of the proxy does not connect, another address does"),
        ]),
    )
    .fact(format!("proxy {}, {}", hop.url, configured_by(e)))
    .cites("/proxy/value/dns");
    for (index, attempt) in tcp.attempts.iter().enumerate() {
        finding = finding
            .fact(attempts::describe(e, attempt))
            .cites(format!("/proxy/value/tcp/value/attempts/{index}"));
    }
    Some(
        finding
            .reasoning(match listed_first {
                true => {
                    "getaddrinfo lists it first: clients that try one address after another wait \
                     for it on each new connection, or fail"
                }
                false => {
                    "getaddrinfo lists one that connects first: most applications notice nothing \
                     until a resolver rotates the order"
                }
            })
            .ruled_out("the proxy as a whole: another of its addresses works")
            .owner("Network (proxy)")
            .inspect("see its addresses", format!("getent ahosts {}", reading::word(host)))
            .step(
                Step::shared(
                    format!("start the proxy at {first} again, or remove {first} from {host}"),
                    format!("every client that uses {host} as its proxy"),
                )
                .undo(format!("add {first} to {host} again")),
            )
            .check(reading::again(e)),
    )
}
