//! How the walk went on after DNS, as far as it tells whether DNS is the cause.

use std::net::IpAddr;

use crate::diagnose::{Because, reading};
use crate::diagnosis::Level;
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::evidence::{Evidence, Expect};

/// The weight of "applications get no address": a proxy that carries the call asks by itself.
pub(super) fn without_address(e: &Evidence) -> Level {
    if reading::proxied(e) { Level::Note } else { Level::Broken }
}

/// Whether the proxy's own name is lost because its resolvers fail: the same fault then takes
/// the proxied path away. NXDOMAIN and the like are the name's fault, not theirs.
pub(super) fn proxy_name_lost(e: &Evidence) -> bool {
    e.proxy.saw().and_then(|proxy| proxy.dns.saw()).is_some_and(|dns| {
        dns.walked.is_empty()
            && !dns
                .resolvers
                .iter()
                .any(|r| reading::message(&r.a).is_some_and(|answer| answer.rcode.is_answer()))
    })
}

/// Whether the service refuses because of where the call comes from, and that is not the
/// success that was asked for.
pub(super) fn refused_by_network(e: &Evidence) -> bool {
    e.asked.expect != Expect::Closed && reading::refused_by_network(e)
}

/// Whether no address took a connection.
pub(super) fn unconnected(e: &Evidence) -> bool {
    e.tcp.saw().is_some_and(|tcp| tcp.walked.is_none())
}

/// Whether what answers at the address does not behave as the service does: no connection, no
/// TLS for the name, or a refusal by network rules. Never so behind a proxy, which asks DNS by
/// itself.
pub(super) fn wrong_place(e: &Evidence) -> bool {
    if reading::proxied(e) {
        return false;
    }
    let not_the_service = e.tls.saw().is_some_and(|tls| match &tls.outcome {
        TlsOutcome::Verified => false,
        TlsOutcome::CertificateRejected { fault } => {
            *fault == CertificateFault::WrongName
                || tls.chain.first().is_some_and(|leaf| !leaf.covers_target)
        }
        _ => true,
    });
    unconnected(e) || not_the_service || refused_by_network(e)
}

/// What the walk rules out beside a public address: the way there and its certificate, where
/// TLS verified at it.
pub(super) fn reached(because: Because, e: &Evidence, outside: &[IpAddr]) -> Because {
    let walked = e.tcp.saw().and_then(|tcp| tcp.walked).filter(|a| outside.contains(a));
    match walked {
        Some(address) if !reading::proxied(e) && reading::tls_verified(e) => {
            because.ruled_out(format!("the route to {address} and the certificate there"))
        }
        _ => because,
    }
}

/// Whether the call is kept out at the address, as firewalls and network rules do: no connection,
/// a handshake that is cut or intercepted, or a 403 that is not about who calls.
pub(super) fn kept_out(e: &Evidence) -> bool {
    let cut = e.tls.saw().is_some_and(|tls| {
        matches!(
            tls.outcome,
            TlsOutcome::Silent
                | TlsOutcome::Reset
                | TlsOutcome::Closed
                | TlsOutcome::ConnectionLost { .. }
                | TlsOutcome::CertificateRejected { fault: CertificateFault::UnknownIssuer }
        )
    });
    let forbidden = reading::main_answer(e).is_some_and(|answer| {
        answer.status == 403
            && !reading::service_accepted(e)
            && answer.code() != Some("AuthenticationTypeDisabled")
    });
    unconnected(e) || cut || forbidden
}
