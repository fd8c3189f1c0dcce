//! A hop that works, and takes longer than the inventory's `slow` allows. The limit is the
//! operator's own; whether it is slow for everybody is said by the hops' own rules.

use crate::diagnose::timing;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Evidence;

pub(super) const DNS: Rule =
    rule!("dns-over-limit", Dns, "The name takes longer than the inventory allows", Code(dns))
        .about(crate::diagnose::About::Load);

pub(super) const TCP: Rule = rule!(
    "tcp-over-limit",
    Tcp,
    "The connection takes longer than the inventory allows",
    Code(tcp)
)
.about(crate::diagnose::About::Load);

pub(super) const TLS: Rule =
    rule!("tls-over-limit", Tls, "The handshake takes longer than the inventory allows", Code(tls))
        .about(crate::diagnose::About::Load);

pub(super) const HTTP: Rule =
    rule!("http-over-limit", Http, "The call takes longer than the inventory allows", Code(http))
        .about(crate::diagnose::About::Load);

fn dns(e: &View<'_>) -> Option<Because> {
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

fn tcp(e: &View<'_>) -> Option<Because> {
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

fn tls(e: &View<'_>) -> Option<Because> {
    let limit = e.asked.limits.tls_ms?;
    let took = e.tls.took_ms().filter(|took| *took > limit && timing::went_through(e))?;
    let because = over(e, "the handshake took", took, limit, "the handshake");
    Some(because.read_at("/tls").owner("Network").look("time it, several times", timed(e)))
}

fn http(e: &View<'_>) -> Option<Because> {
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
