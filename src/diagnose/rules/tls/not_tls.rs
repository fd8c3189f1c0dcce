//! The peer speaks something that is neither TLS nor HTTP.

use super::session;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "tls-not-tls",
    hop: Hop::Tls,
    title: "What answers is not TLS",
    page: include_str!("../../../../docs/findings/tls-not-tls.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
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
