//! The server's certificate came without its issuer's certificate, and the issuer is not a root in
//! use.

use super::authorities::Authority;
use super::issuer::{Unknown, unknown};
use super::{azure_chain, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::{CertificateFault as Fault, TlsHop};

pub(super) const RULE: Rule = rule!(
    "tls-incomplete-chain",
    Tls,
    "A certificate of the chain was not sent, or is not in the trust store",
    Code(check)
)
.short("the chain ends before a root that is known here");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, why) = unknown(e)?;
    match why {
        Unknown::Incomplete => {}
        Unknown::Azure(authority) => return Some(top_missing(e, hop, authority)),
        _ => return None,
    }
    let leaf = hop.chain.first()?;
    let issuer = session::issuer(leaf);
    let mut finding = session::cite_certificate(
        session::broken(
            e,
            Confidence::Inferred,
            &format!("does not send the certificate of its issuer {issuer}"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .fact(format!("certificates sent: {}; none of them is {}", hop.chain_length, leaf.issuer))
    .reasoning(format!(
        "the server does not send its intermediate; if {issuer} were a private root that is not \
         among the roots in use, it would look the same"
    ))
    .reasoning(session::NOTHING_SENT)
    .owner(session::server_owner(e))
    .inspect("see the chain that is sent", session::s_client(e, "-showcerts"));
    finding = if leaf.covers_target {
        finding.reasoning(
            "its names cover the target, so the address is probably right; a certificate that does \
             not verify proves no name",
        )
    } else {
        finding
            .reasoning("its names do not cover the target either: see which server has the address")
    };
    if let Some(url) = &leaf.issuer_url {
        finding = finding.inspect(
            "fetch the issuer's certificate and see who signed it",
            format!(
                "curl -s {} | openssl x509 -inform der -noout -subject -issuer",
                reading::word(url)
            ),
        );
    }
    Some(
        session::with_proxy_bypass(
            finding
                .step(
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
                .or_inspect(
                    "if the issuer is a private root of your own, name it",
                    reading::again_with(e, "--ca-file <corporate-ca.pem>"),
                ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// The chain is Azure's by its names, and none of the roots in use completes it.
fn top_missing(e: &View<'_>, hop: &TlsHop, authority: &Authority) -> FindingBuilder {
    let signer = hop.chain.first().map_or("its issuer", session::issuer);
    let finding = session::cite_certificate(
        session::broken(
            e,
            Confidence::Inferred,
            &format!("shows a chain of {signer} that no root here completes"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .fact(format!("certificates sent: {}", hop.chain_length))
    .reasoning(azure_chain::missing(authority))
    .reasoning(
        "the issuers have the names of Azure's own authorities, and inspection would replace them",
    )
    .reasoning(azure_chain::A_CLAIM)
    .reasoning(session::NOTHING_SENT)
    .decide_with(format!(
        "{} 2>/dev/null | openssl x509 -noout -issuer -fingerprint -sha256",
        session::s_client(e, "-showcerts")
    ))
    .owner("Server (this machine's trust store)");
    let finding = session::cite_sibling(finding, e);
    session::with_proxy_bypass(azure_chain::renew_roots(finding, e, authority), e)
        .check(reading::again(e))
}
