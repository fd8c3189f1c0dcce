//! One of several addresses of the proxy does not connect: applications that meet it first wait,
//! or fail (fact T42).

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tcp::TcpOutcome;

use super::connections;

pub(super) const RULE: Rule = rule!(
    "proxy-address-dead",
    Proxy,
    "One of several addresses of the proxy does not connect",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let dns = hop.dns.saw()?;
    let tcp = hop.tcp.saw()?;
    let dead = attempts::dead(tcp, &dns.effective());
    let first = dead.first()?.attempt.address.ip();
    // Silence may be slowness; any other end is the network's word.
    let silent = dead.iter().all(|p| p.attempt.outcome == TcpOutcome::TimedOut);
    let listed_first = dns.system_addresses().first() == Some(&first);
    let host = &hop.host;
    let mut because = Because::new(
        Level::Risk,
        if silent { Sure::Inferred } else { Sure::Proved },
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
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .read_at("/proxy/saw/dns");
    for (index, attempt) in tcp.attempts.iter().enumerate() {
        because = because
            .seen(attempts::words(e, attempt))
            .read_at(format!("/proxy/saw/tcp/saw/attempts/{index}"));
    }
    Some(
        because
            .known_by(match listed_first {
                true => {
                    "getaddrinfo lists it first: clients that try one address after another wait \
                     for it at each new connection, or fail"
                }
                false => {
                    "getaddrinfo lists one that connects first: most applications notice nothing \
                     until a resolver turns the order"
                }
            })
            .ruled_out("the proxy as a whole: another of its addresses works")
            .owner("Network (proxy)")
            .look("see its addresses", format!("getent ahosts {}", reading::word(host)))
            .act(
                Step::shared(
                    format!("start the proxy at {first} again, or take {first} out of {host}"),
                    format!("every client that names {host} as its proxy"),
                )
                .undo(format!("add {first} to {host} again")),
            )
            .check(reading::again(e)),
    )
}
