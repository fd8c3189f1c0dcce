//! A ClientHello of one segment is answered and one of two is not: something on the way reads
//! the first segment only (facts S15, S15a).

use super::{experiments, session};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "tls-large-hello",
    hop: Hop::Tls,
    title: "A middlebox loses a ClientHello that spans two segments",
    page: include_str!("../../../../docs/findings/tls-large-hello.md"),
    explains: &["tls-silent", "tls-reset", "tls-closed", "tls-alert"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    if !experiments::walk_hung(e) && !experiments::walk_cut(e) {
        return None;
    }
    let (pointer, small) = experiments::small_hello(e)?;
    // Smaller segments make the large one pass: then it is the packets' size that matters.
    let by_size = experiments::segment_sizes(e).iter().any(|(.., x)| experiments::finished(x));
    if !experiments::finished(small) || by_size {
        return None;
    }
    let large = e.tls.saw().map_or(0, |hop| hop.bytes_sent);
    let octets = small.tls.as_ref().map_or(0, |tls| tls.bytes_sent);
    Some(
        session::broken_as(
            e,
            Sure::Proved,
            format!("{} takes no ClientHello of {large} octets", session::peer(e)),
        )
        .known_by(
            "the same name at the same address without the post-quantum key share \
             (X25519MLKEM768), in one segment, is answered",
        )
        .known_by(
            "clients that send the large one fail here: Go 1.24, OpenSSL 3.5, Chrome, rustls with \
             aws-lc; older Python, .NET and Java stacks work",
        )
        .seen(format!("small ClientHello finished in {} ms, {octets} octets sent", small.took_ms))
        .read_at(pointer)
        .ruled_out("an SNI filter, the route, and an MTU black hole")
        .owner("Network (firewall, proxy or load balancer)")
        .step(
            "update the middlebox, or take the target out of its TLS inspection: it must \
             reassemble a ClientHello from two TCP segments (RFC 8446, section 4.1.2)",
        )
        .step("until then, on the client: GODEBUG=tlsmlkem=0 for Go, classical groups elsewhere")
        .look("repeat the experiment by hand", session::s_client(e, "-groups X25519"))
        .check(reading::again(e)),
    )
}
