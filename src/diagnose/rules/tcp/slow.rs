//! The connection stands, and took a second or more (RFC 6298; facts T47, T48).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule =
    rule!("tcp-slow", Tcp, "The connection takes a second or more", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care)
        .about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let attempt = timing::connection(e).filter(|a| a.took_ms >= LONG_MS)?;
    let hop = e.tcp.saw()?;
    let index = hop.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    let address = attempt.connected_to();
    let took = timing::words(attempt.took_ms);
    let trip = attempt.info.as_ref().map(|info| info.round_trip_ms());
    let far = trip.is_some_and(|trip| trip >= LONG_MS);
    let says = match attempt.syn_repeats {
        _ if far => {
            format!("connecting took {took}: a round trip to {} takes as long", address.ip())
        }
        Some(1) => format!("connecting took {took}: the first SYN to {address} was not answered"),
        Some(n) if n > 1 => {
            format!("connecting took {took}: {n} SYN to {address} were not answered")
        }
        _ => format!("connecting to {address} took {took}"),
    };
    let mut because = Because::new(Level::Risk, Sure::Proved, says)
        .seen(format!("{address} connected after {took}"))
        .read_at(format!("/tcp/saw/attempts/{index}"));
    if let Some(trip) = trip {
        because = because.seen(format!("a round trip takes {}", timing::words(trip)));
    }
    because = match (far, attempt.syn_repeats) {
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
    Some(
        because
            .owner("Network")
            .look(
                "see whether it is every time",
                format!("nc -vz -w 5 {} {}", address.ip(), address.port()),
            )
            .look(
                "on the server: connections that its queue had no room for",
                "nstat -az TcpExtListenDrops",
            )
            .act(Step::look(
                "look for loss and for SYN limits on the way: tunnel, firewall, NAT, load balancer",
            ))
            .check(reading::again(e)),
    )
}
