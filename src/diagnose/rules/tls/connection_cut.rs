//! The connection is reset or closed after the ClientHello (facts T9, T10, S15, S16): two rows that
//! differ only in the packet.

use super::session;
use crate::diagnose::timing::LONG_MS;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;
use crate::evidence::tls::TlsOutcome;

/// How the connection ended.
pub(in crate::diagnose) struct Cut {
    outcome: TlsOutcome,
    /// What the peer does.
    does: &'static str,
    /// The packet that ends it.
    packet: &'static str,
}

pub(super) const RESET: Rule = rule!(
    "tls-reset",
    Tls,
    "The connection is reset after the ClientHello",
    ConnectionCut(&Cut {
        outcome: TlsOutcome::Reset,
        does: "resets the connection",
        packet: "RST"
    })
);

pub(super) const CLOSED: Rule = rule!(
    "tls-closed",
    Tls,
    "The connection is closed after the ClientHello",
    ConnectionCut(&Cut {
        outcome: TlsOutcome::Closed,
        does: "closes the connection",
        packet: "FIN"
    })
);

/// Whether the end came sooner than a device gives up a hanging connection of its own: one that
/// accepts our connection, and whose own packets are lost behind it, ends ours late.
fn at_once(e: &View<'_>) -> bool {
    session::peer_acknowledges(e) || e.tls.took_ms().is_some_and(|took| took < LONG_MS)
}

/// The finding of a row, where the connection ended in its way.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Cut) -> Option<FindingBuilder> {
    let hop = e.tls.value().filter(|hop| hop.outcome == row.outcome)?;
    let when =
        if hop.bytes_received == 0 { "after the ClientHello" } else { "during the handshake" };
    let does = format!("{} {when}", row.does);
    let finding = session::broken(e, Confidence::Possible, &does).fact(format!(
        "{} after {:.0} ms; {} bytes sent, {} received",
        row.packet,
        e.tls.took_ms().unwrap_or_default(),
        hop.bytes_sent,
        hop.bytes_received
    ));
    let finding = tried(causes(finding, e, &hop.server_name), e);
    Some(
        session::with_proxy_bypass(
            deciding(finding, e)
                .ruled_out_if(
                    at_once(e),
                    "an MTU black hole: that hangs, and nothing would end the connection so soon",
                )
                .owner(session::owner(e))
                .step(Step::inspect(format!(
                    "search the log of each firewall and proxy between here and {}, and of the \
                     server that answers there, for this connection: its source, {} and the time",
                    session::peer(e),
                    hop.server_name
                )))
                .step(session::allow_by_name(e, &hop.server_name)),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Adds what may end a connection like this.
fn causes(finding: FindingBuilder, e: &View<'_>, name: &str) -> FindingBuilder {
    let mut finding = finding
        .reasoning(format!("a firewall's application rule or SNI filter does not allow {name}"))
        .reasoning(
            "or a load balancer or relay has no working backend for this name, or one side of it \
             sends the PROXY protocol and the other does not expect it, or the reverse",
        )
        .reasoning(
            "or a server closes the connection because it does not speak TLS, or none of the \
             offered versions",
        );
    if e.tls.small_hello().is_none() {
        finding = finding.reasoning(
            "or a middlebox fails on a ClientHello of more than one segment (X25519MLKEM768)",
        );
    }
    if reading::proxied(e) {
        finding = finding
            .reasoning("or the proxy opened the tunnel first and then could not reach the service");
    }
    finding
}

/// Adds what the experiments show.
fn tried(mut finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    if e.tls.small_hello().is_some_and(|(_, x)| !x.answered()) {
        finding = finding.ruled_out("the size of the ClientHello: a small one ends the same way");
    }
    if let Some((pointer, name, _)) = failing_control(e) {
        finding = finding
            .reasoning(format!(
                "SNI {name} ends the same way: the cause affects all names of the account (an \
                 allow list does, and so does a dead backend)"
            ))
            .cites(pointer);
    }
    let mut foreign = e.tls.unrelated_names().peekable();
    if foreign.peek().is_some() && foreign.all(|(.., x)| !x.answered()) {
        finding = finding.reasoning(
            "names that allow and deny lists treat differently end the same way: a dead backend, \
             or a server that closes the connection, is likelier than a filter",
        );
    }
    finding = session::suggest_deep(session::cite_trace(finding, e), e);
    let again = e.tls.repeats().count();
    if again > 0 && e.tls.repeats().all(|(_, x)| !x.answered()) {
        finding = finding.reasoning(format!(
            "the same handshake, repeated {again} times at once, ends the same way each time"
        ));
    }
    finding
}

/// The account's sibling name, where its handshake was not answered either.
fn failing_control<'a>(e: &View<'a>) -> Option<(String, &'a str, &'a HandshakeExperiment)> {
    e.tls.control_name().filter(|(.., x)| !x.answered())
}

/// Adds the commands that would decide between the remaining causes.
fn deciding(mut finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    if failing_control(e).is_none() {
        finding = finding.decide_with(format!(
            "{}  # another name: an answer means an SNI filter",
            session::s_client_named(e, "<another name>", "")
        ));
    }
    if e.tls.small_hello().is_none() {
        finding = finding.decide_with(format!(
            "{}  # a small ClientHello",
            session::s_client(e, "-groups X25519")
        ));
    }
    finding
}
