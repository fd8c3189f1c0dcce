//! The service refuses where a call comes from although it went to a private address: which of
//! the causes does the evidence speak for, and which against? (facts H4a, T21, D68)

use std::net::IpAddr;

use crate::diagnose::rules::tcp::wording;
use crate::diagnose::{Because, reading};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Evidence, classify};

use super::clients;

/// The id of the experiment that connects to an address which nobody owns.
const GHOST: &str = "ghost-address";
/// A TLS answer that takes this many times the connection, and this much longer in
/// milliseconds, may come from farther away than what ended TCP.
const FARTHER: (f64, f64) = (5.0, 40.0);

/// Adds what parts the causes of a refusal at `address`, and what would tell.
pub(super) fn parts(
    e: &Evidence,
    because: Because,
    address: IpAddr,
    egress: Option<IpAddr>,
) -> Because {
    let mut because = proxies(e, because);
    if let Some(direct) = clients::direct(e) {
        because = because.read_at(direct.pointer.clone());
        if direct.refused(e) {
            because = because.ruled_out(
                "this walk itself: an ordinary client that resolves by itself (stock-client) is \
                 refused too",
            );
        } else if direct.let_in(e) {
            because = because
                .seen(format!("a moment later an ordinary client is let in: {}", direct.words()))
                .known_by(
                    "two calls to the same name, two answers: rules that are still spreading, or \
                     more than one way there",
                );
        }
    }
    because = ghost(e, because);
    because = farther(e, because);
    if let Some(egress) = egress.filter(|ip| classify(*ip).is_public()) {
        return because.known_by(format!(
            "{address} is private, and the service saw the public address {egress}: a device on \
             the way (a firewall's application rule, a transparent proxy) ends the call and sends \
             it on from there"
        ));
    }
    because.known_by(format!(
        "{address} is private, so one of these holds: it belongs to another account's private \
         endpoint, the endpoint is not approved, a device on the way sends the call on from its \
         own public address, or the account's rules were changed minutes ago"
    ))
}

/// Forward proxies: the other way in which a call leaves a private path.
fn proxies(e: &Evidence, because: Because) -> Because {
    if reading::proxied(e) {
        return because.ruled_out(
            "the proxy as the cause: past it, at the private address, an ordinary client \
             (stock-client) is refused too",
        );
    }
    let named = e.vantage.proxy.clients.iter().find_map(|client| client.proxy.as_deref());
    match named {
        None => because.ruled_out("a forward proxy: none carries this call"),
        Some(proxy) => because
            .ruled_out("a forward proxy for this walk: it went past it")
            .known_by(format!("applications may go through {proxy}, which this walk did not")),
    }
}

/// A connection to an address that nobody owns.
fn ghost(e: &Evidence, because: Because) -> Because {
    let tried = e.experiments.connections.iter().enumerate().find(|(_, one)| one.id == GHOST);
    match tried {
        Some((index, one)) if one.outcome == TcpOutcome::Connected => because
            .seen(format!(
                "{}, which nobody owns, takes a connection as well (ghost-address): a device on \
                 the way ends TCP",
                one.address
            ))
            .read_at(format!("/experiments/connections/{index}")),
        Some(_) => because,
        None if e.experiments.needs_deep(GHOST) => {
            because.tells_it(reading::again_with(e, "--deep"))
        }
        None => because,
    }
}

/// TCP that stands much sooner than TLS answers.
fn farther(e: &Evidence, because: Because) -> Because {
    let (Some(tcp), Some(tls)) = (e.tcp.took_ms(), e.tls.took_ms()) else { return because };
    if tls < tcp * FARTHER.0 || tls < tcp + FARTHER.1 {
        return because;
    }
    because.seen(wording::fitting(&[format!(
        "TCP stands after {tcp:.0} ms, TLS takes {tls:.0} ms: TCP may end nearer than the service"
    )]))
}
