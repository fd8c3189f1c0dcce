//! The connection is reset or closed after the ClientHello (facts T9, T10, S15, S16): one
//! rule in two rows, since they differ in the packet and in nothing else.

use super::{experiments, session};
use crate::diagnose::timing::LONG_MS;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::tls::TlsOutcome;

pub(super) const RESET: Rule = rule!(
    "tls-reset",
    Tls,
    "The connection is reset after the ClientHello",
    Code(|e| check(e, &TlsOutcome::Reset, "resets the connection", "RST"))
);

pub(super) const CLOSED: Rule = rule!(
    "tls-closed",
    Tls,
    "The connection is closed after the ClientHello",
    Code(|e| check(e, &TlsOutcome::Closed, "closes the connection", "FIN"))
);

/// Whether the end came sooner than any device gives up a connection of its own that hangs: one
/// that takes the connection here, and whose own packets are lost behind it, ends ours late.
fn at_once(e: &Evidence) -> bool {
    session::peer_acknowledges(e) || e.tls.took_ms().is_some_and(|took| took < LONG_MS)
}

fn check(e: &Evidence, outcome: &TlsOutcome, does: &str, packet: &str) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == *outcome)?;
    let when =
        if hop.bytes_received == 0 { "after the ClientHello" } else { "within the handshake" };
    let mut because = session::broken(e, Sure::Possible, &format!("{does} {when}")).seen(format!(
        "{packet} after {:.0} ms; {} octets sent, {} received",
        e.tls.took_ms().unwrap_or_default(),
        hop.bytes_sent,
        hop.bytes_received
    ));
    because = because
        .known_by(format!(
            "a firewall's application rule or SNI filter does not allow {}",
            hop.server_name
        ))
        .known_by("or a load balancer or relay that has no working backend for this name")
        .known_by("or a server that hangs up: it serves no TLS, or none of the versions offered");
    if experiments::small_hello(e).is_none() {
        because = because.known_by(
            "or a middlebox that breaks on a ClientHello of more than one segment \
             (X25519MLKEM768)",
        );
    }
    if reading::proxied(e) {
        because = because
            .known_by("or the proxy opened the tunnel first and could not reach the service then");
    }
    if experiments::small_hello(e).is_some_and(|(_, x)| !x.answered()) {
        because = because.ruled_out("the size of the ClientHello: a small one ends so as well");
    }
    let control = experiments::control_name(e).filter(|(.., x)| !x.answered());
    if let Some((pointer, name, _)) = control.clone() {
        because = because
            .known_by(format!(
                "SNI {name} ends so as well: what ends it treats all names of the account alike \
                 (a list of allowed names does, and a dead backend)"
            ))
            .read_at(pointer);
    }
    let mut foreign = experiments::foreign_names(e).peekable();
    if foreign.peek().is_some() && foreign.all(|(.., x)| !x.answered()) {
        because = because.known_by(
            "names that lists of allowed and of forbidden names treat otherwise end so as well: a \
             backend that does not work, or a server that hangs up, is likelier than a filter",
        );
    }
    because = session::deeper(session::traced(because, e), e);
    let again = experiments::same_again(e).count();
    if again > 0 && experiments::same_again(e).all(|(_, x)| !x.answered()) {
        because = because.known_by(format!(
            "the same handshake, put again {again} times at once, ends so each time"
        ));
    }
    if control.is_none() {
        because = because.tells_it(format!(
            "{}  # another name: an answer means an SNI filter",
            session::s_client_named(e, "<another name>", "")
        ));
    }
    if experiments::small_hello(e).is_none() {
        because = because
            .tells_it(format!("{}  # a small ClientHello", session::s_client(e, "-groups X25519")));
    }
    Some(
        session::beside_the_proxy(
            because
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
