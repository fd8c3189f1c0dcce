//! The walk's own roots accept the chain, and a CA bundle that a variable on this machine names
//! does not (fact X22): such a variable replaces a client's roots.

use super::{ca_bundles, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tls::{BundleVerdict, Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-client-bundle-refuses",
    Tls,
    "A CA bundle that a variable on this machine names rejects the certificate",
    Code(check)
);

/// What clients do where the file is not there (fact S61).
const AT_MISSING: &[(&str, &str)] = &[
    (
        "SSL_CERT_FILE",
        "httpx from 0.28 on (openai for Python before version 3) raises FileNotFoundError before it connects; \
         older ones pass over the file",
    ),
    ("REQUESTS_CA_BUNDLE", "requests raises OSError (invalid path) before it connects"),
    ("NODE_EXTRA_CA_CERTS", "Node prints a warning and goes on without it"),
];

fn what(folder: bool) -> &'static str {
    if folder { "a folder" } else { "a file" }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value()?;
    let ours = matches!(hop.accepted_by, Some(Store::Public | Store::CaFile));
    if hop.outcome != TlsOutcome::Verified || !ours {
        return None;
    }
    let named = |bundle: &&BundleVerdict| bundle.fault.is_some() && ca_bundles::is_variable(bundle);
    let refusing: Vec<&BundleVerdict> = hop.bundles.iter().filter(named).collect();
    let first = refusing.first()?;
    let folder = first.by == "SSL_CERT_DIR";
    let mut finding = session::finding(
        e,
        Level::Note,
        Confidence::Proved,
        match first.anchors {
            _ if first.missing => {
                format!("{} names {} that does not exist", first.by, what(folder))
            }
            0 if folder => format!("{} names a folder without a readable root", first.by),
            0 => format!("{} names a file without a readable root", first.by),
            _ => format!("the roots that {} names reject this certificate", first.by),
        },
    )
    .caveat()
    .cites("/tls/value/bundles");
    for bundle in &refusing {
        finding = finding.fact(ca_bundles::describe(bundle)).reasoning(format!(
            "{} is read by {}: they fail here, although {} accept the chain",
            bundle.by,
            ca_bundles::clients(bundle),
            match hop.accepted_by {
                Some(Store::CaFile) => "the roots of --ca-file",
                _ => "the public roots",
            }
        ));
    }
    for bundle in refusing.iter().filter(|bundle| bundle.missing) {
        if let Some((_, how)) = AT_MISSING.iter().find(|(by, _)| *by == bundle.by) {
            finding = finding.reasoning(*how);
        }
    }
    Some(
        finding
            .reasoning(
                "these variables replace a client's own roots, except NODE_EXTRA_CA_CERTS, which \
                 adds to them",
            )
            .owner("Server (this machine's administrators)")
            .inspect(
                "see the roots in it",
                match folder {
                    true => format!("ls {}", reading::word(&first.path)),
                    false => format!("grep -c BEGIN {}", reading::word(&first.path)),
                },
            )
            .step(
                Step::local(format!(
                    "add the public roots to {} too, or do not set {} for this application",
                    first.path, first.by
                ))
                .command(match folder {
                    true => format!("openssl rehash <folder> && export {}=<folder>", first.by),
                    false => format!(
                        "cat /etc/ssl/certs/ca-certificates.crt <corporate-ca.pem> > <bundle.pem> \
                         && export {}=<bundle.pem>",
                        first.by
                    ),
                })
                .undo(format!(
                    "export {}={}",
                    first.by,
                    reading::word(&first.path)
                )),
            )
            .check(reading::again(e)),
    )
}
