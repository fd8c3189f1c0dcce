//! The roots of `--ca-file` accept the chain and no public root does: the result holds only for
//! clients that have the same root (fact S13).

use super::untrusted_issuer::{outermost, trust_in_clients};
use super::{ca_bundles, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::tls::{Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-ca-file-alone",
    Tls,
    "Only clients that have the root of --ca-file accept the certificate",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value()?;
    let public = hop.verdicts.iter().find(|v| v.store == Store::Public);
    if hop.outcome != TlsOutcome::Verified
        || hop.accepted_by != Some(Store::CaFile)
        || public.is_none_or(|verdict| verdict.fault.is_none())
    {
        return None;
    }
    let system = hop.verdicts.iter().find(|v| v.store == Store::System).map(|v| v.fault.is_none());
    let named: Vec<_> = hop.bundles.iter().filter(|b| ca_bundles::is_variable(b)).collect();
    let accepting = named.iter().filter(|bundle| bundle.fault.is_none()).count();
    // Every client of this machine that is known here has the root as well.
    if system == Some(true) && accepting > 0 && accepting == named.len() {
        return None;
    }
    let root = outermost(hop);
    let message = match system {
        Some(true) => format!(
            "clients that bring their own roots (Python, Java, Node) fail unless they trust {root}"
        ),
        _ => {
            format!("only clients that trust {root} succeed: no public root accepts the chain")
        }
    };
    let mut finding = session::cite_certificate(
        session::finding(e, Level::Note, Confidence::Proved, message),
        hop,
        None,
    )
    .caveat()
    .cites("/tls/value/verdicts")
    .reasoning(
        "the roots of --ca-file accept the chain and the public roots do not, so this check proves \
         the path only for clients that have the same root",
    );
    finding = finding.reasoning(match system {
        Some(true) => "this machine's own store has the root: curl, .NET and Go find it there",
        Some(false) => "this machine's own store does not have it either",
        None => "this machine's own store was not checked",
    });
    if accepting > 0 {
        let by: Vec<&str> = named
            .iter()
            .filter(|bundle| bundle.fault.is_none())
            .map(|bundle| bundle.by.as_str())
            .collect();
        finding = finding
            .reasoning(format!("the roots that {} names accept it", by.join(" and ")))
            .cites("/tls/value/bundles");
    }
    Some(
        finding
            .owner("Server (roots of the clients)")
            .inspect("see the chain that is sent", session::s_client(e, "-showcerts"))
            .step(trust_in_clients())
            .check(reading::again(e)),
    )
}
