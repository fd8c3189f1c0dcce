//! ICMP or a local error ended the connection within the handshake.

use super::session;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-connection-lost",
    Tls,
    "The network ends the connection within the handshake",
    Code(check)
);

/// Errnos of Linux that ICMP, the routing table or a packet filter of this machine gives: EPERM,
/// EACCES, ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETUNREACH, ECONNREFUSED, EHOSTDOWN,
/// EHOSTUNREACH (`icmp_err_convert` in net/ipv4/icmp.c).
const BY_ICMP: [i32; 10] = [1, 13, 64, 71, 92, 95, 101, 111, 112, 113];
/// ETIMEDOUT of Linux: nothing was acknowledged until the kernel gave up.
const TIMED_OUT: i32 = 110;

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let TlsOutcome::ConnectionLost { errno, says } = &hop.outcome else { return None };
    let number = errno.map(|n| format!(" (errno {n})")).unwrap_or_default();
    let linux = e.vantage.os.starts_with("linux");
    let refused = linux && errno.is_some_and(|n| BY_ICMP.contains(&n));
    let unanswered = linux && *errno == Some(TIMED_OUT);
    let peer = session::peer(e);
    let mut because = session::broken(e, Sure::Inferred, "is lost within the handshake")
        .seen(format!(
            "{says}{number}; {} octets sent, {} received",
            hop.bytes_sent, hop.bytes_received
        ))
        .read_at("/tls/saw/outcome")
        .known_by(match (refused, unanswered) {
            (_, true) => {
                "the connection stood and this machine's kernel gave up: what it sent was no \
                 longer acknowledged, so the way or the peer went away"
            }
            (true, _) => {
                "the connection stood and its packets were refused afterwards: a route went away, \
                 or a firewall answers data (not the SYN) with ICMP"
            }
            _ => "the connection stood and ended with a local error",
        })
        .ruled_out_if(
            refused && !reading::proxied(e),
            "the peer's TLS: neither a reset nor a close came from it",
        )
        .owner(session::owner(e));
    if let (false, Some(ip)) = (reading::proxied(e), session::address(e)) {
        because = because.look(format!("see the route to {ip}"), format!("ip route get {ip}"));
    }
    Some(
        session::beside_the_proxy(
            because.act(Step::look(format!(
                "find the router or firewall on the way to {peer} that refuses the connection: \
                 its log has the time and this machine's address"
            ))),
            e,
        )
        .check(reading::again(e)),
    )
}
