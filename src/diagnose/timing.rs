//! Where the time of a working walk goes: what each hop took in addition to its round trips.

use crate::evidence::http::HttpAnswer;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Observed};

/// A hop that takes this many milliseconds longer than its round trips has waited for something.
/// TCP waits one second before it sends a SYN again (RFC 6298, section 2.1), and a whole healthy
/// call to the other side of the world, four round trips of 200 ms, takes less.
pub const LONG_MS: f64 = 1000.0;

/// Whether the walk succeeded: its handshake verified, on the connection that TCP opened.
#[must_use]
pub fn went_through(e: &Evidence) -> bool {
    // If the walk continued with the small ClientHello, the connection in the evidence is the one
    // that stalled.
    let own = !e.experiments.handshakes.iter().any(|tried| tried.id == "full-hello");
    own && e.tls.value().is_some_and(|hop| hop.outcome == TlsOutcome::Verified)
}

/// The connection that the call went over; none through a proxy.
#[must_use]
pub fn connection(e: &Evidence) -> Option<&TcpAttempt> {
    e.tcp.value().and_then(|hop| hop.walked_attempt())
}

/// A round trip to the peer, in milliseconds. Through a proxy, it is only known that CONNECT
/// includes one.
#[must_use]
pub fn round_trip_ms(e: &Evidence) -> Option<f64> {
    if let Observed::Done { value, .. } = &e.proxy {
        return value.connect.took_ms();
    }
    let attempt = connection(e)?;
    Some(attempt.info.as_ref().map_or(attempt.took_ms, |info| info.round_trip_ms()))
}

/// What the handshake took in addition to its round trips: one with TLS 1.3, two with TLS 1.2, one
/// more if the peer asks for another key share.
#[must_use]
pub fn handshake_waited_ms(e: &Evidence) -> Option<f64> {
    Some(e.tls.took_ms()? - 3.0 * round_trip_ms(e)?)
}

/// Segments that were lost until the handshake ended, and after that.
#[must_use]
pub fn lost(e: &Evidence) -> (u32, u32) {
    let Some(attempt) = connection(e) else { return (0, 0) };
    let all = attempt.lost();
    let at_tls = e.tls.value().and_then(|hop| hop.tcp_info.as_ref()).map_or(all, |info| {
        info.repeats().saturating_sub(attempt.syn_repeats.unwrap_or(0)).min(all)
    });
    (at_tls, all - at_tls)
}

/// Segments that were sent again on other connections to the walked address whose handshake was
/// answered all the same, and the number of those connections: what the peer reports as duplicates
/// apart, only loss on the path explains them.
#[must_use]
pub fn lost_elsewhere(e: &Evidence) -> (u32, usize) {
    let walked = connection(e).map(|attempt| attempt.connected_to().ip());
    let lost: Vec<u32> = e
        .experiments
        .handshakes
        .iter()
        .filter(|tried| tried.address.is_none() || tried.address == walked)
        .filter_map(|tried| tried.tls.as_ref())
        .filter(|seen| {
            matches!(seen.outcome, TlsOutcome::Verified | TlsOutcome::CertificateRejected { .. })
        })
        .filter_map(|seen| seen.tcp_info.as_ref())
        .map(|info| info.repeats().saturating_sub(info.dsack_dups.unwrap_or(0)))
        .filter(|lost| *lost > 0)
        .collect();
    (lost.iter().sum(), lost.len())
}

/// The slowest answer: its place among the calls, its time, and what it took in addition to its
/// round trips (one, and one more for an answer that needs several windows).
#[must_use]
pub fn slowest_call(e: &Evidence) -> Option<(usize, f64, f64)> {
    let trip = round_trip_ms(e)?;
    // A server that reports a failure (a gateway without its backend) is broken, not slow; nor is an
    // answer slow whose end never came.
    let works = |answer: &HttpAnswer| {
        answer.body_complete && matches!(answer.status, 200..=299 | 400 | 401 | 404 | 429)
    };
    let answered = e
        .http
        .value()?
        .calls
        .iter()
        .enumerate()
        .filter(|(_, call)| call.answer().is_some_and(works));
    answered
        .map(|(index, call)| (index, call.took_ms, call.took_ms - 2.0 * trip))
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Milliseconds for people: `1.03 s`, `240 ms`.
#[must_use]
pub fn words(ms: f64) -> String {
    if ms < 999.5 { format!("{ms:.0} ms") } else { format!("{:.2} s", ms / 1e3) }
}

/// The date of an RFC 3339 time.
#[must_use]
pub fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// Days for people.
#[must_use]
pub fn days(count: u64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}
