//! The hops' slowness beside what the path needs: a row each (facts T44, T45, T47, T48).

use super::proxy::put_by;
use crate::diagnose::engines::slow::{Row, Time};
use crate::diagnose::{About, Because, Rule, View, headline, reading, timing};
use crate::diagnosis::Sure;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::{Evidence, Observed};

/// The connection stands, and took a second or more (RFC 6298).
pub(super) const TCP: Rule = rule!(
    "tcp-slow",
    Tcp,
    "The connection takes a second or more",
    Slow(&Row {
        time: |e| {
            let attempt = timing::connection(e)?;
            let attempts = &e.tcp.saw()?.attempts;
            let index = attempts.iter().position(|one| std::ptr::eq(one, attempt))?;
            Some(Time {
                took_ms: attempt.took_ms,
                trip_ms: attempt.info.as_ref().map(|info| info.round_trip_ms()),
                waited_ms: attempt.took_ms,
                // A SYN that was lost is this rule's own matter.
                lost: 0,
                place: format!("/tcp/saw/attempts/{index}"),
            })
        },
        sure: Sure::Proved,
        says: |e, time| {
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
        facts: |because, e, time| match timing::connection(e) {
            Some(attempt) => connection(because, attempt, time),
            None => because,
        },
        owner: |_| "Network",
        then: "look for loss and for SYN limits on the way: tunnel, firewall, NAT, load balancer",
    })
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(About::Load);

/// Whether the path itself takes as long.
fn is_far(time: &Time) -> bool {
    time.trip_ms.is_some_and(|trip| trip >= timing::LONG_MS)
}

/// What is known of a connection that took long.
fn connection(because: Because, attempt: &TcpAttempt, time: &Time) -> Because {
    let to = attempt.connected_to();
    let mut because = because.seen(format!("{to} connected after {}", timing::words(time.took_ms)));
    if let Some(trip) = time.trip_ms {
        because = because.seen(format!("a round trip takes {}", timing::words(trip)));
    }
    because = match (is_far(time), attempt.syn_repeats) {
        (true, _) => because.known_by("the kernel measured the round trip on this connection"),
        (false, Some(1..)) => because
            .known_by(
                "the kernel counted the SYN that it sent again: it waits 1 s for the first, then \
                 2 s; every new connection of an application may wait as long",
            )
            .known_by(
                "what swallows a SYN now and then: loss on the way, a full accept queue of the \
                 server, a tunnel or firewall that is set up by the first packet, a rate limit",
            ),
        (false, _) => because.known_by("the time from the first SYN to its answer was taken"),
    };
    because
        .look("see whether it is every time", format!("nc -vz -w 5 {} {}", to.ip(), to.port()))
        .look(
            "on the server: connections that its queue had no room for",
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
        sure: Sure::Inferred,
        says: |e, time| {
            let (took, trip) = (timing::words(time.took_ms), trip(time));
            match reading::proxied(e) {
                true => format!("the handshake through the proxy took {took}, CONNECT {trip}"),
                false => format!("the handshake took {took}, a round trip takes {trip}"),
            }
            .into()
        },
        facts: |because, e, _| handshake(because, e),
        owner: |e| if reading::proxied(e) { "Network (proxy)" } else { "Network" },
        then: "look at whatever terminates or inspects TLS on the way, its load and its own \
               lookups (OCSP, categories, names); then at the server's load",
    })
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(About::Load);

/// The round trip in words.
fn trip(time: &Time) -> String {
    time.trip_ms.map(timing::words).unwrap_or_default()
}

/// What is known of a handshake that took long.
fn handshake(because: Because, e: &Evidence) -> Because {
    let proxied = reading::proxied(e);
    let mut because = because.known_by(match proxied {
        true => {
            "CONNECT holds a round trip to the server: the path itself is quicker, so the proxy, \
             an inspecting device or the server took the time"
        }
        false => {
            "the same connection's round trip is short and none of our segments was lost: the \
             server, or a device that answers or holds the handshake, took the time"
        }
    });
    let info = e.tls.saw().and_then(|hop| hop.tcp_info.as_ref());
    if !proxied && let Some(info) = info {
        because = because
            .known_by(match info.rcv_ooopack {
                Some(1..) => {
                    "segments of the answer came out of order: some were lost on the way back, \
                     and the peer had to send them again"
                }
                _ => "an answer that was lost as a whole and sent again would look the same",
            })
            .ruled_out("loss on the way there: no segment was sent again");
    }
    because.look("time it, several times", timed(e, ""))
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
                place: format!("/http/saw/calls/{index}"),
            })
        },
        sure: Sure::Inferred,
        says: |e, time| {
            let (took, trip) = (timing::words(time.took_ms), trip(time));
            match reading::proxied(e) {
                true => format!("the answer took {took} through the proxy, CONNECT {trip}"),
                false => format!("the answer took {took}, a round trip takes {trip}: not the path"),
            }
            .into()
        },
        facts: answer,
        owner: |_| "Application",
        then: "look at gateways and inspection between here and the service, then at its load",
    })
)
.about(About::Load);

/// What is known of an answer that took long.
fn answer(mut because: Because, e: &View<'_>, time: &Time) -> Because {
    let calls = e.http.saw().map(|http| http.calls.as_slice()).unwrap_or_default();
    if let Some(call) = timing::slowest_call(e).and_then(|(index, ..)| calls.get(index)) {
        let took = timing::words(time.took_ms);
        because = because.seen(format!("{} {} after {took}", call.method, call.path));
        if let Some(ms) = call.answer().and_then(|a| a.header("x-envoy-upstream-service-time")) {
            because = because.seen(format!("x-envoy-upstream-service-time: {ms} (ms)"));
        }
    }
    because
        .known_by(
            "the request and its answer are a few packets; the rest of the time passed in the \
             service, or in what stands before it: gateway, inspection, proxy",
        )
        .ruled_out_if(
            !reading::proxied(e),
            "loss on the way there: no segment of the call was sent again",
        )
        .look(
            "see what the service measures (metric TimeToResponse)",
            "az monitor metrics list --resource <resource id> --metric AzureOpenAITimeToResponse",
        )
}

/// The proxy opens the tunnel, and takes much longer for it than the way to it does: its own
/// resolver, its own connection to the target, or what it asks before it lets a client through.
pub(super) const PROXY: Rule = rule!(
    "proxy-slow",
    Proxy,
    "The proxy takes a second longer to open the tunnel than the path needs",
    Slow(&Row {
        time: |e| {
            let hop = e.proxy.saw().filter(|hop| hop.tunnel_stands())?;
            let Observed::Ran { took_ms, .. } = hop.connect else { return None };
            let attempt = hop.tcp.saw()?.walked_attempt()?;
            let trip = attempt.info.as_ref().map_or(attempt.took_ms, |info| info.round_trip_ms());
            Some(Time {
                took_ms,
                trip_ms: Some(trip),
                waited_ms: took_ms - trip,
                lost: attempt.lost(),
                place: "/proxy/saw/connect".to_owned(),
            })
        },
        sure: Sure::Inferred,
        says: |e, time| {
            let took = timing::words(time.took_ms);
            let url = e.proxy.saw().map_or("", |hop| hop.url.as_str());
            headline::fitting(&[
                format!("the proxy {url} took {took} to open the tunnel"),
                format!("the proxy took {took} to open the tunnel"),
            ])
        },
        facts: tunnel,
        owner: |_| "Network (proxy)",
        then: "on the proxy: time its own lookup of the name and its own connection to it",
    })
)
.about(About::Load);

/// What is known of a tunnel that took long to open.
fn tunnel(because: Because, e: &View<'_>, time: &Time) -> Because {
    let url = e.proxy.saw().map_or("", |hop| hop.url.as_str());
    let mut because = because
        .seen(format!("proxy {url}, {}", put_by(e)))
        .seen(format!(
            "CONNECT was answered after {}; a round trip to the proxy takes {}",
            timing::words(time.took_ms),
            trip(time)
        ))
        .read_at("/proxy/saw/tcp")
        .known_by(
            "the proxy waited in that time: for its own resolver (a dead one listed first), for \
             its own connection (a SYN that was lost, an address that is dead), or for whom it \
             asks who may pass",
        )
        .known_by("applications wait as long at each new connection, and fail where they wait less")
        .ruled_out("loss between this machine and the proxy: no segment was sent again");
    if let Some(attempt) = e.direct.saw().and_then(|path| path.tcp.saw()?.walked_attempt()) {
        because = because.known_by(format!(
            "directly, without the proxy, {} connects in {}",
            attempt.connected_to().ip(),
            timing::words(attempt.took_ms)
        ));
    }
    because.look("time it, several times", timed(e, &format!("-x {} ", reading::word(url))))
}
