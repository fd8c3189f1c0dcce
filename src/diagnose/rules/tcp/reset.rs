//! The connection is reset during the TCP handshake: a stateful device on the path (fact T9).

use super::attempts;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::TcpOutcome;

pub(super) const RULE: Rule =
    rule!("tcp-reset", Tcp, "The connection is reset during the TCP handshake", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let failed = e.tcp.failed()?;
    let attempt = failed.first.attempt;
    if attempt.outcome != TcpOutcome::Reset {
        return None;
    }
    let peer = attempts::peer(attempt);
    Some(
        attempts::broken(
            e,
            failed,
            Confidence::Inferred,
            format!("the connection to {peer} is reset during the TCP handshake"),
        )
        .reasoning(
            "a closed port refuses the SYN at once; a later reset comes from a stateful device \
             that saw only one half of the handshake (the answer returns by a different path), or \
             that changed its decision",
        )
        .ruled_out_if(
            !attempts::answered_here(e, attempt),
            "a dropped packet, a missing route to the address: an answer came",
        )
        .owner("Network")
        .inspect("see the route that the packets take from here", attempts::route_get(attempt))
        .step(Step::inspect(
            "compare it with the return path at each stateful firewall: a firewall that sees only \
             one half of a connection ends it",
        ))
        .step(
            Step::shared(
                "if the answers bypass the firewall, route both directions through it (route \
                 table of the endpoint's subnet), or use SNAT there; whether a private endpoint \
                 behind a firewall needs SNAT is disputed and differs by service, so test it with \
                 one address",
                "a route applies to all traffic from its subnet to that prefix; SNAT hides the \
                 clients' addresses from the service's rules and logs",
            )
            .undo("remove the route or the SNAT rule again"),
        )
        .check(reading::again(e)),
    )
}
