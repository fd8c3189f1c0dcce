//! The call works, but segments of it had to be sent again (RFC 6298, RFC 2883; fact T43).

use crate::diagnose::rules::slow;
use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};

pub(super) const RULE: Rule =
    rule!("tcp-loss", Tcp, "Segments of a working call were lost", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
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
    let hop = e.tcp.value()?;
    let index = hop.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    let word = if lost == 1 && all.is_empty() { "segment" } else { "segments" };
    Some(
        FindingBuilder::new(
            level,
            Confidence::Proved,
            format!("{lost}{all} {word} to {address} had to be sent again"),
        )
        .fact(format!("{at_tls} up to the end of the handshake, {after} during the call"))
        .fact(format!(
            "the handshake took {}, a round trip takes {}",
            timing::words(e.tls.took_ms().unwrap_or(0.0)),
            timing::words(info.round_trip_ms())
        ))
        .reasoning(
            "the kernel counted them, without those that the peer reported as duplicates; so a \
             segment or its acknowledgement was lost, or the server's queue had no room for the \
             connection",
        )
        .cites(format!("/tcp/value/attempts/{index}/info"))
        .cites("/tls")
        .owner("Network")
        .inspect("see where packets are lost", slow::see_loss(address))
        .step(slow::look_for_loss())
        .check(reading::again(e)),
    )
}
