//! The peer breaks the protocol, or has no version or suite in common with us (fact S9).

use super::session;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-incompatible",
    Tls,
    "The peer's TLS has nothing in common with ours, or breaks the protocol",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let TlsOutcome::Incompatible { says } = &hop.outcome else { return None };
    Some(
        session::beside_the_proxy(
            session::broken(e, Sure::Inferred, "speaks a TLS that cannot be agreed on")
                .seen(format!("the handshake ended here with: {says}"))
                .read_at("/tls/saw/outcome")
                .known_by(
                    "TLS 1.3 and 1.2 with today's suites were offered; the service itself takes \
                     them, so an old or broken TLS end stands in front of it",
                )
                .owner(session::owner(e))
                .look("see what it offers", session::s_client(e, ""))
                .look("see whether it offers only an old version", session::s_client(e, "-tls1_1"))
                .act(
                    Step::shared(
                        format!(
                            "update the TLS software or settings of what answers at {}",
                            session::peer(e)
                        ),
                        "every client of it",
                    )
                    .undo("set the former version and settings again"),
                ),
            e,
        )
        .check(reading::again(e)),
    )
}
