//! An issuer that none of the roots in use knows and that names no product: a corporate
//! authority, or interception by an unknown hand (facts S10, S12, S13).

use super::issuer::{Unknown, unknown};
use super::session;
use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "tls-untrusted-issuer",
    hop: Hop::Tls,
    title: "The certificate's issuer is not trusted",
    page: include_str!("../../../../docs/findings/tls-untrusted-issuer.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    if why != Unknown::Untrusted {
        return None;
    }
    let leaf = hop.chain.first();
    let issuer = leaf.map_or("<unknown>", session::issuer);
    let replaced = session::verifies_directly(e);
    let mut because = session::certificate(
        session::broken(
            e,
            if replaced { Sure::Proved } else { Sure::Inferred },
            &format!("shows a certificate of the unknown issuer {issuer}"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    );
    let azure = leaf.is_some_and(session::azure_issuer);
    because = if replaced {
        because.known_by(
            "directly the same name shows a certificate that verifies: the proxy replaces it",
        )
    } else if e.target.public_suffix.is_some() && !azure {
        because.known_by(
            "certificates of Azure are signed by Microsoft or DigiCert: a device that inspects \
             TLS, or a gateway with a corporate authority, answers in its place",
        )
    } else if azure {
        because.known_by(
            "the issuer calls itself an authority of Azure, and no chain leads from it to a \
             root in use: a root is missing here, or somebody copies the name",
        )
    } else {
        because.known_by("a private authority signed it, and its root is not among those in use")
    };
    if hop.chain_length == 1 {
        because = because.known_by(
            "only the server's certificate came; if its issuer is an intermediate, the server \
             leaves it out",
        );
    }
    Some(
        session::beside_the_proxy(
            trust(
                session::sibling(because, e).known_by(session::NOTHING_SENT).owner("Security").step(
                    "if a device inspects TLS on this way, exempt the name from inspection there",
                ),
                e,
            ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Adds how to trust an authority of one's own: here, and in the clients (fact S13).
pub(super) fn trust(because: Because, e: &Evidence) -> Because {
    because
        .look("see the chain that is sent", session::s_client(e, "-showcerts"))
        .look(
            "see whether the corporate root makes it whole",
            reading::again_with(e, "--ca-file <corporate-ca.pem>"),
        )
        .change(
            "give applications the corporate root; each runtime has its own variable",
            "export SSL_CERT_FILE=<bundle.pem> REQUESTS_CA_BUNDLE=<bundle.pem> \
             NODE_EXTRA_CA_CERTS=<corporate-ca.pem>",
        )
}

/// The outermost issuer that the chain names: who would have to be trusted.
pub(super) fn outermost(hop: &crate::evidence::tls::TlsHop) -> String {
    hop.chain.last().map_or_else(
        || "an unknown issuer".to_owned(),
        |c| wording::fitting(&[session::issuer(c).to_owned()]),
    )
}
