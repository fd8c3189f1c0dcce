//! The peer speaks something that is neither TLS nor HTTP.

use super::session;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!("tls-not-tls", Tls, "What answers is not TLS", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let TlsOutcome::NotTls { first_bytes } = &hop.outcome else { return None };
    Some(
        session::beside_the_proxy(
            session::broken(e, Sure::Proved, "speaks something that is not TLS")
                .seen(format!("its first bytes: {first_bytes}"))
                .read_at("/tls/saw/outcome")
                .known_by("the first bytes are not a TLS record")
                .ruled_out_if(
                    session::azure_speaks_tls_here(e),
                    "the service itself: services of Azure speak only TLS on port 443",
                )
                .owner(session::owner(e))
                .act(Step::look(format!(
                    "see what listens at {}: another machine has the address, or a relay \
                     forwards the port to the wrong place",
                    session::peer(e)
                ))),
            e,
        )
        .check(reading::again(e)),
    )
}
