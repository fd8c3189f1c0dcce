//! The connection is reset while it is made: a stateful device on the way (fact T9).

use super::attempts;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule =
    rule!("tcp-reset", Tcp, "The connection is reset while it is made", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::Reset {
        return None;
    }
    let ip = attempt.connected_to().ip();
    let peer = attempts::peer(attempt);
    Some(
        attempts::broken(
            e,
            failed,
            Sure::Inferred,
            format!("the connection to {peer} is reset while it is made"),
        )
        .known_by(
            "a closed port refuses the SYN; a reset that comes later is what a stateful device \
             sends that saw only one half of the handshake (the answer takes another way back), \
             or that withdrew its first permission",
        )
        .ruled_out_if(
            !attempts::answered_here(e, attempt),
            "a dropped packet, a missing route on the way there: an answer came",
        )
        .owner("Network")
        .look("see the route that the packets take from here", format!("ip route get {ip}"))
        .act(Step::look(
            "compare it with the way back at each stateful firewall: one that sees only one half \
             of a connection ends it",
        ))
        .act(
            Step::shared(
                "or, if the answers pass the firewall by, send both ways through it (route table of \
                 the endpoint's subnet), or SNAT there; whether a private endpoint needs SNAT \
                 behind a firewall is disputed and differs by service, so test it for one address",
                "a route moves all traffic of its subnet to that prefix; SNAT hides the clients' \
                 addresses from the service's own rules and logs",
            )
            .undo("remove the route or the SNAT rule again"),
        )
        .check(reading::again(e)),
    )
}
