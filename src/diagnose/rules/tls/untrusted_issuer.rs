//! An issuer that none of the roots in use knows and that names no product: a corporate
//! authority, or interception by an unknown hand (facts S10, S12, S13).

use super::issuer::{Unknown, unknown};
use super::{authorities, azure_chain, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::{CertificateFault as Fault, TlsHop};

pub(super) const RULE: Rule =
    rule!("tls-untrusted-issuer", Tls, "The certificate's issuer is not trusted", Code(check))
        .short("the certificate's issuer is unknown");

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    match why {
        Unknown::Untrusted => {}
        Unknown::Internal => return Some(internal(e, hop)),
        _ => return None,
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
        because.known_by(format!(
            "the issuer calls itself an authority of Microsoft's or DigiCert's, and its chain \
             leads to {}, which is none of Azure's roots: whoever signs here uses their name",
            outermost(hop)
        ))
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
                session::sibling(because, e).known_by(session::NOTHING_SENT).owner("Security"),
                e,
                exempt(&hop.server_name, "if a device inspects TLS on this way, "),
            ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Takes one name out of inspection.
pub(super) fn exempt(name: &str, when: &str) -> Step {
    Step::shared(
        format!("{when}exempt {name} from inspection: this one name, no wildcard"),
        "what the device sees of this name for every client behind it; that it inspects may be \
         deliberate, so Security decides",
    )
    .undo("take the exemption out again")
}

/// Adds what follows from an authority that no roots know (fact S13): what to look at, then the
/// exemption from inspection, or trust in the clients.
pub(super) fn trust(because: Because, e: &View<'_>, exempt: Step) -> Because {
    because
        .look("see the chain that is sent", session::s_client(e, "-showcerts"))
        .look(
            "see whether the corporate root makes it whole; it comes from the security team, with \
             its fingerprint, never from the wire",
            reading::again_with(e, "--ca-file <corporate-ca.pem>"),
        )
        .act(exempt)
        .act(trust_in_clients("or give"))
}

/// Gives clients with roots of their own the corporate root beside the public ones.
pub(super) fn trust_in_clients(give: &str) -> Step {
    Step::local(format!(
        "{give} applications the corporate root from the security team, its fingerprint \
         compared; <bundle.pem> holds the public roots too, for these variables replace them"
    ))
    .command(
        "export SSL_CERT_FILE=<bundle.pem> REQUESTS_CA_BUNDLE=<bundle.pem> \
         NODE_EXTRA_CA_CERTS=<corporate-ca.pem>",
    )
    .undo("unset SSL_CERT_FILE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS")
}

/// A certificate of an internal authority of Microsoft's (fact X9).
fn internal(e: &View<'_>, hop: &TlsHop) -> Because {
    let issuer = authorities::internal(hop).unwrap_or("AME");
    let because = session::certificate(
        session::broken(
            e,
            Sure::Inferred,
            &format!("shows a certificate of {issuer}, internal to Microsoft by its name"),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    )
    .known_by(
        "the authorities under AME sign for Microsoft's own machines: where such a certificate \
         reaches the public, the service was deployed with the wrong one",
    )
    .known_by(azure_chain::A_CLAIM)
    .known_by("no client outside Microsoft has that root, and none should be given it")
    .known_by(session::NOTHING_SENT)
    .owner("Azure platform")
    .look("see the chain that is sent", session::s_client(e, "-showcerts"))
    .act(Step::look(
        "see Azure Service Health for the region, and open a support request with the chain and \
         the time",
    ));
    session::beside_the_proxy(session::sibling(because, e), e).check(reading::again(e))
}

/// The outermost issuer that the chain names: who would have to be trusted.
pub(super) fn outermost(hop: &TlsHop) -> String {
    hop.chain
        .last()
        .map_or_else(|| "an unknown issuer".to_owned(), |c| session::issuer(c).to_owned())
}
