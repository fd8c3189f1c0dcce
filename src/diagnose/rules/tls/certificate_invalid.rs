//! The certificate is revoked, its signature is wrong, or its purpose or form forbids it.

use super::issuer::unknown;
use super::{authorities, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule = rule!(
    "tls-certificate-invalid",
    Tls,
    "The certificate is revoked, wrongly signed, or not made for a server",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, fault) = session::rejected(e)?;
    let (does, means) = match fault {
        Fault::Revoked => {
            ("shows a revoked certificate", "its authority withdrew it before its end".to_owned())
        }
        Fault::BadSignature => (
            "shows a certificate with a wrong signature",
            "the key of the issuer named in it did not sign it: it is forged, damaged, or the \
             issuer has a new key under the old name"
                .to_owned(),
        ),
        Fault::Other { says } if unknown(e).is_none() => (
            "shows a certificate that is not fit for a server",
            format!("its purpose, form or an extension forbids it: {says}"),
        ),
        _ => return None,
    };
    let mut because =
        session::certificate(session::broken(e, Sure::Proved, does), hop, Some(fault))
            .read_at("/tls/saw/outcome")
            .known_by(means);
    let copied = *fault == Fault::BadSignature && authorities::of_azure(hop).is_some();
    if copied {
        because = because.known_by(
            "the issuers have the names of Azure's own authorities, and the root of that name \
             that is in use did not sign them: a device on the way may copy the names",
        );
    }
    if let Some(leaf) = hop.chain.first()
        && e.target.public_suffix.is_some()
        && !session::azure_issuer(leaf)
    {
        because = because.known_by(format!(
            "its issuer, {}, does not sign for Azure: a gateway or an inspecting device owns it",
            session::issuer(leaf)
        ));
    }
    Some(
        session::beside_the_proxy(
            because
                .known_by(session::NOTHING_SENT)
                .owner(if copied { "Security" } else { session::server_owner(e) })
                .look(
                    "see the certificate in full",
                    format!(
                        "{} 2>/dev/null | openssl x509 -noout -text",
                        session::s_client(e, "-showcerts")
                    ),
                )
                .act(session::new_certificate(e, "replace")),
            e,
        )
        .check(reading::again(e)),
    )
}
