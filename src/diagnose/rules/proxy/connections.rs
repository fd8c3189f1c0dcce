//! How the connection to the proxy failed: a row each.

use crate::diagnose::engines::proxy_connection::Row;
use crate::diagnose::rules::hop_limit;
use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::{FindingBuilder, Rule, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::tcp::{IcmpMeaning, TcpAttempt, TcpOutcome};

use super::configured_by;

pub(super) const SILENT: Rule = rule!(
    "proxy-silent",
    Proxy,
    "The proxy does not answer",
    ProxyConnection(&Row {
        does: |outcome| (*outcome == TcpOutcome::TimedOut).then_some("does not answer"),
        confidence: Confidence::Possible,
        facts: |finding, e, hop, attempt| {
            finding
                .reasoning("a firewall between this machine and the proxy drops the connection")
                .reasoning(format!(
                    "or {} is no longer a proxy ({})",
                    attempts::peer(attempt),
                    configured_by(e)
                ))
                .decide_with(format!("nc -vz -w 5 {} {}", hop.host, hop.port))
                .step(Step::inspect(format!(
                    "check that {} is the current proxy, and that this network is allowed to \
                     reach its port",
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
        confidence: Confidence::Proved,
        facts: |finding, _, hop, _| {
            finding
                .reasoning(
                    "a RST answered: no proxy listens on this port, or a firewall rejects on its \
                     behalf",
                )
                .step(Step::inspect(format!(
                    "check that the proxy is running and listening on port {}",
                    hop.port
                )))
        },
    })
);

pub(super) const UNREACHABLE: Rule = rule!(
    "proxy-unreachable",
    Proxy,
    "The proxy cannot be reached: no route, or a router or firewall refuses",
    ProxyConnection(&Row {
        does: |outcome| {
            let no_way =
                matches!(outcome, TcpOutcome::Unreachable { .. } | TcpOutcome::LocalError { .. });
            no_way.then_some("cannot be reached")
        },
        confidence: Confidence::Proved,
        facts: |finding, e, _, attempt| no_way(finding, e, attempt),
    })
);

/// Which device reports that the proxy cannot be reached, and why.
fn no_way(finding: FindingBuilder, e: &Evidence, attempt: &TcpAttempt) -> FindingBuilder {
    let refuser = attempts::refuser(e, attempt);
    let who = match &attempt.outcome {
        TcpOutcome::Unreachable { icmp } if icmp.meaning == IcmpMeaning::TimeExceeded => {
            let router = match refuser {
                Some(Refuser::Device(router) | Refuser::Peer(router)) => Some(router),
                _ => None,
            };
            return hop_limit::ran_out(e, attempt.connected_to().ip(), router).add(finding);
        }
        TcpOutcome::Unreachable { icmp } => match refuser {
            Some(Refuser::Device(from)) => {
                let why = match icmp.meaning {
                    IcmpMeaning::PortUnreachable | IcmpMeaning::AdminProhibited => {
                        "it is not the proxy, and a rule there rejects the connection"
                    }
                    _ => {
                        "it has no way to the proxy, or a rule there rejects the connection with \
                         this code"
                    }
                };
                format!("{from} sent the message: the packet got that far; {why}")
            }
            Some(Refuser::Peer(from)) => format!(
                "{from} itself sent the message: the proxy's host is up, and a rule of its own packet \
                 filter rejects; a device on the way that translates addresses (NAT) would send it \
                 in the same name"
            ),
            Some(Refuser::Filter) => {
                let finding = finding.reasoning(
                    "this machine itself sent the message at once, which neither a missing route nor \
                     a neighbour that does not answer does: a rule of its packet filter rejects",
                );
                return finding.owner("Server").inspect(
                    "see this machine's packet filter rules",
                    "nft list ruleset; iptables-save",
                );
            }
            _ => {
                "this machine's own kernel refused: it has no route to it, or no neighbour answers"
                    .to_owned()
            }
        },
        TcpOutcome::LocalError { errno, .. } => {
            format!("this machine's own kernel refused with errno {errno}; nothing was sent")
        }
        _ => return finding,
    };
    let finding =
        finding.reasoning(who).inspect("see the route to the proxy", attempts::route_get(attempt));
    let TcpOutcome::LocalError { errno, .. } = attempt.outcome else { return finding };
    let finding = finding.owner("Server").inspect(
        "see which limit or rule applies",
        "ulimit -n; cat /proc/net/sockstat; nft list ruleset",
    );
    if reading::own_limit(e, errno) { finding.with_level(Level::Risk).untested() } else { finding }
}
