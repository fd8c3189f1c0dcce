//! Nothing that is sent after the TCP handshake is acknowledged, not even one octet (facts
//! T7-T9).

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tls-dropped-after-handshake",
    Tls,
    "Everything after the TCP handshake is dropped, whatever its size and content",
    Code(check)
)
.explains(&["tls-silent"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (pointer, octet) = e.tls.first_octet()?;
    if reading::proxied(e)
        || !experiments::silent_with(octet, experiments::Taken::Nothing)
        || !e.tls.all_silent_with(experiments::Taken::Nothing)
    {
        return None;
    }
    let peer = session::peer(e);
    let tried = e.tls.handshakes().count();
    let mut because = session::broken_as(
        e,
        Sure::Proved,
        format!("after the TCP handshake nothing sent to {peer} is acknowledged"),
    )
    .seen(format!(
        "{tried} handshakes beside the walk's own, of every size: TCP connects, and not one octet is \
         acknowledged"
    ))
    .known_by(
        "one octet alone is not acknowledged either: neither size nor content is what it is \
         dropped for",
    )
    .known_by(
        "so looks a stateful firewall that sees one way of the connection only (asymmetric route: \
         SNAT is missing on it, or the answer takes another way), or something in front that \
         answers the SYN itself and reaches nobody behind",
    )
    .read_at(pointer)
    .read_at("/tls/saw/tcp_info")
    .read_at("/experiments/handshakes")
    .ruled_out("an MTU black hole, a large ClientHello, an SNI filter: one octet is enough");
    // The SYN-ACK alone is one segment; a peer that repeats it has not got our ACK.
    let segments = e.tls.saw().and_then(|hop| hop.tcp_info.as_ref()).and_then(|info| info.segs_in);
    if let Some(count) = segments.filter(|count| *count > 1) {
        because = because.known_by(format!(
            "{count} segments came back and none acknowledges: the peer repeats its SYN-ACK, so \
             not even the handshake's last ACK comes through"
        ));
    }
    because = because.owner("Network (firewall)");
    if let Some(ip) = session::address(e) {
        because =
            because.look("see the way that packets take from here", format!("ip route get {ip}"));
    }
    Some(
        session::traced(because, e)
            .act(Step::look(
                "compare the routes of both ways: the log of a firewall on the way shows packets \
                 out of state (no session, invalid)",
            ))
            .act(
                Step::shared(
                    "where they differ: route both ways through the same firewall, or let it \
                     translate the source (SNAT), so that answers come back through it",
                    "the source address that everything behind it sees, and rules and logs that \
                     name the former one",
                )
                .undo("restore the former route or NAT rule"),
            )
            .check(reading::again(e)),
    )
}
