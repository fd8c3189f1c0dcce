//! ICMP or a local error ended the connection during the handshake.

use super::session;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-connection-lost",
    Tls,
    "The network ends the connection during the handshake",
    Code(check)
);

/// Linux errnos caused by ICMP, the routing table or a packet filter of this machine: EPERM,
/// EACCES, ENONET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETUNREACH, ECONNREFUSED, EHOSTDOWN,
/// EHOSTUNREACH (`icmp_err_convert` in net/ipv4/icmp.c).
const BY_ICMP: [i32; 10] = [1, 13, 64, 71, 92, 95, 101, 111, 112, 113];
/// ETIMEDOUT on Linux: nothing was acknowledged until the kernel gave up.
const TIMED_OUT: i32 = 110;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value()?;
    let TlsOutcome::ConnectionLost { errno, message } = &hop.outcome else { return None };
    let number = errno.map(|n| format!(" (errno {n})")).unwrap_or_default();
    let linux = e.vantage.os.starts_with("linux");
    let refused = linux && errno.is_some_and(|n| BY_ICMP.contains(&n));
    let unanswered = linux && *errno == Some(TIMED_OUT);
    let peer = session::peer(e);
    let mut finding = session::broken(e, Confidence::Inferred, "is lost during the handshake")
        .fact(format!(
            "{message}{number}; {} bytes sent, {} received",
            hop.bytes_sent, hop.bytes_received
        ))
        .cites("/tls/value/outcome")
        .reasoning(match (refused, unanswered) {
            (_, true) => {
                "the connection was established, then nothing that was sent was acknowledged, and \
                 this machine's kernel gave up: the path or the peer went away"
            }
            (true, _) => {
                "the connection was established and its packets were refused afterwards: a route \
                 went away, or a firewall answers data (not the SYN) with ICMP"
            }
            _ => "the connection was established and ended with a local error",
        })
        .ruled_out_if(
            refused && !reading::proxied(e),
            "the peer's TLS: it sent neither a reset nor a close",
        )
        .owner(session::owner(e));
    if let (false, Some(ip)) = (reading::proxied(e), session::address(e)) {
        finding = finding.inspect(format!("see the route to {ip}"), format!("ip route get {ip}"));
    }
    Some(
        session::with_proxy_bypass(
            finding.step(Step::inspect(format!(
                "find the router or firewall on the way to {peer} that refuses the connection: \
                 search its log for the time and this machine's address"
            ))),
            e,
        )
        .check(reading::again(e)),
    )
}
