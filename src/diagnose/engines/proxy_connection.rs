//! The connection to the proxy fails.

use crate::diagnose::headline;
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::proxy::{configured_by, no_proxy};
use crate::diagnose::rules::tcp::attempts::{self, TcpFailure};
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Evidence;
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};

/// One way in which it fails.
pub(in crate::diagnose) struct Row {
    /// What the proxy does, where the outcome is of this kind.
    pub(in crate::diagnose) does: fn(&TcpOutcome) -> Option<&'static str>,
    /// How sure that makes it.
    pub(in crate::diagnose) confidence: Confidence,
    /// Adds what it means and what to do.
    pub(in crate::diagnose) facts:
        fn(FindingBuilder, &View<'_>, &ProxyHop, &TcpAttempt) -> FindingBuilder,
}

/// Whether the connection to the proxy failed in this way.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let (hop, failed) = failed(e)?;
    let attempt = failed.first.attempt;
    let (does, peer) = ((row.does)(&attempt.outcome)?, attempts::peer(attempt));
    let message = headline::fitting(&[
        format!("the proxy {} {does} at {peer}", hop.url),
        format!("the proxy at {peer} {does}"),
    ]);
    Some((row.facts)(broken(e, hop, &failed, row.confidence, message), e, hop, attempt))
}

/// The proxy and the failure of its own connections.
fn failed(e: &Evidence) -> Option<(&ProxyHop, TcpFailure<'_>)> {
    let hop = e.proxy.value()?;
    let effective = hop.dns.value().map(|dns| dns.effective()).unwrap_or_default();
    Some((hop, attempts::failed(hop.tcp.value()?, &effective)?))
}

/// A broken connection to the proxy with the facts of every attempt, and how to bypass it.
fn broken(
    e: &Evidence,
    hop: &ProxyHop,
    failed: &TcpFailure<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    let mut finding = FindingBuilder::new(Level::Broken, confidence, message)
        .fact(format!("proxy {}, {}", hop.url, configured_by(e)))
        .cites("/vantage/proxy");
    for indexed in &failed.all {
        finding = finding
            .fact(attempts::describe(e, indexed.attempt))
            .cites(format!("/proxy/value/tcp/value/attempts/{}", indexed.index));
    }
    no_proxy::bypass_advice(
        finding
            .ruled_out(format!("{}: it was not contacted", e.target.host))
            .owner(no_proxy::owner(e)),
        e,
    )
    .check(reading::again(e))
}
