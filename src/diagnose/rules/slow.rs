//! Hops that are slower than the path needs: a row each (facts T44, T45, T47, T48).

use std::net::SocketAddr;

use super::proxy::{self, configured_by};
use crate::diagnose::engines::slow::{Row, Time};
use crate::diagnose::{About, FindingBuilder, Rule, View, account, reading, timing};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::{Evidence, Observed};

/// The connection opened, but took a second or more (RFC 6298).
pub(super) const TCP: Rule = rule!(
    "tcp-slow",
    Tcp,
    "The connection takes a second or more",
    Slow(&Row {
        time: |e| {
            let attempt = timing::connection(e)?;
            let attempts = &e.tcp.value()?.attempts;
            let index = attempts.iter().position(|one| std::ptr::eq(one, attempt))?;
            Some(Time {
                took_ms: attempt.took_ms,
                trip_ms: attempt.info.as_ref().map(|info| info.round_trip_ms()),
                waited_ms: attempt.took_ms,
                // A lost SYN is what this rule reports.
                lost: 0,
                place: format!("/tcp/value/attempts/{index}"),
            })
        },
        confidence: Confidence::Proved,
        message: |e, time| {
            let took = timing::words(time.took_ms);
            let Some(attempt) = timing::connection(e) else { return took.into() };
            let to = attempt.connected_to();
            match attempt.syn_repeats {
                _ if is_far(time) => {
                    format!("connecting took {took}: a round trip to {} takes as long", to.ip())
                }
                Some(1) => {
                    format!("connecting took {took}: the first SYN to {to} was not answered")
                }
                Some(n) if n > 1 => {
                    format!("connecting took {took}: {n} SYN to {to} were not answered")
                }
                _ => format!("connecting to {to} took {took}"),
            }
            .into()
        },
        facts: |finding, e, time| match timing::connection(e) {
            Some(attempt) => connection(finding, attempt, time),
            None => finding,
        },
        owner: |_| "Network",
        then: "look for packet loss and SYN limits on the path: tunnel, firewall, NAT, load \
               balancer",
    })
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(About::Load);

/// Whether the path itself takes as long.
fn is_far(time: &Time) -> bool {
    time.trip_ms.is_some_and(|trip| trip >= timing::LONG_MS)
}

/// What is known of a connection that took long.
fn connection(finding: FindingBuilder, attempt: &TcpAttempt, time: &Time) -> FindingBuilder {
    let to = attempt.connected_to();
    let mut finding = finding.fact(format!("{to} connected after {}", timing::words(time.took_ms)));
    if let Some(trip) = time.trip_ms {
        finding = finding.fact(format!("a round trip takes {}", timing::words(trip)));
    }
    finding = match (is_far(time), attempt.syn_repeats) {
        (true, _) => finding.reasoning("the kernel measured the round trip on this connection"),
        (false, Some(1..)) => finding
            .reasoning(
                "the kernel counted the SYN that it sent again: it waits 1 s for the first, then \
                 2 s; every new connection of an application may wait as long",
            )
            .reasoning(
                "possible causes of an occasionally lost SYN: loss on the path, a full accept \
                 queue on the server, a tunnel or firewall state that the first packet sets up, a \
                 rate limit; where the first one is lost each time, a device that drops a SYN with \
                 ECN, which a system that is set to ask for ECN repeats without it",
            ),
        (false, _) => finding.reasoning("the time from the first SYN to its answer was measured"),
    };
    finding
        .inspect(
            "see whether it happens each time",
            format!("nc -vz -w 5 {} {}", to.ip(), to.port()),
        )
        .inspect(
            "on the server, see the connections that its queue had no room for",
            "nstat -az TcpExtListenDrops",
        )
}

/// The handshake verifies, and took much longer than its round trips.
pub(super) const TLS: Rule = rule!(
    "tls-slow",
    Tls,
    "The handshake takes a second longer than the path needs",
    Slow(&Row {
        time: |e| {
            let waited_ms = timing::handshake_waited_ms(e).filter(|_| timing::went_through(e))?;
            Some(Time {
                took_ms: e.tls.took_ms()?,
                trip_ms: timing::round_trip_ms(e),
                waited_ms,
                lost: timing::lost(e).0,
                place: "/tls".to_owned(),
            })
        },
        confidence: Confidence::Inferred,
        message: |e, time| {
            let (took, trip) = (timing::words(time.took_ms), trip(time));
            match reading::proxied(e) {
                true => format!("the handshake through the proxy took {took}, CONNECT {trip}"),
                false => format!("the handshake took {took}, a round trip takes {trip}"),
            }
            .into()
        },
        facts: |finding, e, _| handshake(finding, e),
        owner: |e| if reading::proxied(e) { "Network (proxy)" } else { "Network" },
        then: "look at devices on the path that terminate or inspect TLS: their load and their \
               own lookups (OCSP, categories, names); then at the server's load",
    })
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(About::Load);

/// The round trip as text.
fn trip(time: &Time) -> String {
    time.trip_ms.map(timing::words).unwrap_or_default()
}

/// What is known of a handshake that took long.
fn handshake(finding: FindingBuilder, e: &Evidence) -> FindingBuilder {
    let proxied = reading::proxied(e);
    let mut finding = finding.reasoning(match proxied {
        true => {
            "CONNECT includes a round trip to the server, so the path itself is faster: the \
             proxy, an inspecting device or the server took the time"
        }
        false => {
            "the round trip on the same connection is short and no segment from here was lost: \
             the server, or a device that answers or delays the handshake, took the time"
        }
    });
    let (lost, connections) = timing::lost_elsewhere(e);
    if lost > 0 {
        finding = finding
            .reasoning(format!(
                "segments were sent again on other connections to the same address ({lost} on \
                 {connections}): the path loses packets, and an answer that is lost and sent again takes \
                 the time as well"
            ))
            .cites("/experiments/handshakes");
        if let Some(attempt) = timing::connection(e) {
            finding = finding
                .inspect("see where packets are lost", see_loss(attempt.connected_to()))
                .step(look_for_loss());
        }
    }
    let info = e.tls.value().and_then(|hop| hop.tcp_info.as_ref());
    if !proxied && let Some(info) = info {
        finding = finding
            .reasoning(match info.rcv_ooopack {
                Some(1..) => {
                    "segments of the answer came out of order: some were lost on the return path, \
                     and the peer had to send them again"
                }
                _ => "an answer that was lost entirely and sent again would look the same",
            })
            .ruled_out_if(lost == 0, "loss on the path to the server: no segment was sent again");
    }
    finding.inspect("time it, several times", timed(e, ""))
}

/// The command that shows where packets are lost.
pub(super) fn see_loss(to: SocketAddr) -> String {
    format!("mtr -rwc 50 --tcp -P {} {}", to.port(), to.ip())
}

/// What loses packets.
pub(super) fn look_for_loss() -> Step {
    Step::inspect(
        "look for loss on the path: a saturated link, a traffic shaper, a tunnel, a duplex mismatch \
         or a radio fault",
    )
}

/// Times connection and handshake by hand, with curl's `option`.
fn timed(e: &Evidence, option: &str) -> String {
    let url = format!("https://{}:{}/", e.target.host, e.target.port);
    format!(
        "curl -so /dev/null {option}-w '%{{time_connect}} %{{time_appconnect}}\\n' {}",
        reading::word(&url)
    )
}

/// The answer came, and took much longer than its round trips.
pub(super) const HTTP: Rule = rule!(
    "http-slow",
    Http,
    "The answer takes a second longer than the path needs",
    Slow(&Row {
        time: |e| {
            let (index, took_ms, waited_ms) =
                timing::slowest_call(e).filter(|_| timing::went_through(e))?;
            Some(Time {
                took_ms,
                trip_ms: timing::round_trip_ms(e),
                waited_ms,
                lost: timing::lost(e).1,
                place: format!("/http/value/calls/{index}"),
            })
        },
        confidence: Confidence::Inferred,
        message: |e, time| {
            let (took, trip) = (timing::words(time.took_ms), trip(time));
            match reading::proxied(e) {
                true => format!("the answer took {took} through the proxy, CONNECT {trip}"),
                false => format!("the answer took {took}, a round trip takes {trip}: not the path"),
            }
            .into()
        },
        facts: answer,
        owner: |_| "Application",
        then: "look at gateways and inspecting devices on the path to the service, then at its \
               load",
    })
)
.about(About::Load);

/// What is known of an answer that took long.
fn answer(mut finding: FindingBuilder, e: &View<'_>, time: &Time) -> FindingBuilder {
    let calls = e.http.value().map(|http| http.calls.as_slice()).unwrap_or_default();
    if let Some(call) = timing::slowest_call(e).and_then(|(index, ..)| calls.get(index)) {
        let took = timing::words(time.took_ms);
        finding = finding.fact(format!("{} {} after {took}", call.method, call.path));
        if let Some(ms) = call.answer().and_then(|a| a.header("x-envoy-upstream-service-time")) {
            finding = finding.fact(format!("x-envoy-upstream-service-time: {ms} (ms)"));
        }
    }
    let metric = account::resource(e).latency_metric;
    let finding = finding
        .reasoning(
            "the request and its answer are only a few packets; the rest of the time was spent in \
             the service, or in a gateway, an inspecting device or a proxy in front of it",
        )
        .ruled_out_if(
            !reading::proxied(e) && timing::lost_elsewhere(e).0 == 0,
            "loss on the path to the service: no segment of the call was sent again",
        );
    match metric {
        "" => finding,
        metric => finding.inspect(
            "see the service's own measurement",
            format!("az monitor metrics list --resource <resource id> --metric {metric}"),
        ),
    }
}

/// The proxy opens the tunnel, but takes much longer than the path to it: its own resolver, its own
/// connection to the target, or its authorisation service.
pub(super) const PROXY: Rule = rule!(
    "proxy-slow",
    Proxy,
    "The proxy takes a second longer to open the tunnel than the path needs",
    Slow(&Row {
        time: |e| {
            let hop = e.proxy.value().filter(|hop| hop.tunnel_stands())?;
            let Observed::Done { took_ms, .. } = hop.connect else { return None };
            let attempt = hop.tcp.value()?.walked_attempt()?;
            let trip = attempt.info.as_ref().map_or(attempt.took_ms, |info| info.round_trip_ms());
            Some(Time {
                took_ms,
                trip_ms: Some(trip),
                waited_ms: took_ms - trip,
                lost: attempt.lost(),
                place: "/proxy/value/connect".to_owned(),
            })
        },
        confidence: Confidence::Inferred,
        message: |e, time| {
            let took = timing::words(time.took_ms);
            let url = e.proxy.value().map_or("", |hop| hop.url.as_str());
            proxy::clause(url, format!("took {took} to open the tunnel"))
        },
        facts: tunnel,
        owner: |_| "Network (proxy)",
        then: "on the proxy, time its own lookup of the name and its own connection to it",
    })
)
.about(About::Load);

/// What is known of a tunnel that took long to open.
fn tunnel(finding: FindingBuilder, e: &View<'_>, time: &Time) -> FindingBuilder {
    let url = e.proxy.value().map_or("", |hop| hop.url.as_str());
    let mut finding = finding
        .fact(format!("proxy {url}, {}", configured_by(e)))
        .fact(format!(
            "CONNECT was answered after {}; a round trip to the proxy takes {}",
            timing::words(time.took_ms),
            trip(time)
        ))
        .cites("/proxy/value/tcp")
        .reasoning(
            "meanwhile the proxy waited: for its own resolver (a dead one listed first), for its \
             own connection (a lost SYN, a dead address), or for its authorisation service",
        )
        .reasoning(
            "applications wait as long on each new connection, and fail if their timeout is \
                   shorter",
        )
        .ruled_out("loss between this machine and the proxy: no segment was sent again");
    if let Some(attempt) = e.direct.value().and_then(|path| path.tcp.value()?.walked_attempt()) {
        finding = finding.reasoning(format!(
            "directly, without the proxy, {} connects in {}",
            attempt.connected_to().ip(),
            timing::words(attempt.took_ms)
        ));
    }
    finding.inspect("time it, several times", timed(e, &format!("-x {} ", reading::word(url))))
}
