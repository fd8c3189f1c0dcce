//! What follows where the issuers that a rejected chain names are Azure's own (facts X8, X9): a
//! root that is missing here or a certificate that the server left out, never inspection.

use super::authorities::Authority;
use super::session;
use crate::diagnose::Because;
use crate::diagnosis::Step;
use crate::evidence::Evidence;

/// Said wherever a name in a certificate is all that is known of who signed it.
pub(super) const A_CLAIM: &str = "an issuer's name is a claim that anyone can write: the \
                                  fingerprints of the chain, compared with Microsoft's list of \
                                  Azure certificate authorities, decide";

/// The certificates that a chain lacks above its authority, in words.
pub(super) fn missing(authority: &Authority) -> String {
    match authority.crossed_by {
        Some(older) => format!(
            "{} is not among the roots in use, and the server did not send the certificate by \
             which {older} vouches for it: older trust stores need that one",
            authority.root
        ),
        None => format!(
            "{} is not among the roots in use: the trust store is old, or was cut down",
            authority.root
        ),
    }
}

/// How to see who signed, and how to bring the machine's trust store up to date.
pub(super) fn renew_roots(because: Because, e: &Evidence, root: &str) -> Because {
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
                 DigiCert's own page, after comparing its fingerprint"
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
