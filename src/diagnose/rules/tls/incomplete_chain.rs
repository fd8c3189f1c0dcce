//! The leaf came without its issuer's certificate, and the issuer is no root in use.

use super::issuer::{Unknown, unknown};
use super::session;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "tls-incomplete-chain",
    hop: Hop::Tls,
    title: "The server does not send its intermediate certificate",
    page: include_str!("../../../../docs/findings/tls-incomplete-chain.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let (hop, why) = unknown(e)?;
    if why != Unknown::Incomplete {
        return None;
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
    .owner("whoever runs what answers there")
    .look("see the chain that is sent", session::s_client(e, "-showcerts"));
    because = if leaf.covers_target {
        because.ruled_out("a wrong address: the names in the certificate are right")
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
                .step(format!(
                    "configure the full chain at {}: the server's certificate, then {issuer}",
                    session::peer(e)
                ))
                .step("if the issuer is a private root of your own, name it with --ca-file"),
            e,
        )
        .check(reading::again(e)),
    )
}
