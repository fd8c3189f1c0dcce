//! Advice where the issuers of a rejected chain are Azure's own by name (facts X8, X9): a root is
//! missing here or the server left a certificate out; it is not inspection.

use super::authorities::{self, Authority, Retired};
use super::session;
use crate::diagnose::{FindingBuilder, View};
use crate::diagnosis::Step;

/// Added wherever only a name in a certificate shows who signed it.
pub(super) const A_CLAIM: &str = "anyone can write an issuer's name into a certificate: compare \
                                  the fingerprints of the chain with Microsoft's list of Azure \
                                  certificate authorities";

/// What is missing above the authority, in words.
pub(super) fn missing(authority: &Authority) -> String {
    if let Some(Retired { root, why }) = authorities::retired_root(authority.root) {
        return format!(
            "the chain leads to {root}, and {why}: the server shows an old certificate"
        );
    }
    match authority.crossed_by {
        Some(older) => format!(
            "{} is not among the roots in use, and the server did not send the certificate by \
             which {older} cross-signs it: older trust stores need that one",
            authority.root
        ),
        // Fact S31.
        None if authority.root == FIRST_GLOBAL => format!(
            "{FIRST_GLOBAL} is not among the roots in use: stores that follow Mozilla and Chrome \
             drop it in 2026, and Azure moves its services to DigiCert Global Root G2 and G3"
        ),
        None => format!(
            "{} is not among the roots in use: the trust store is old or reduced; a store whose \
             only root for Azure is Baltimore CyberTrust Root is from before 2021",
            authority.root
        ),
    }
}

/// The root that stores drop in 2026.
const FIRST_GLOBAL: &str = "DigiCert Global Root CA";

/// Where to get a root, with the fingerprint to compare: SHA-256 of the DER form, where a source
/// gives it (fact S6).
const FINGERPRINTS: &[(&str, &str, &str)] = &[(
    "DigiCert Global Root G2",
    "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt.pem",
    "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
)];

/// Where to get a root, in words.
fn fingerprint(root: &str) -> String {
    FINGERPRINTS.iter().find(|(name, ..)| *name == root).map_or_else(
        || "after comparing its fingerprint".to_owned(),
        |(_, url, sha256)| format!("{url}, SHA-256 {sha256}"),
    )
}

/// Advice where the chain ends in a root that clients no longer accept: there is nothing to install
/// here, and nothing to exempt.
pub(super) fn ended_root(
    finding: FindingBuilder,
    e: &View<'_>,
    retired: &Retired,
) -> FindingBuilder {
    let Retired { root, why } = retired;
    finding
        .reasoning(format!("{root} was the root of Azure's former chains, and {why}"))
        .reasoning(
            "Azure services present newer chains: the server is a gateway, a cache or an appliance \
             with an old copy, or still sends the old root",
        )
        .owner(session::server_owner(e))
        .inspect("see the chain that is sent, with its dates", session::s_client(e, "-showcerts"))
        .step(
            Step::shared(
                format!(
                    "at {}: serve the current chain, which leads to DigiCert Global Root G2, \
                     without {root}; adding {root} to clients does not help",
                    session::peer(e)
                ),
                "every client of the server there",
            )
            .undo("put back the copy of the old chain file"),
        )
        .step(
            Step::local(format!(
                "for clients that pin {root}: add DigiCert Global Root G2 ({})",
                fingerprint("DigiCert Global Root G2")
            ))
            .undo("remove the added root again"),
        )
}

/// How to see who signed, and how to update the machine's trust store.
pub(super) fn renew_roots(
    finding: FindingBuilder,
    e: &View<'_>,
    authority: &Authority,
) -> FindingBuilder {
    if let Some(retired) = authorities::retired_root(authority.root) {
        return ended_root(finding, e, retired);
    }
    let root = authority.root;
    let from = fingerprint(root);
    finding
        .inspect(
            "see the chain that is sent, with its fingerprints",
            session::s_client(e, "-showcerts"),
        )
        .inspect(
            format!("see whether this machine's store has {root}"),
            format!("trust list --filter=ca-anchors | grep '{root}'"),
        )
        .step(
            Step::local(format!(
                "update the trust store; if {root} is still missing, add it from Microsoft's or \
                 DigiCert's own page ({from})"
            ))
            .command("apt-get install --only-upgrade ca-certificates && update-ca-certificates")
            .undo("remove the added file from /usr/local/share/ca-certificates, then repeat"),
        )
        .step(
            Step::local(
                "update the roots of clients that bring their own (Python certifi, the JDK, Node, \
                 containers)",
            )
            .undo("pin the previous version"),
        )
}
