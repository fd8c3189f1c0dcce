//! A hop that works, and takes longer than the inventory's `slow` allows. The limit is the
//! operator's own; whether it is slow for everybody is said by the hops' own rules.

use crate::diagnose::timing;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

pub(super) const DNS: Rule = Rule {
    id: "dns-over-limit",
    hop: Hop::Dns,
    title: "The name takes longer than the inventory allows",
    page: include_str!("../../../docs/findings/dns-over-limit.md"),
    explains: &[],
    check: dns,
};

pub(super) const TCP: Rule = Rule {
    id: "tcp-over-limit",
    hop: Hop::Tcp,
    title: "The connection takes longer than the inventory allows",
    page: include_str!("../../../docs/findings/tcp-over-limit.md"),
    explains: &[],
    check: tcp,
};

pub(super) const TLS: Rule = Rule {
    id: "tls-over-limit",
    hop: Hop::Tls,
    title: "The handshake takes longer than the inventory allows",
    page: include_str!("../../../docs/findings/tls-over-limit.md"),
    explains: &[],
    check: tls,
};

pub(super) const HTTP: Rule = Rule {
    id: "http-over-limit",
    hop: Hop::Http,
    title: "The call takes longer than the inventory allows",
    page: include_str!("../../../docs/findings/http-over-limit.md"),
    explains: &[],
    check: http,
};

fn dns(e: &Evidence) -> Option<Because> {
    let limit = e.asked.limits.dns_ms?;
    // Behind a proxy the name that applications need is the proxy's, and it asks by itself.
    let took = e.dns.first_address_ms.filter(|took| *took > limit && !reading::proxied(e))?;
    let because = over(e, &format!("{} took", e.dns.name), took, limit, "the first usable answer");
    Some(
        because
            .read_at("/dns/first_address_ms")
            .owner("DNS")
            .look("time it, several times", format!("dig {} | grep 'Query time'", e.dns.name)),
    )
}

fn tcp(e: &Evidence) -> Option<Because> {
    let limit = e.asked.limits.tcp_ms?;
    let attempt = timing::connection(e).filter(|attempt| attempt.took_ms > limit)?;
    let (address, port) = (attempt.address.ip(), attempt.address.port());
    let says = format!("connecting to {address} took");
    let mut because = over(e, &says, attempt.took_ms, limit, "the connection");
    if let Some(info) = &attempt.info {
        let trip = timing::words(info.round_trip_ms());
        because = because.seen(format!("a round trip takes {trip}"));
    }
    Some(
        because
            .read_at("/tcp")
            .owner("Network")
            .look("see whether it is every time", format!("nc -vz -w 5 {address} {port}")),
    )
}

fn tls(e: &Evidence) -> Option<Because> {
    let limit = e.asked.limits.tls_ms?;
    let took = e.tls.took_ms().filter(|took| *took > limit && timing::went_through(e))?;
    let because = over(e, "the handshake took", took, limit, "the handshake");
    Some(because.read_at("/tls").owner("Network").look("time it, several times", timed(e)))
}

fn http(e: &Evidence) -> Option<Because> {
    let limit = e.asked.limits.http_ms?;
    let (index, took, _) = timing::slowest_call(e).filter(|(_, took, _)| *took > limit)?;
    let because = over(e, "the answer took", took, limit, "the call");
    let because = because.read_at(format!("/http/saw/calls/{index}"));
    Some(because.owner("Azure platform").look("time it, several times", timed(e)))
}

fn timed(e: &Evidence) -> String {
    format!(
        "curl -so /dev/null -w '%{{time_connect}} %{{time_appconnect}} %{{time_total}}\\n' \
         https://{}:{}/",
        e.target.host, e.target.port
    )
}

fn over(e: &Evidence, says: &str, took: f64, limit: f64, what: &str) -> Because {
    let (took, limit) = (timing::words(took), timing::words(limit));
    Because::new(Level::Risk, Sure::Proved, format!("{says} {took}, the limit is {limit}"))
        .known_by(format!("the time of {what} was taken; the inventory's limit for it is {limit}"))
        .check(reading::again(e))
}
