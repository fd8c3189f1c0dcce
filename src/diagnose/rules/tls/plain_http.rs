//! The peer speaks plain HTTP on this port.

use super::session;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule =
    rule!("tls-plain-http", Tls, "Plain HTTP answers where TLS is wanted", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let TlsOutcome::PlainHttp { first_line } = &hop.outcome else { return None };
    Some(
        session::beside_the_proxy(
            session::broken(e, Sure::Proved, "answers the ClientHello in plain HTTP")
                .seen(format!("its first line: {first_line}"))
                .read_at("/tls/saw/outcome")
                .known_by("an HTTP status line came where a TLS record had to")
                .ruled_out_if(
                    session::azure_speaks_tls_here(e),
                    "the service itself: services of Azure speak only TLS on port 443",
                )
                .owner(session::owner(e))
                .act(Step::look(format!(
                    "see what listens at {}: a relay or load balancer that forwards this port \
                     to an HTTP port, or a block page",
                    session::peer(e)
                ))),
            e,
        )
        .check(reading::again(e)),
    )
}
