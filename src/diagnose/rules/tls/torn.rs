//! The connection is reset or closed after the ClientHello (facts T9, T10, S15, S16): two rows,
//! since they differ in the packet and in nothing else.

use super::session;
use crate::diagnose::timing::LONG_MS;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::experiment::TriedHandshake;
use crate::evidence::tls::TlsOutcome;

/// How the connection ended.
pub(in crate::diagnose) struct Torn {
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
    Torn(&Torn { outcome: TlsOutcome::Reset, does: "resets the connection", packet: "RST" })
);

pub(super) const CLOSED: Rule = rule!(
    "tls-closed",
    Tls,
    "The connection is closed after the ClientHello",
    Torn(&Torn { outcome: TlsOutcome::Closed, does: "closes the connection", packet: "FIN" })
);

/// Whether the end came sooner than any device gives up a connection of its own that hangs: one
/// that takes the connection here, and whose own packets are lost behind it, ends ours late.
fn at_once(e: &View<'_>) -> bool {
    session::peer_acknowledges(e) || e.tls.took_ms().is_some_and(|took| took < LONG_MS)
}

/// Whether the connection ended so.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Torn) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == row.outcome)?;
    let when =
        if hop.bytes_received == 0 { "after the ClientHello" } else { "within the handshake" };
    let does = format!("{} {when}", row.does);
    let because = session::broken(e, Sure::Possible, &does).seen(format!(
        "{} after {:.0} ms; {} octets sent, {} received",
        row.packet,
        e.tls.took_ms().unwrap_or_default(),
        hop.bytes_sent,
        hop.bytes_received
    ));
    let because = tried(causes(because, e, &hop.server_name), e);
    Some(
        session::beside_the_proxy(
            deciding(because, e)
                .ruled_out_if(
                    at_once(e),
                    "an MTU black hole: that hangs, and nothing ends the connection so soon",
                )
                .owner(session::owner(e))
                .act(Step::look(format!(
                    "look in the log of each firewall and proxy between here and {}, and of what \
                     answers there, for this connection: its source, {} and the time",
                    session::peer(e),
                    hop.server_name
                )))
                .act(session::allow_by_name(e, &hop.server_name)),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Adds what may end a connection so.
fn causes(because: Because, e: &View<'_>, name: &str) -> Because {
    let mut because = because
        .known_by(format!("a firewall's application rule or SNI filter does not allow {name}"))
        .known_by("or a load balancer or relay that has no working backend for this name")
        .known_by("or a server that hangs up: it serves no TLS, or none of the versions offered");
    if e.tls.small_hello().is_none() {
        because = because.known_by(
            "or a middlebox that breaks on a ClientHello of more than one segment \
             (X25519MLKEM768)",
        );
    }
    if reading::proxied(e) {
        because = because
            .known_by("or the proxy opened the tunnel first and could not reach the service then");
    }
    because
}

/// Adds what the experiments show of them.
fn tried(mut because: Because, e: &View<'_>) -> Because {
    if e.tls.small_hello().is_some_and(|(_, x)| !x.answered()) {
        because = because.ruled_out("the size of the ClientHello: a small one ends so as well");
    }
    if let Some((pointer, name, _)) = failing_control(e) {
        because = because
            .known_by(format!(
                "SNI {name} ends so as well: what ends it treats all names of the account alike \
                 (a list of allowed names does, and a dead backend)"
            ))
            .read_at(pointer);
    }
    let mut foreign = e.tls.foreign_names().peekable();
    if foreign.peek().is_some() && foreign.all(|(.., x)| !x.answered()) {
        because = because.known_by(
            "names that lists of allowed and of forbidden names treat otherwise end so as well: a \
             backend that does not work, or a server that hangs up, is likelier than a filter",
        );
    }
    because = session::deeper(session::traced(because, e), e);
    let again = e.tls.same_again().count();
    if again > 0 && e.tls.same_again().all(|(_, x)| !x.answered()) {
        because = because.known_by(format!(
            "the same handshake, put again {again} times at once, ends so each time"
        ));
    }
    because
}

/// The account's sibling name, where its handshake was not answered either.
fn failing_control<'a>(e: &View<'a>) -> Option<(String, &'a str, &'a TriedHandshake)> {
    e.tls.control_name().filter(|(.., x)| !x.answered())
}

/// Adds the commands that would decide between what remains.
fn deciding(mut because: Because, e: &View<'_>) -> Because {
    if failing_control(e).is_none() {
        because = because.tells_it(format!(
            "{}  # another name: an answer means an SNI filter",
            session::s_client_named(e, "<another name>", "")
        ));
    }
    if e.tls.small_hello().is_none() {
        because = because
            .tells_it(format!("{}  # a small ClientHello", session::s_client(e, "-groups X25519")));
    }
    because
}
