//! The proxy's address refuses or resets the connection.

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{Because, Rule, View, headline};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::TcpOutcome;

use super::connections;

pub(super) const RULE: Rule =
    rule!("proxy-refused", Proxy, "The proxy's port refuses the connection", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, failed) = connections::failed(e)?;
    let attempt = failed.first.attempt;
    let verb = match attempt.outcome {
        TcpOutcome::Refused => "refuses",
        TcpOutcome::Reset => "resets",
        _ => return None,
    };
    let peer = attempts::peer(attempt);
    let says = headline::fitting(&[
        format!("the proxy {} {verb} the connection at {peer}", hop.url),
        format!("the proxy at {peer} {verb} the connection"),
    ]);
    Some(
        connections::broken(e, hop, &failed, Sure::Proved, says)
            .known_by(
                "a RST answered: no proxy listens on this port, or a firewall rejects in its name",
            )
            .act(Step::look(format!("see that the proxy runs and listens on port {}", hop.port))),
    )
}
