//! Why an issuer is unknown: exactly one of several reasons, so that exactly one of the rules that
//! read it fires.

use crate::diagnose::View;
use crate::diagnose::word_match::has_words;
use crate::evidence::tls::{CertificateFault as Fault, Store, TlsHop};

use super::authorities::{self, Authority};
use super::products::{Product, product};
use super::session;

/// Why no trust store knows the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The server's only certificate is signed by itself.
    SelfSigned,
    /// The issuer names an inspection product.
    Product(&'static Product),
    /// The certificate of the leaf's issuer was not sent.
    Incomplete,
    /// The issuers are those of Azure's own chains, and the top of the chain is missing.
    Azure(&'static Authority),
    /// The issuer is a Microsoft-internal authority.
    Internal,
    /// The issuer's certificate was sent, or need not be, and no trust store accepts it.
    Untrusted,
}

/// The rejected handshake and why its issuer is unknown.
pub(super) fn unknown<'a>(e: &'a View<'_>) -> Option<(&'a TlsHop, Unknown)> {
    let (hop, fault) = session::rejected(e)?;
    classify(hop, fault).map(|why| (hop, why))
}

/// Why the issuer is unknown; `None` when the fault is another one.
fn classify(hop: &TlsHop, fault: &Fault) -> Option<Unknown> {
    let leaf = hop.chain.first();
    let alone = hop.chain_length == 1 && leaf.is_some_and(|leaf| leaf.self_issued);
    match fault {
        Fault::UnknownIssuer if alone => Some(Unknown::SelfSigned),
        // A verifier that gets a self-signed CA certificate as the server's own rejects it for
        // being a CA before it looks for an issuer.
        Fault::Other { .. } if alone && leaf.is_some_and(|leaf| leaf.is_ca) => {
            Some(Unknown::SelfSigned)
        }
        Fault::UnknownIssuer => Some(match product(hop) {
            Some(product) => Unknown::Product(product),
            None if authorities::internal(hop).is_some() => Unknown::Internal,
            None if issuer_left_out(hop) => Unknown::Incomplete,
            None => authorities::of_azure(hop).map_or(Unknown::Untrusted, Unknown::Azure),
        }),
        _ => None,
    }
}

/// Whether the server should have sent its issuer's certificate and did not.
///
/// A root need not be sent, so a leaf alone is complete when a root signed it. Leaves of public
/// authorities say where to get their issuer's certificate; where the user gave `--ca-file`, a leaf
/// alone more likely lacks its intermediate.
fn issuer_left_out(hop: &TlsHop) -> bool {
    let Some(leaf) = hop.chain.first() else { return false };
    let sent = hop.chain.iter().skip(1).any(|c| c.subject == leaf.issuer);
    let by_a_root = leaf.issuer_common_name.as_deref().is_some_and(|name| has_words(name, "root"));
    let brought = hop.verdicts.iter().any(|verdict| verdict.store == Store::CaFile);
    !sent
        && !leaf.self_issued
        && !by_a_root
        && (leaf.issuer_url.is_some() || session::azure_issuer(leaf) || brought)
}
