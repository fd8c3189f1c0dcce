//! Nothing that is sent after the TCP handshake is acknowledged, not even a single byte (facts
//! T7-T9).

use super::{experiments, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

pub(super) const RULE: Rule = rule!(
    "tls-dropped-after-handshake",
    Tls,
    "Everything after the TCP handshake is dropped, whatever its size and content",
    Code(check)
)
.explains(&["tls-silent"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (pointer, single_byte) = e.tls.first_byte()?;
    if reading::proxied(e)
        || !experiments::is_silent_with(single_byte, experiments::Acknowledged::Nothing)
        || !e.tls.all_silent_with(experiments::Acknowledged::Nothing)
    {
        return None;
    }
    let peer = session::peer(e);
    let tried = e.tls.handshakes().count();
    let mut finding = session::broken_as(
        e,
        Confidence::Proved,
        format!("after the TCP handshake nothing sent to {peer} is acknowledged"),
    )
    .fact(format!(
        "{tried} other handshakes of various sizes: TCP connects, and not one byte is acknowledged"
    ))
    .reasoning(
        "a single byte is not acknowledged either, so packets are not dropped for their size or \
         content",
    )
    .reasoning(
        "a stateful firewall that sees only one direction of the connection looks like this \
         (asymmetric route: SNAT is missing on it, or the answer takes another route), and so does \
         a device in front that answers the SYN itself and cannot reach the host behind it",
    )
    .cites(pointer)
    .cites("/tls/value/tcp_info")
    .cites("/experiments/handshakes")
    .ruled_out(
        "an MTU black hole, a large ClientHello, an SNI filter: a single byte is dropped too",
    );
    // The SYN-ACK is one segment; a peer that repeats it has not received our ACK.
    let segments =
        e.tls.value().and_then(|hop| hop.tcp_info.as_ref()).and_then(|info| info.segs_in);
    if let Some(count) = segments.filter(|count| *count > 1) {
        finding = finding.reasoning(format!(
            "{count} segments came back and none acknowledges data: the peer repeats its SYN-ACK, \
             so not even the handshake's last ACK arrives"
        ));
    }
    finding = finding.owner("Network (firewall)");
    if let Some(ip) = session::address(e) {
        finding = finding
            .inspect("see the route that packets take from here", format!("ip route get {ip}"));
    }
    Some(
        session::cite_trace(finding, e)
            .step(Step::inspect(
                "compare the routes in both directions: the log of a firewall on the way shows \
                 packets out of state (no session, invalid)",
            ))
            .step(
                Step::shared(
                    "if they differ: route both directions through the same firewall, or have it \
                     translate the source (SNAT), so that answers come back through it",
                    "the source address that every host behind it sees, and rules and logs that \
                     name the old one",
                )
                .undo("restore the old route or NAT rule"),
            )
            .check(reading::again(e)),
    )
}
