//! The parts of this machine's own store: its file, what OpenSSL finds by its defaults, and the folders
//! that both are built from (facts S90, S91).

use super::untrusted_issuer::outermost;
use super::{ca_bundles, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{BundleVerdict, STORE_FILE, STORE_OPENSSL, Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-store-parts-differ",
    Tls,
    "Parts of this machine's store differ on the certificate",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.short("parts of this machine's store differ");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value()?;
    let accepts = |store| hop.verdicts.iter().any(|v| v.store == store && v.fault.is_none());
    if hop.outcome != TlsOutcome::Verified || !accepts(Store::System) || accepts(Store::Public) {
        return None;
    }
    let (file, openssl) = (ca_bundles::part(hop, STORE_FILE), ca_bundles::part(hop, STORE_OPENSSL));
    let root = outermost(hop);
    let (message, reasoning) = match (file, openssl) {
        (Some(false), Some(false)) => (
            format!("{root} lies in a file beside this machine's store, and not in the store"),
            "only clients that read every file of the folder find it (Go, .NET); curl, wget and all \
             that use OpenSSL's own defaults do not",
        ),
        (Some(true), Some(false)) => (
            format!("only the file of this machine's store has {root}, not OpenSSL's folder"),
            "curl, wget and Go read the file; Python's ssl, PHP, Ruby and other programs with OpenSSL's \
             own defaults search the folder, by the hash of a subject",
        ),
        (Some(false), Some(true)) => (
            format!("only the folder of this machine's store has {root}, not its file"),
            "programs with OpenSSL search the folder; programs that read the file alone (GnuTLS: \
             wget) reject the certificate",
        ),
        _ => return None,
    };
    Some(
        session::cite_certificate(
            session::finding(e, Level::Risk, Confidence::Proved, message),
            hop,
            None,
        )
        .cites("/tls/value/bundles")
        .reasoning(reasoning)
        .reasoning("one command builds both from the same roots: this one was put in by hand")
        .owner("Server (this machine's administrators)")
        .inspect("see the chain that is sent", session::s_client(e, "-showcerts"))
        .step(
            Step::local(
                "put the corporate root from the security team where the store is built from, under a \
                 name that ends in .crt, and build the store",
            )
            .command(
                "cp <corporate-ca.pem> /usr/local/share/ca-certificates/corporate-ca.crt && \
                 update-ca-certificates",
            )
            .undo(
                "rm /usr/local/share/ca-certificates/corporate-ca.crt && update-ca-certificates \
                 --fresh",
            ),
        )
        .check(reading::again(e)),
    )
}

/// Adds that the root of the chain waits in a folder that the store is built from.
pub(super) fn not_built(finding: FindingBuilder, source: &BundleVerdict) -> FindingBuilder {
    let (build, rebuilt) = match source.path.starts_with("/etc/pki/ca-trust") {
        true => ("update-ca-trust", "update-ca-trust"),
        false if source.path.starts_with("/etc/ca-certificates") => {
            ("update-ca-trust", "update-ca-trust")
        }
        false => ("update-ca-certificates", "update-ca-certificates --fresh"),
    };
    let (passed_over, name) = match source.path.as_str() {
        "/usr/local/share/ca-certificates" => (
            ", or passed over its file, whose name has to end in .crt",
            " (the name of its file has to end in .crt)",
        ),
        _ => ("", ""),
    };
    finding
        .fact(format!("{} ({}): accepted", source.path, source.anchors))
        .cites("/tls/value/bundles")
        .reasoning(format!(
            "a root that accepts this chain lies in {}, from which this machine's store is built, and \
             the store does not have it: {build} was not run since{passed_over}",
            source.path
        ))
        .step(
            Step::local(format!(
                "if Security put that root there, build this machine's store again{name}; clients with \
                 roots of their own (Python, Java, Node) still reject the certificate"
            ))
            .command(build)
            .undo(format!("remove the root from {}, then: {rebuilt}", reading::word(&source.path))),
        )
}
