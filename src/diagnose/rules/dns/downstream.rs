//! What the later hops show of whether DNS is the cause.

use std::net::IpAddr;

use crate::diagnose::rules::tcp::attempts;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Level;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::evidence::{Evidence, Expect, tunnel};

/// Why the service's own refusal at the public address is not what to fix.
pub(in crate::diagnose) const REFUSAL_IS_EXPECTED: &str =
    "that refusal is expected there: allowing public access would hide a DNS fault, not fix it";

/// The level of "applications get no address": a proxy that carries the call resolves the name
/// itself.
pub(super) fn level_without_address(e: &Evidence) -> Level {
    if reading::proxied(e) { Level::Note } else { Level::Broken }
}

/// Whether the proxy's own name does not resolve because its resolvers fail: the same fault then
/// breaks the proxied path. NXDOMAIN and the like are faults of the name, not of the resolvers.
pub(super) fn proxy_name_unresolved(e: &Evidence) -> bool {
    e.proxy.value().and_then(|proxy| proxy.dns.value()).is_some_and(|dns| {
        dns.selected.is_empty()
            && !dns
                .resolvers
                .iter()
                .any(|r| reading::message(&r.a).is_some_and(|answer| answer.rcode.is_answer()))
    })
}

/// Whether the service refuses because of where the call comes from, and `--expect closed` did not
/// ask for that.
pub(in crate::diagnose) fn refused_by_network(e: &View<'_>) -> bool {
    e.options.expect != Expect::Closed && e.http.refused_by_network()
}

/// Whether no connection could be made to any address.
pub(super) fn no_connection(e: &Evidence) -> bool {
    e.tcp.value().is_some_and(|tcp| tcp.selected.is_none())
}

/// The first private address, other than those of `now`, to which no connection was made, where none was
/// made to any of them: names that are fixed lead there, and the call fails.
pub(super) fn right_address_that_fails<'a>(
    e: &'a View<'_>,
    now: &[IpAddr],
) -> Option<(usize, &'a TcpAttempt)> {
    let hop = e.tcp.value().filter(|_| !reading::proxied(e))?;
    let private = |attempt: &TcpAttempt| {
        let ip = attempt.address.ip();
        tunnel::is_private(e, ip) && !now.contains(&ip) && attempt.connect_to.is_none()
    };
    let all = || hop.attempts.iter().enumerate().filter(|(_, attempt)| private(attempt));
    if all().any(|(_, attempt)| attempt.outcome == TcpOutcome::Connected) {
        return None;
    }
    all().next()
}

/// Adds that the private addresses to which names are to lead do not connect either: a fault of its own.
/// `now` are those at which the call fails today.
pub(super) fn and_the_right_address_fails(
    finding: FindingBuilder,
    e: &View<'_>,
    now: &[IpAddr],
) -> FindingBuilder {
    let Some((index, attempt)) = right_address_that_fails(e, now) else { return finding };
    let (to, host, port) = (attempt.address, &e.target.host, e.target.port);
    finding
        .reasoning(format!(
            "{}: that is a fault of its own, and the call fails there once names lead to it",
            attempts::describe(e, attempt)
        ))
        .cites(format!("/tcp/value/attempts/{index}"))
        .decide_with(format!(
            "{}  # why {} does not connect",
            reading::again_with(e, &format!("--connect-to {host}:{port}:{to}")),
            to.ip()
        ))
}

/// Whether the service itself, verified by its certificate, took the call: whatever Azure shows of
/// the address, it leads there. A 404 is of an account that does not know the name (fact H18).
pub(super) fn service_answered(e: &View<'_>) -> bool {
    reading::tls_verified(e)
        && !refused_by_network(e)
        && reading::main_answer(e).is_some_and(|answer| answer.status != 404)
}

/// Whether the certificate at the address is another server's: it is not for the name.
pub(super) fn another_server(e: &View<'_>) -> bool {
    e.tls.value().is_some_and(|tls| match &tls.outcome {
        TlsOutcome::CertificateRejected { fault } => {
            *fault == CertificateFault::WrongName
                || tls.chain.first().is_some_and(|leaf| !leaf.covers_target)
        }
        _ => false,
    })
}

/// Whether no known authority signed what the server at the address shows, though it is for the name.
pub(super) fn certificate_unknown(e: &View<'_>) -> bool {
    !reading::proxied(e)
        && e.tls.value().is_some_and(|tls| {
            tls.outcome
                == TlsOutcome::CertificateRejected { fault: CertificateFault::UnknownIssuer }
        })
}

/// Whether the server at the address does not behave like the service: no connection, no TLS for
/// the name, or a refusal by network rules. Always false behind a proxy, which resolves the name
/// itself.
pub(super) fn service_not_reached(e: &View<'_>) -> bool {
    if reading::proxied(e) {
        return false;
    }
    let no_session = e.tls.value().is_some_and(|tls| match &tls.outcome {
        TlsOutcome::Verified => false,
        TlsOutcome::CertificateRejected { .. } => another_server(e),
        _ => true,
    });
    no_connection(e) || no_session || refused_by_network(e)
}

/// Rules out the route to a public address and its certificate, where TLS verified there.
pub(super) fn rule_out_route(
    finding: FindingBuilder,
    e: &Evidence,
    outside: &[IpAddr],
) -> FindingBuilder {
    let walked = e.tcp.value().and_then(|tcp| tcp.selected).filter(|a| outside.contains(a));
    match walked {
        Some(address) if !reading::proxied(e) && reading::tls_verified(e) => {
            finding.ruled_out(format!("the route to {address} and the certificate there"))
        }
        _ => finding,
    }
}

/// Whether a connection stands, and the handshake over it gets no answer or is cut.
pub(super) fn handshake_is_cut(e: &View<'_>) -> bool {
    e.tls.value().is_some_and(|tls| {
        matches!(
            tls.outcome,
            TlsOutcome::Silent
                | TlsOutcome::Reset
                | TlsOutcome::Closed
                | TlsOutcome::ConnectionLost { .. }
        )
    })
}

/// Whether the call is blocked at the address, as firewalls and network rules do: no connection, a
/// handshake that is cut or intercepted, or a 403 that is not about the caller's identity.
pub(super) fn call_is_blocked(e: &View<'_>) -> bool {
    let intercepted = e.tls.value().is_some_and(|tls| {
        let unknown = CertificateFault::UnknownIssuer;
        tls.outcome == TlsOutcome::CertificateRejected { fault: unknown }
    });
    let cut = intercepted || handshake_is_cut(e);
    let forbidden = reading::main_answer(e).is_some_and(|answer| {
        answer.status == 403
            && !e.http.let_in()
            && answer.code() != Some("AuthenticationTypeDisabled")
    });
    no_connection(e) || cut || forbidden
}
