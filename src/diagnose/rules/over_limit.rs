//! The hops' limits by the inventory: a row each.

use crate::diagnose::engines::limit::{Row, Time};
use crate::diagnose::{About, Rule, reading, timing};
use crate::evidence::Evidence;

pub(super) const DNS: Rule = rule!(
    "dns-over-limit",
    Dns,
    "The name takes longer than the inventory allows",
    OverLimit(&Row {
        limit: |limits| limits.dns_ms,
        // Behind a proxy, applications only resolve the proxy's name; the proxy resolves the
        // target's.
        time: |e| {
            let took_ms = e.dns.first_address_ms.filter(|_| !reading::proxied(e))?;
            Some(Time { took_ms, trip_ms: None, place: "/dns/first_address_ms".to_owned() })
        },
        message: |e| format!("{} took", e.dns.name),
        what: "the first usable answer",
        owner: "DNS",
        look: ("time it, several times", |e| format!("dig {} | grep 'Query time'", e.dns.name)),
    })
)
.about(About::Load);

pub(super) const TCP: Rule = rule!(
    "tcp-over-limit",
    Tcp,
    "The connection takes longer than the inventory allows",
    OverLimit(&Row {
        limit: |limits| limits.tcp_ms,
        time: |e| {
            let attempt = timing::connection(e)?;
            let trip_ms = attempt.info.as_ref().map(|info| info.round_trip_ms());
            Some(Time { took_ms: attempt.took_ms, trip_ms, place: "/tcp".to_owned() })
        },
        message: |e| match timing::connection(e) {
            Some(attempt) => format!("connecting to {} took", attempt.address.ip()),
            None => "connecting took".to_owned(),
        },
        what: "the connection",
        owner: "Network",
        look: ("see whether it happens each time", |e| {
            let to = timing::connection(e).map(|attempt| attempt.address);
            to.map(|to| format!("nc -vz -w 5 {} {}", to.ip(), to.port())).unwrap_or_default()
        }),
    })
)
.about(About::Load);

pub(super) const TLS: Rule = rule!(
    "tls-over-limit",
    Tls,
    "The handshake takes longer than the inventory allows",
    OverLimit(&Row {
        limit: |limits| limits.tls_ms,
        time: |e| {
            let took_ms = e.tls.took_ms().filter(|_| timing::went_through(e))?;
            Some(Time { took_ms, trip_ms: None, place: "/tls".to_owned() })
        },
        message: |_| "the handshake took".to_owned(),
        what: "the handshake",
        owner: "Network",
        look: ("time it, several times", |e| timed(e)),
    })
)
.about(About::Load);

pub(super) const HTTP: Rule = rule!(
    "http-over-limit",
    Http,
    "The call takes longer than the inventory allows",
    OverLimit(&Row {
        limit: |limits| limits.http_ms,
        time: |e| {
            let (index, took_ms, _) = timing::slowest_call(e)?;
            Some(Time { took_ms, trip_ms: None, place: format!("/http/value/calls/{index}") })
        },
        message: |_| "the answer took".to_owned(),
        what: "the call",
        owner: "Azure platform",
        look: ("time it, several times", |e| timed(e)),
    })
)
.about(About::Load);

fn timed(e: &Evidence) -> String {
    format!(
        "curl -so /dev/null -w '%{{time_connect}} %{{time_appconnect}} %{{time_total}}\\n' \
         https://{}:{}/",
        e.target.host, e.target.port
    )
}
