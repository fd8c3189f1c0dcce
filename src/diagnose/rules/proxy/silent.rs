//! The proxy's address does not answer.

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{Because, Rule, View, headline};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::TcpOutcome;

use super::connections;

pub(super) const RULE: Rule =
    rule!("proxy-silent", Proxy, "The proxy does not answer", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, failed) = connections::failed(e)?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::TimedOut {
        return None;
    }
    let peer = attempts::peer(attempt);
    let says = headline::fitting(&[
        format!("the proxy {} does not answer at {peer}", hop.url),
        format!("the proxy at {peer} does not answer"),
    ]);
    Some(
        connections::broken(e, hop, &failed, Sure::Possible, says)
            .known_by("a firewall between this machine and the proxy drops the connection")
            .known_by(format!("or {peer} is no proxy any more ({})", connections::put_by(e)))
            .tells_it(format!("nc -vz -w 5 {} {}", hop.host, hop.port))
            .act(Step::look(format!(
                "see that {} is the proxy of today, and that this network may reach its port",
                hop.url
            ))),
    )
}
