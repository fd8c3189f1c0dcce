//! An issuer that leads to none of the roots in use and names no product: a corporate authority, or
//! interception by an unknown device (facts S10, S12, S13).

use super::issuer::{Unknown, unknown};
use super::{ca_bundles, certificate_faults, session, store};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{CertificateFault as Fault, TlsHop};

pub(super) const RULE: Rule =
    rule!("tls-untrusted-issuer", Tls, "The certificate's issuer is not trusted", Code(check))
        .short("the certificate's issuer is unknown");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, why) = unknown(e)?;
    match why {
        Unknown::Untrusted => {}
        Unknown::Internal => return certificate_faults::check(e, &certificate_faults::INTERNAL),
        _ => return None,
    }
    let own = reading::service(e).map_or("", |service| service.own_authority);
    if !own.is_empty() && !e.options.connect_to_given {
        return Some(own_authority(e, hop, own));
    }
    let leaf = hop.chain.first();
    let issuer = leaf.map_or("<unknown>", session::issuer);
    let replaced = session::verifies_directly(e);
    let mut finding = session::cite_certificate(
        session::finding(
            e,
            Level::Broken,
            if replaced { Confidence::Proved } else { Confidence::Inferred },
            session::clause(e, &format!("shows a certificate of the unknown issuer {issuer}"))
                .or(format!("the issuer {issuer} is unknown")),
        ),
        hop,
        Some(&Fault::UnknownIssuer),
    );
    let azure = leaf.is_some_and(session::azure_issuer);
    finding = if replaced {
        finding.reasoning(session::PROXY_REPLACES)
    } else if e.target.public_suffix.is_some() && !azure {
        finding.reasoning(
            "Microsoft and DigiCert sign Azure's certificates: a device that inspects TLS, or a \
             gateway with a corporate certificate, answers instead",
        )
    } else if azure {
        finding.reasoning(format!(
            "the issuer claims to be an authority of Microsoft or DigiCert, but its chain leads to \
             {}, which is not one of Azure's roots: the signer uses their name",
            outermost(hop)
        ))
    } else {
        finding.reasoning("a private authority signed it, and its root is not among those in use")
    };
    if hop.chain_length == 1 {
        finding = finding.reasoning(
            "only the server's certificate came; if its issuer is an intermediate, the server does \
             not send it",
        );
    }
    Some(
        session::with_proxy_bypass(
            trust(
                session::cite_sibling(finding, e)
                    .reasoning(session::NOTHING_SENT)
                    .owner("Security"),
                e,
                exempt(&hop.server_name, "if a device inspects TLS on this path, "),
            ),
            e,
        )
        .check(reading::again(e)),
    )
}

/// The service signs with an authority of its own, as far as is known: its clients have the root.
fn own_authority(e: &View<'_>, hop: &TlsHop, root: &str) -> FindingBuilder {
    let issuer = hop.chain.first().map_or("<unknown>", session::issuer);
    let finding = session::finding(
        e,
        Level::Risk,
        Confidence::Possible,
        session::clause(e, &format!("shows a certificate of {issuer}, whose root is not given"))
            .or("the root of this certificate is not given"),
    );
    session::cite_certificate(finding, hop, Some(&Fault::UnknownIssuer))
        .untested()
        .reasoning(
            "each cluster signs the certificate of its API server with an authority of its own: clients \
             accept it by the root in their kubeconfig, which this check does not have",
        )
        .reasoning("a device that inspects TLS would look the same here, and only that root tells")
        .reasoning(session::NOTHING_SENT)
        .owner("Application")
        .inspect("see the chain that is sent", session::s_client(e, "-showcerts"))
        .step(Step::inspect(format!("save the root as a file: {root}")))
        .inspect(
            "check with it: where it is accepted, the path is right",
            reading::again_with(e, "--ca-file <cluster-ca.pem>"),
        )
        .check(reading::again_with(e, "--ca-file <cluster-ca.pem>"))
}

/// Exempts one name from inspection.
pub(super) fn exempt(name: &str, when: &str) -> Step {
    Step::shared(
        format!("{when}exempt {name} from inspection: this one name, no wildcard"),
        "the device no longer inspects this name for any client behind it; the inspection may be \
         deliberate, so Security decides",
    )
    .undo("remove the exemption again")
}

/// Adds the advice for an authority that no trust store knows (fact S13): what to look at, then the
/// exemption from inspection, or trust in the clients.
pub(super) fn trust(finding: FindingBuilder, e: &View<'_>, exempt: Step) -> FindingBuilder {
    let finding =
        finding.inspect("see the chain that is sent", session::s_client(e, "-showcerts")).inspect(
            "see whether the corporate root completes the chain; get it from the security team, \
             with its fingerprint, never from the wire",
            reading::again_with(e, "--ca-file <corporate-ca.pem>"),
        );
    let finding = match e.tls.value().and_then(ca_bundles::source) {
        Some(source) => store::not_built(finding, source).step(exempt.or()),
        None => finding.step(exempt),
    };
    finding.step(trust_in_clients().or())
}

/// Adds the corporate root to the public ones for clients that bring their own roots.
pub(super) fn trust_in_clients() -> Step {
    Step::local(
        "give applications the corporate root from the security team, after comparing its \
         fingerprint; <bundle.pem> must hold the public roots too, because these variables replace \
         them",
    )
    .command(
        "export SSL_CERT_FILE=<bundle.pem> REQUESTS_CA_BUNDLE=<bundle.pem> \
         NODE_EXTRA_CA_CERTS=<corporate-ca.pem>",
    )
    .undo("unset SSL_CERT_FILE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS")
}

/// The outermost issuer that the path from the leaf names: the one that clients would have to trust.
pub(super) fn outermost(hop: &TlsHop) -> String {
    hop.path()
        .last()
        .map_or_else(|| "an unknown issuer".to_owned(), |(_, c)| session::issuer(c).to_owned())
}
