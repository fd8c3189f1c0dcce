//! The service refuses where a call comes from although it went to a private address: which of
//! the causes does the evidence speak for, and which against? (facts H4a, T21, D68, X1, X2)

use std::net::IpAddr;

use crate::diagnose::{Because, reading};
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Evidence, classify};

use super::clients;

/// The id of the experiment that connects to an unallocated address.
const GHOST: &str = "ghost-address";
/// A TLS answer that takes this many times the connection, and this much longer in
/// milliseconds, may come from farther away than what ended TCP.
const FARTHER: (f64, f64) = (5.0, 40.0);

/// Adds the causes of a refusal at the private `address`, in the order of the evidence, and what
/// would decide. `endpoint` says whether the refusal names the private endpoint (fact X1).
pub(super) fn causes(
    e: &Evidence,
    because: Because,
    address: IpAddr,
    egress: Option<IpAddr>,
    endpoint: bool,
) -> Because {
    let mut because = proxies(e, because);
    if let Some(direct) = clients::direct(e) {
        because = because.read_at(direct.pointer.clone());
        if direct.refused(e) {
            because = because.ruled_out(
                "this tool as the cause: a standard HTTP client (stock-client) gets the same \
                 refusal",
            );
        } else if direct.let_in(e) {
            because = because
                .seen(format!(
                    "a moment later a standard HTTP client is let in: {}",
                    direct.words()
                ))
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
    let mut causes = Vec::new();
    if pinned(e) {
        causes.push(
            "the address is pinned on this machine and may be an old one, or that of another name: \
             one endpoint can hold a different address for each of its three names",
        );
    }
    causes.push("the address belongs to another account's private endpoint");
    if !pinned(e) {
        causes.push(
            "it is a wrong address of the right endpoint, which can hold a different one for each \
             of its three names (openai, cognitiveservices, services.ai)",
        );
    }
    causes.push("the endpoint's connection is not approved");
    causes.push("endpoint or rules were made or changed minutes (an endpoint: up to hours) ago");
    causes.push("a device on the way sends the call on from its own public address");
    if endpoint {
        causes.push("the account was created with public access disabled (one report, weak)");
    }
    let listed: Vec<String> =
        causes.iter().enumerate().map(|(at, cause)| format!("({}) {cause}", at + 1)).collect();
    because.known_by(format!(
        "{address} is private, so one of these holds, the likeliest first: {}",
        listed.join("; ")
    ))
}

/// Whether the address comes from this machine's hosts file.
fn pinned(e: &Evidence) -> bool {
    let walked = e.tcp.saw().and_then(|tcp| tcp.walked);
    e.vantage.hosts.lines.iter().any(|line| Some(line.address) == walked)
}

/// Forward proxies: the other way in which a call leaves a private path.
fn proxies(e: &Evidence, because: Because) -> Because {
    if reading::proxied(e) {
        return because.ruled_out(
            "the proxy as the cause: past it, at the private address, a standard HTTP \
             client (stock-client) gets the same refusal",
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

/// A connection to an unallocated address.
fn ghost(e: &Evidence, because: Because) -> Because {
    let tried = e.experiments.connections.iter().enumerate().find(|(_, one)| one.id == GHOST);
    match tried {
        Some((index, one)) if one.outcome == TcpOutcome::Connected => because
            .seen(format!(
                "the unallocated address {} accepts a connection as well (ghost-address): a device \
                 on the way ends TCP",
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
    because.seen(format!(
        "TCP stands after {tcp:.0} ms, TLS takes {tls:.0} ms: TCP may end nearer than the service"
    ))
}
