//! The walk's own roots accept the chain, and a bundle that clients of this machine are told to
//! use does not (fact X22): such a variable replaces a client's roots.

use super::{bundles, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::{BundleVerdict, Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-client-bundle-refuses",
    Tls,
    "A bundle of roots that clients here are told to use refuses the certificate",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let ours = matches!(hop.accepted_by, Some(Store::Public | Store::CaFile));
    if hop.outcome != TlsOutcome::Verified || !ours {
        return None;
    }
    let named = |bundle: &&BundleVerdict| bundle.fault.is_some() && bundles::is_variable(bundle);
    let refusing: Vec<&BundleVerdict> = hop.bundles.iter().filter(named).collect();
    let first = refusing.first()?;
    let folder = first.by == "SSL_CERT_DIR";
    let mut because = session::finding(
        e,
        Level::Note,
        Sure::Proved,
        match first.anchors {
            0 if folder => format!("{} names a folder without a root that can be read", first.by),
            0 => format!("{} names a file without a root that can be read", first.by),
            _ => format!("the roots that {} names refuse this certificate", first.by),
        },
    )
    .caveat()
    .read_at("/tls/saw/bundles");
    for bundle in &refusing {
        because = because.seen(bundles::words(bundle)).known_by(format!(
            "{} is read by {}: they fail here, although {} accept the chain",
            bundle.by,
            bundles::clients(bundle),
            match hop.accepted_by {
                Some(Store::CaFile) => "the roots of --ca-file",
                _ => "the public roots",
            }
        ));
    }
    Some(
        because
            .known_by("these variables replace a client's own roots, but for NODE_EXTRA_CA_CERTS")
            .owner("Server (this machine's administrators)")
            .look(
                "see the roots in it",
                match folder {
                    true => format!("ls {}", reading::word(&first.path)),
                    false => format!("grep -c BEGIN {}", reading::word(&first.path)),
                },
            )
            .act(
                Step::local(format!(
                    "put the public roots into {} too, or do not set {} for this application",
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
