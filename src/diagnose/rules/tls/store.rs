//! The parts of this machine's own store: its file, what OpenSSL finds by its defaults, and the folders
//! that both are built from (facts S90, S91).

use super::untrusted_issuer::outermost;
use super::{ca_bundles, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{BundleVerdict, STORE_FILE, STORE_OPENSSL, Store, TlsHop, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-store-parts-differ",
    Tls,
    "Parts of this machine's store differ on the certificate",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.short("parts of this machine's store differ");

/// How a distribution builds its store (fact S91).
struct Build {
    /// How the path of its file begins.
    file: &'static str,
    /// The folder that it is built from.
    source: &'static str,
    /// The command.
    command: &'static str,
    /// The command after a root was removed.
    again: &'static str,
    /// Puts a root there and builds.
    add: &'static str,
    /// Takes it out again.
    remove: &'static str,
    /// Whether it passes over files whose names do not end in `.crt`.
    only_crt: bool,
}

/// Arch has its file where Debian has it: only the folder tells them apart.
const BUILDS: &[Build] = &[
    Build {
        file: "/etc/ssl/certs/ca-certificates.crt",
        source: "/usr/local/share/ca-certificates",
        command: "update-ca-certificates",
        again: "update-ca-certificates --fresh",
        add: "cp -n <corporate-ca.pem> /usr/local/share/ca-certificates/corporate-ca.crt && \
              update-ca-certificates",
        remove: "rm /usr/local/share/ca-certificates/corporate-ca.crt && update-ca-certificates --fresh",
        only_crt: true,
    },
    Build {
        file: "/etc/pki/",
        source: "/etc/pki/ca-trust/source/anchors",
        command: "update-ca-trust",
        again: "update-ca-trust",
        add: "cp -n <corporate-ca.pem> /etc/pki/ca-trust/source/anchors/corporate-ca.pem && \
              update-ca-trust",
        remove: "rm /etc/pki/ca-trust/source/anchors/corporate-ca.pem && update-ca-trust",
        only_crt: false,
    },
    Build {
        file: "/etc/ssl/ca-bundle.pem",
        source: "/etc/pki/trust/anchors",
        command: "update-ca-certificates",
        again: "update-ca-certificates --fresh",
        add: "cp -n <corporate-ca.pem> /etc/pki/trust/anchors/corporate-ca.pem && \
              update-ca-certificates",
        remove: "rm /etc/pki/trust/anchors/corporate-ca.pem && update-ca-certificates --fresh",
        only_crt: false,
    },
    Build {
        file: "/etc/ca-certificates/",
        source: "/etc/ca-certificates/trust-source/anchors",
        command: "update-ca-trust",
        again: "update-ca-trust",
        add: "cp -n <corporate-ca.pem> /etc/ca-certificates/trust-source/anchors/corporate-ca.pem && \
              update-ca-trust",
        remove: "rm /etc/ca-certificates/trust-source/anchors/corporate-ca.pem && update-ca-trust",
        only_crt: false,
    },
];

/// What a root in the store changes.
const ALL_TRUST: &str =
    "every client of this machine's store then trusts this authority, for every name";

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
        .step(build_in(hop))
        .check(reading::again(e)),
    )
}

/// Builds the store with the root; in words alone where it is not known how this one is built.
fn build_in(hop: &TlsHop) -> Step {
    let file = hop.bundles.iter().find(|bundle| bundle.by == STORE_FILE);
    let build = file.and_then(|file| BUILDS.iter().find(|build| file.path.starts_with(build.file)));
    let what = "put the corporate root from the security team where this machine's store is built from, \
                and build it";
    match build {
        Some(build) => {
            let name = if build.only_crt { ", under a name that ends in .crt" } else { "" };
            Step::local(format!("{what}{name}: {ALL_TRUST}")).command(build.add).undo(build.remove)
        }
        None => Step::local(format!("{what}: {ALL_TRUST}"))
            .undo("remove it there, and build the store again"),
    }
}

/// Adds that the root of the chain waits in a folder that the store is built from.
pub(super) fn not_built(finding: FindingBuilder, source: &BundleVerdict) -> FindingBuilder {
    let Some(build) = BUILDS.iter().find(|build| build.source == source.path) else {
        return finding;
    };
    let (passed_over, name) = match build.only_crt {
        true => (
            ", or passed over its file, whose name has to end in .crt",
            " (the name of its file has to end in .crt)",
        ),
        false => ("", ""),
    };
    finding
        .fact(format!("{} ({}): accepted", source.path, source.anchors))
        .cites("/tls/value/bundles")
        .reasoning(format!(
            "a root that accepts this chain lies in {}, from which this machine's store is built, and \
             the store does not have it: {} was not run since{passed_over}",
            source.path, build.command
        ))
        .step(
            Step::local(format!(
                "if Security put that root there, build this machine's store again{name}: {ALL_TRUST}; \
                 clients with roots of their own (Python, Java, Node) still reject the certificate"
            ))
            .command(build.command)
            .undo(format!("remove the root from {}, then: {}", build.source, build.again)),
        )
}
