//! The handshake verifies, and took much longer than its round trips (facts T44, T48).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule =
    rule!("tls-slow", Tls, "The handshake takes a second longer than the path needs", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care)
        .about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let waited = timing::handshake_waited_ms(e)?;
    let (lost, _) = timing::lost(e);
    // Where our segments were lost, that is the reason: `tcp-loss`.
    if !timing::went_through(e) || waited < LONG_MS || lost > 0 {
        return None;
    }
    let took = timing::words(e.tls.took_ms()?);
    let trip = timing::words(timing::round_trip_ms(e)?);
    let proxied = reading::proxied(e);
    let (says, known) = match proxied {
        true => (
            format!("the handshake through the proxy took {took}, CONNECT {trip}"),
            "CONNECT holds a round trip to the server: the path itself is quicker, so the proxy, \
             an inspecting device or the server took the time",
        ),
        false => (
            format!("the handshake took {took}, a round trip takes {trip}"),
            "the same connection's round trip is short and none of our segments was lost: the \
             server, or a device that answers or holds the handshake, took the time",
        ),
    };
    let mut because =
        Because::new(Level::Risk, Sure::Inferred, says).known_by(known).read_at("/tls");
    let info = e.tls.saw().and_then(|hop| hop.tcp_info.as_ref());
    if !proxied && let Some(info) = info {
        if info.rcv_ooopack.is_some_and(|n| n > 0) {
            because = because.known_by(
                "segments of the answer came out of order: some were lost on the way back, and \
                 the peer had to send them again",
            );
        } else {
            because = because
                .known_by("an answer that was lost as a whole and sent again would look the same");
        }
        because = because.ruled_out("loss on the way there: no segment was sent again");
    }
    let (host, port) = (&e.target.host, e.target.port);
    Some(
        because
            .owner(if proxied { "Network (proxy)" } else { "Network" })
            .look(
                "time it, several times",
                format!(
                    "curl -so /dev/null -w '%{{time_connect}} %{{time_appconnect}}\\n' {}",
                    reading::word(&format!("https://{host}:{port}/"))
                ),
            )
            .act(Step::look(
                "look at whatever terminates or inspects TLS on the way, its load and its own \
                 lookups (OCSP, categories, names); then at the server's load",
            ))
            .check(reading::again(e)),
    )
}
