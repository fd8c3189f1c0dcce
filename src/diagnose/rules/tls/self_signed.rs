//! The server's only certificate is signed by itself: no authority stands behind it (S10).

use super::issuer::{Unknown, unknown};
use super::{products, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule =
    rule!("tls-self-signed", Tls, "The certificate is self-signed", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    if why != Unknown::SelfSigned {
        return None;
    }
    let leaf = hop.chain.first()?;
    let mut because = session::certificate(
        session::broken(e, Sure::Proved, "shows a self-signed certificate"),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .known_by(format!("its subject and issuer are the same, {}, and no other came", leaf.subject));
    if let Some(product) = products::product(hop) {
        because = because.known_by(format!("its issuer claims to be {}", product.name));
    }
    if e.target.public_suffix.is_some() {
        because = because.known_by(
            "no service of Azure shows one: another machine has this address, or a gateway or \
             inspecting device answers in its place",
        );
    }
    Some(
        session::beside_the_proxy(
            because
                .known_by(session::NOTHING_SENT)
                .owner(session::owner(e))
                .look("see the certificate", session::s_client(e, "-showcerts"))
                .act(Step::look(format!("see what answers at {}", session::peer(e))))
                .act(
                    Step::shared(
                        "if it is your own gateway, give it a certificate of an authority",
                        "every client of the gateway",
                    )
                    .undo("put back the copy of the old certificate and its key"),
                ),
            e,
        )
        .check(reading::again(e)),
    )
}
