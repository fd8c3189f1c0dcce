//! How the connection to the proxy failed: a row each.

use crate::diagnose::headline::{self, Clause};
use crate::diagnose::rules::tcp::attempts::{self, Failed};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};

use super::exempt;

/// One way in which it fails.
pub(in crate::diagnose) struct Row {
    /// What the proxy does, where the outcome is of this kind.
    does: fn(&TcpOutcome) -> Option<&'static str>,
    sure: Sure,
    /// Adds what it means and what to do.
    facts: fn(Because, &View<'_>, &ProxyHop, &TcpAttempt) -> Because,
}

pub(super) const SILENT: Rule = rule!(
    "proxy-silent",
    Proxy,
    "The proxy does not answer",
    ProxyConnection(&Row {
        does: |outcome| (*outcome == TcpOutcome::TimedOut).then_some("does not answer"),
        sure: Sure::Possible,
        facts: |because, e, hop, attempt| {
            because
                .known_by("a firewall between this machine and the proxy drops the connection")
                .known_by(format!(
                    "or {} is no proxy any more ({})",
                    attempts::peer(attempt),
                    put_by(e)
                ))
                .tells_it(format!("nc -vz -w 5 {} {}", hop.host, hop.port))
                .act(Step::look(format!(
                    "see that {} is the proxy of today, and that this network may reach its port",
                    hop.url
                )))
        },
    })
);

pub(super) const REFUSED: Rule = rule!(
    "proxy-refused",
    Proxy,
    "The proxy's port refuses the connection",
    ProxyConnection(&Row {
        does: |outcome| match outcome {
            TcpOutcome::Refused => Some("refuses the connection"),
            TcpOutcome::Reset => Some("resets the connection"),
            _ => None,
        },
        sure: Sure::Proved,
        facts: |because, _, hop, _| {
            because
                .known_by(
                    "a RST answered: no proxy listens on this port, or a firewall rejects in its \
                     name",
                )
                .act(Step::look(format!(
                    "see that the proxy runs and listens on port {}",
                    hop.port
                )))
        },
    })
);

pub(super) const UNREACHABLE: Rule = rule!(
    "proxy-unreachable",
    Proxy,
    "There is no way to the proxy: no route, or a router or firewall says no",
    ProxyConnection(&Row {
        does: |outcome| {
            let no_way =
                matches!(outcome, TcpOutcome::Unreachable { .. } | TcpOutcome::LocalError { .. });
            no_way.then_some("cannot be reached")
        },
        sure: Sure::Proved,
        facts: |because, e, _, attempt| no_way(because, e, attempt),
    })
);

/// Whose word it is that there is no way, and what that machine lacks.
fn no_way(because: Because, e: &Evidence, attempt: &TcpAttempt) -> Because {
    let who = match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } => match icmp.from {
            Some(from) if !attempts::is_local(icmp, attempt.source) => {
                format!("{from} sent the message: the packet got as far as there")
            }
            _ => "this machine's own kernel refused: it has no route or no neighbour for it"
                .to_owned(),
        },
        TcpOutcome::LocalError { errno, .. } => {
            format!("this machine's own kernel refused with errno {errno}; nothing was sent")
        }
        _ => return because,
    };
    let because = because.known_by(who).look(
        "see the route to the proxy",
        format!("ip route get {}", attempt.connected_to().ip()),
    );
    let TcpOutcome::LocalError { errno, .. } = attempt.outcome else { return because };
    let because = because.owner("Server").look(
        "see what this machine forbids or lacks",
        "ulimit -n; cat /proc/net/sockstat; nft list ruleset",
    );
    if reading::own_limit(e, errno) { because.weighing(Level::Risk).untested() } else { because }
}

/// Whether the connection to the proxy failed in this way.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let (hop, failed) = failed(e)?;
    let attempt = failed.first.attempt;
    let (does, peer) = ((row.does)(&attempt.outcome)?, attempts::peer(attempt));
    let says = headline::fitting(&[
        format!("the proxy {} {does} at {peer}", hop.url),
        format!("the proxy at {peer} {does}"),
    ]);
    Some((row.facts)(broken(e, hop, &failed, row.sure, says), e, hop, attempt))
}

/// The proxy and the failure of its own connections.
fn failed(e: &Evidence) -> Option<(&ProxyHop, Failed<'_>)> {
    let hop = e.proxy.saw()?;
    let counting = hop.dns.saw().map(|dns| dns.effective()).unwrap_or_default();
    Some((hop, attempts::failed(hop.tcp.saw()?, &counting)?))
}

/// Which variable or option puts the proxy in the way.
pub(in crate::diagnose::rules) fn put_by(e: &Evidence) -> String {
    use crate::evidence::vantage::ProxyReason as Reason;
    match &e.vantage.proxy.reason {
        Reason::Variable { name } => format!("set by {name}"),
        Reason::OptionUrl => "set by --proxy".to_owned(),
        Reason::NotConfigured | Reason::OptionNone | Reason::Exempted { .. } => {
            "in the way of this target".to_owned()
        }
    }
}

/// A broken connection to the proxy with the facts of every attempt, and the way around it.
fn broken(
    e: &Evidence,
    hop: &ProxyHop,
    failed: &Failed<'_>,
    sure: Sure,
    says: impl Into<Clause>,
) -> Because {
    let mut because = Because::new(Level::Broken, sure, says)
        .seen(format!("proxy {}, {}", hop.url, put_by(e)))
        .read_at("/vantage/proxy");
    for placed in &failed.all {
        because = because
            .seen(attempts::words(e, placed.attempt))
            .read_at(format!("/proxy/saw/tcp/saw/attempts/{}", placed.index));
    }
    exempt::way_around(
        because
            .ruled_out(format!("{}: nothing was asked of it", e.target.host))
            .owner(exempt::owner(e)),
        e,
    )
    .check(reading::again(e))
}
