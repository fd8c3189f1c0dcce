//! The call works, and segments of it had to be sent again (RFC 6298, RFC 2883; fact T43).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule =
    rule!("tcp-loss", Tcp, "Segments of a working call are lost", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care);

fn check(e: &View<'_>) -> Option<Because> {
    if !timing::went_through(e) {
        return None;
    }
    let attempt = timing::connection(e)?;
    let info = attempt.info.as_ref()?;
    let (at_tls, after) = timing::lost(e);
    let lost = at_tls + after;
    if lost == 0 {
        return None;
    }
    let waited_tls = timing::handshake_waited_ms(e).is_some_and(|ms| ms >= LONG_MS);
    let waited_http = timing::slowest_call(e).is_some_and(|(_, _, ms)| ms >= LONG_MS);
    let costs = (at_tls > 0 && waited_tls) || (after > 0 && waited_http);
    // One lost packet happens on every network; two of so few do not.
    let level = if lost > 1 || costs { Level::Risk } else { Level::Note };
    let all = info.segs_out.map_or_else(String::new, |all| format!(" of {all}"));
    let address = attempt.connected_to();
    let hop = e.tcp.saw()?;
    let index = hop.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    let word = if lost == 1 { "segment" } else { "segments" };
    Some(
        Because::new(
            level,
            Sure::Proved,
            format!("{lost}{all} {word} to {address} had to be sent again"),
        )
        .seen(format!("{at_tls} until the handshake ended, {after} during the call"))
        .seen(format!(
            "the handshake took {}, a round trip takes {}",
            timing::words(e.tls.took_ms().unwrap_or(0.0)),
            timing::words(info.round_trip_ms())
        ))
        .known_by(
            "the kernel counted them; those that the peer says it had twice are left out, so \
             the segment or its acknowledgement was lost, or the server's queue had no room for \
             the connection",
        )
        .read_at(format!("/tcp/saw/attempts/{index}/info"))
        .read_at("/tls")
        .owner("Network")
        .look(
            "see where packets are lost",
            format!("mtr -rwc 50 --tcp -P {} {}", address.port(), address.ip()),
        )
        .act(Step::look(
            "look for loss on the way: a full link, a shaper, a tunnel, a duplex or radio fault",
        ))
        .check(reading::again(e)),
    )
}
