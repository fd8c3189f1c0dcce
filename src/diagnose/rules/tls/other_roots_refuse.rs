//! The chain verifies here, and clients with other roots refuse it: a bundle that a variable names,
//! or every client that is not given the file of `--ca-file` (facts S13, X22).

use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tls::{BundleVerdict, Store, TlsHop, TlsOutcome};
use crate::evidence::{Evidence, Hop};

use super::bundles;

pub(super) const RULE: Rule = Rule {
    id: "tls-other-roots-refuse",
    hop: Hop::Tls,
    title: "The certificate verifies here, and clients with other roots refuse it",
    page: include_str!("../../../../docs/findings/tls-other-roots-refuse.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == TlsOutcome::Verified)?;
    bundle(e, hop).or_else(|| only_ca_file(e, hop))
}

/// A bundle that a variable of this environment names refuses the chain.
fn bundle(e: &Evidence, hop: &TlsHop) -> Option<Because> {
    let named = |bundle: &&BundleVerdict| bundles::is_variable(&bundle.by);
    // Where only this machine's store accepts the chain, another finding lists the clients.
    if !matches!(hop.accepted_by, Some(Store::Public | Store::CaFile)) {
        return None;
    }
    let refuses = hop.bundles.iter().filter(named).find(|bundle| bundle.fault.is_some())?;
    let (by, path) = (&refuses.by, &refuses.path);
    let clients = bundles::clients(by).unwrap_or("clients that read it");
    let does = match refuses.anchors {
        0 => "holds no root that can be read",
        _ => "refuses this chain",
    };
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        wording::fitting(&[
            format!("{by} ({path}) {does}: {clients} fail here"),
            format!("{by} {does}: {clients} fail here"),
            format!("{by} {does}: clients that read it fail here"),
        ]),
    )
    .caveat()
    .seen(bundles::words(refuses))
    .read_at("/tls/saw/bundles")
    .read_at("/tls/saw/verdicts")
    .known_by(
        "the file was read in this walk and asked about the chain that the peer sent; the walk's \
         own roots accept that chain",
    )
    .known_by(match by.as_str() {
        "NODE_EXTRA_CA_CERTS" => "the file is added to the client's own roots",
        _ => "such a file replaces the client's own roots: a corporate root alone is not enough",
    });
    Some(
        because
            .owner("Application")
            .look(
                "ask the file itself",
                format!(
                    "openssl s_client -connect {0}:{1} -servername {0} -CAfile {2} \
                     -verify_return_error </dev/null",
                    hop.server_name,
                    e.target.port,
                    reading::word(path)
                ),
            )
            .act(
                Step::local(format!(
                    "add the public roots to a copy of {path} and let {by} name the copy, for \
                     this one application"
                ))
                .undo(format!("let {by} name {path} again")),
            )
            .act(
                Step::local(format!(
                    "or unset {by} for this application, where no proxy on its way replaces \
                     certificates"
                ))
                .undo(format!("set {by} again")),
            )
            .check(reading::again(e)),
    )
}

/// The file of `--ca-file` alone accepts the chain.
fn only_ca_file(e: &Evidence, hop: &TlsHop) -> Option<Because> {
    let refused = hop.verdicts.iter().any(|v| v.store == Store::Public && v.fault.is_some());
    if hop.accepted_by != Some(Store::CaFile) || !refused {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            "only the root of --ca-file accepts this chain: clients without that root refuse it",
        )
        .caveat()
        .seen(format!("--ca-file {}", e.asked.ca_file.as_deref().unwrap_or("was given")))
        .read_at("/tls/saw/verdicts")
        .known_by("the public roots refuse the chain, and the file's accept it"),
    )
}
