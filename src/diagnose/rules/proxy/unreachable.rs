//! The network, or this machine, says that the proxy cannot be reached.

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::tcp::TcpOutcome;

use super::connections;

pub(super) const RULE: Rule = rule!(
    "proxy-unreachable",
    Proxy,
    "There is no way to the proxy: no route, or a router or firewall says no",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, failed) = connections::failed(e)?;
    let attempt = failed.first.attempt;
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
        _ => return None,
    };
    let peer = attempts::peer(attempt);
    let says = headline::fitting(&[
        format!("the proxy {} cannot be reached at {peer}", hop.url),
        format!("the proxy at {peer} cannot be reached"),
    ]);
    let because = connections::broken(e, hop, &failed, Sure::Proved, says).known_by(who).look(
        "see the route to the proxy",
        format!("ip route get {}", attempt.connected_to().ip()),
    );
    Some(match &attempt.outcome {
        TcpOutcome::LocalError { errno, .. } => {
            let because = because.owner("Server").look(
                "see what this machine forbids or lacks",
                "ulimit -n; cat /proc/net/sockstat; nft list ruleset",
            );
            match reading::own_limit(e, *errno) {
                true => because.weighing(Level::Risk).untested(),
                false => because,
            }
        }
        _ => because,
    })
}
