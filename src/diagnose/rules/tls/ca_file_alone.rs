//! The chain is accepted by the roots of `--ca-file` and by no public root: what the walk proves holds
//! for clients that are given the same root (fact S13).

use super::untrusted_issuer::{outermost, trust_in_clients};
use super::{bundles, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::tls::{Store, TlsOutcome};

pub(super) const RULE: Rule = rule!(
    "tls-ca-file-alone",
    Tls,
    "Only clients that are given the root of --ca-file accept the certificate",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw()?;
    let public = hop.verdicts.iter().find(|v| v.store == Store::Public);
    if hop.outcome != TlsOutcome::Verified
        || hop.accepted_by != Some(Store::CaFile)
        || public.is_none_or(|verdict| verdict.fault.is_none())
    {
        return None;
    }
    let system = hop.verdicts.iter().find(|v| v.store == Store::System).map(|v| v.fault.is_none());
    let named: Vec<_> = hop.bundles.iter().filter(|b| bundles::is_variable(b)).collect();
    let accepting = named.iter().filter(|bundle| bundle.fault.is_none()).count();
    // Every client that was asked about has the root as well.
    if system == Some(true) && accepting > 0 && accepting == named.len() {
        return None;
    }
    let root = outermost(hop);
    let says = match system {
        Some(true) => format!(
            "clients with roots of their own (Python, Java, Node) fail unless they are given {root}"
        ),
        _ => {
            format!("only clients that are given {root} succeed: no public root accepts the chain")
        }
    };
    let mut because =
        session::certificate(session::finding(e, Level::Note, Sure::Proved, says), hop, None)
            .caveat()
            .read_at("/tls/saw/verdicts")
            .known_by(
                "the roots of --ca-file accept the chain and the public roots do not, so the walk \
                 proves the path for clients that have the same root",
            );
    because = because.known_by(match system {
        Some(true) => "this machine's own store has the root: curl, .NET and Go find it there",
        Some(false) => "this machine's own store does not have it either",
        None => "this machine's own store was not asked",
    });
    if accepting > 0 {
        let by: Vec<&str> = named
            .iter()
            .filter(|bundle| bundle.fault.is_none())
            .map(|bundle| bundle.by.as_str())
            .collect();
        because = because
            .known_by(format!("the roots that {} names accept it", by.join(" and ")))
            .read_at("/tls/saw/bundles");
    }
    Some(
        because
            .owner("Server (roots of the clients)")
            .look("see the chain that is sent", session::s_client(e, "-showcerts"))
            .act(trust_in_clients("give"))
            .check(reading::again(e)),
    )
}
