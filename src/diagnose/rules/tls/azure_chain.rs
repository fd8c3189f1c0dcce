//! What follows where the issuers that a rejected chain names are Azure's own (facts X8, X9): a
//! root that is missing here or a certificate that the server left out, never inspection.

use super::authorities::{self, Authority, Retired};
use super::session;
use crate::diagnose::{Because, View};
use crate::diagnosis::Step;

/// Said wherever a name in a certificate is all that is known of who signed it.
pub(super) const A_CLAIM: &str = "an issuer's name is a claim that anyone can write: the \
                                  fingerprints of the chain, compared with Microsoft's list of \
                                  Azure certificate authorities, decide";

/// The certificates that a chain lacks above its authority, in words.
pub(super) fn missing(authority: &Authority) -> String {
    if let Some(Retired { root, why }) = authorities::retired_root(authority.root) {
        return format!(
            "the chain leads to {root}, and {why}: what answers shows a certificate of former years"
        );
    }
    match authority.crossed_by {
        Some(older) => format!(
            "{} is not among the roots in use, and the server did not send the certificate by \
             which {older} vouches for it: older trust stores need that one",
            authority.root
        ),
        // Fact S31.
        None if authority.root == FIRST_GLOBAL => format!(
            "{FIRST_GLOBAL} is not among the roots in use: stores that follow Mozilla and Chrome \
             drop it in 2026, and Azure moves its services to DigiCert Global Root G2 and G3"
        ),
        None => format!(
            "{} is not among the roots in use: the trust store is old, or was cut down; one that \
             knows Baltimore CyberTrust Root alone for Azure is from before 2021",
            authority.root
        ),
    }
}

/// The root that stores drop in 2026.
const FIRST_GLOBAL: &str = "DigiCert Global Root CA";

/// Where a root can be had, with the fingerprint to compare: SHA-256 of the DER form, as far as a
/// source gives it (fact S6).
const FINGERPRINTS: &[(&str, &str, &str)] = &[(
    "DigiCert Global Root G2",
    "https://cacerts.digicert.com/DigiCertGlobalRootG2.crt.pem",
    "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
)];

/// Where a root can be had, in words.
fn fingerprint(root: &str) -> String {
    FINGERPRINTS.iter().find(|(name, ..)| *name == root).map_or_else(
        || "after comparing its fingerprint".to_owned(),
        |(_, url, sha256)| format!("{url}, SHA-256 {sha256}"),
    )
}

/// What follows where the chain ends in a root that clients no longer accept: nothing to install
/// here, and nothing to exempt.
pub(super) fn ended_root(because: Because, e: &View<'_>, retired: &Retired) -> Because {
    let Retired { root, why } = retired;
    because
        .known_by(format!("{root} was the root of Azure's former chains, and {why}"))
        .known_by(
            "Azure's services present newer chains: what answers is a gateway, a cache or an \
             appliance with an old copy, or a server that still sends the old root",
        )
        .owner(session::server_owner(e))
        .look("see the chain that is sent, with its dates", session::s_client(e, "-showcerts"))
        .act(
            Step::shared(
                format!(
                    "at {}: present the present chain, which leads to DigiCert Global Root G2, and \
                     leave {root} out of it; adding {root} to clients helps nothing",
                    session::peer(e)
                ),
                "every client of what answers there",
            )
            .undo("put back the copy of the old chain file"),
        )
        .act(
            Step::local(format!(
                "clients that pin {root}: give them DigiCert Global Root G2 as well ({})",
                fingerprint("DigiCert Global Root G2")
            ))
            .undo("remove the added root again"),
        )
}

/// How to see who signed, and how to bring the machine's trust store up to date.
pub(super) fn renew_roots(because: Because, e: &View<'_>, authority: &Authority) -> Because {
    if let Some(retired) = authorities::retired_root(authority.root) {
        return ended_root(because, e, retired);
    }
    let root = authority.root;
    let from = fingerprint(root);
    because
        .look(
            "see the chain that is sent, with its fingerprints",
            session::s_client(e, "-showcerts"),
        )
        .look(
            format!("see whether this machine's store has {root}"),
            format!("trust list --filter=ca-anchors | grep '{root}'"),
        )
        .act(
            Step::local(format!(
                "update the trust store; if {root} is still missing, add it from Microsoft's or \
                 DigiCert's own page ({from})"
            ))
            .command("apt-get install --only-upgrade ca-certificates && update-ca-certificates")
            .undo("remove the added file from /usr/local/share/ca-certificates, then repeat"),
        )
        .act(
            Step::local(
                "give clients with roots of their own (Python certifi, the JDK, Node, containers) \
                 their current version",
            )
            .undo("pin the version that was in use before"),
        )
}
