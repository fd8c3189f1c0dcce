//! The leaf came without its issuer's certificate, and the issuer is no root in use.

use super::authorities::Authority;
use super::issuer::{Unknown, unknown};
use super::{azure_chain, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::{CertificateFault as Fault, TlsHop};

pub(super) const RULE: Rule = rule!(
    "tls-incomplete-chain",
    Tls,
    "A certificate of the chain is missing, sent or trusted",
    Code(check)
)
.short("the chain ends before a root that is known here");

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    match why {
        Unknown::Incomplete => {}
        Unknown::Azure(authority) => return Some(top_missing(e, hop, authority)),
        _ => return None,
    }
    let leaf = hop.chain.first()?;
    let issuer = session::issuer(leaf);
    let mut because = session::certificate(
        session::broken(
            e,
            Sure::Inferred,
            &format!("does not send the certificate of its issuer {issuer}"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .seen(format!("certificates sent: {}; none of them is {}", hop.chain_length, leaf.issuer))
    .known_by(format!(
        "the server leaves out its intermediate; the same would be seen if {issuer} \
         were a private root that is not among the roots in use"
    ))
    .known_by(session::NOTHING_SENT)
    .owner(session::server_owner(e))
    .look("see the chain that is sent", session::s_client(e, "-showcerts"));
    because = if leaf.covers_target {
        because.known_by(
            "its names cover the target, so the address is likely right; a certificate that does \
             not verify proves no name",
        )
    } else {
        because.known_by("its names do not cover the target either: see what answers there")
    };
    if let Some(url) = &leaf.issuer_url {
        because = because.look(
            "fetch the issuer's certificate and see who signed it",
            format!(
                "curl -s {} | openssl x509 -inform der -noout -subject -issuer",
                reading::word(url)
            ),
        );
    }
    Some(
        session::beside_the_proxy(
            because
                .act(
                    Step::shared(
                        format!(
                            "configure the full chain at {}: the server's certificate, then \
                             {issuer}",
                            session::peer(e)
                        ),
                        "every client of that server",
                    )
                    .undo("put back the copy of the old certificate file"),
                )
                .look(
                    "or, if the issuer is a private root of your own, name it",
                    reading::again_with(e, "--ca-file <corporate-ca.pem>"),
                ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// The chain is Azure's by its names, and no root in use stands above what was sent.
fn top_missing(e: &View<'_>, hop: &TlsHop, authority: &Authority) -> Because {
    let signer = hop.chain.first().map_or("its issuer", session::issuer);
    let because = session::certificate(
        session::broken(
            e,
            Sure::Inferred,
            &format!("shows a chain of {signer} that no root here ends"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .seen(format!("certificates sent: {}", hop.chain_length))
    .known_by(azure_chain::missing(authority))
    .known_by("the issuers have the names of Azure's own authorities, which inspection replaces")
    .known_by(azure_chain::A_CLAIM)
    .known_by(session::NOTHING_SENT)
    .tells_it(format!(
        "{} 2>/dev/null | openssl x509 -noout -issuer -fingerprint -sha256",
        session::s_client(e, "-showcerts")
    ))
    .owner("Server (this machine's trust store)");
    let because = session::sibling(because, e);
    session::beside_the_proxy(azure_chain::renew_roots(because, e, authority), e)
        .check(reading::again(e))
}
