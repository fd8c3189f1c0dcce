//! The issuer names a product that ends TLS sessions and signs its own certificates (facts
//! S10-S13).

use super::issuer::{Unknown, unknown};
use super::session;
use super::untrusted_issuer::{exempt, trust};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule =
    rule!("tls-interception", Tls, "An inspection product replaces the certificate", Code(check))
        .short("the issuer claims to be an inspection product");

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    let Unknown::Product(product) = why else { return None };
    let replaced = session::verifies_directly(e);
    let mut because = session::certificate(
        session::broken(
            e,
            if replaced { Sure::Proved } else { Sure::Inferred },
            &format!("shows a certificate whose issuer claims to be {}", product.name),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .known_by(format!(
        "the issuer calls itself {}, a product that opens TLS sessions and signs certificates of \
         its own; none of the roots in use knows it",
        product.name
    ));
    if replaced {
        because = because.known_by("directly the same name shows a certificate that verifies");
    }
    Some(
        session::beside_the_proxy(
            trust(
                session::sibling(because, e).known_by(session::NOTHING_SENT).owner("Security"),
                e,
                exempt(&hop.server_name, &format!("in {}: ", product.name)),
            ),
            e,
        )
        .check(reading::again(e)),
    )
}
