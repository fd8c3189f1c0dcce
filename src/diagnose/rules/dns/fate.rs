//! How the walk went on after DNS, as far as it tells whether DNS is the cause.

use crate::diagnose::reading;
use crate::diagnosis::Level;
use crate::evidence::http::HttpOutcome;
use crate::evidence::tls::{CertificateFault, TlsOutcome};
use crate::evidence::{Choice, Evidence, Expect, Observed};

/// The weight of "applications get no address": a proxy that carries the call asks by itself.
pub(super) fn without_address(e: &Evidence) -> Level {
    if reading::proxied(e) { Level::Note } else { Level::Broken }
}

/// Whether the proxy's own name could not be resolved either.
pub(super) fn proxy_name_lost(e: &Evidence) -> bool {
    e.proxy.saw().and_then(|proxy| proxy.dns.saw()).is_some_and(|dns| dns.walked.is_empty())
}

/// Whether the service refuses because of where the call comes from, and that is not the
/// success that was asked for.
pub(super) fn refused_by_network(e: &Evidence) -> bool {
    e.asked.expect != Expect::Closed
        && reading::main_answer(e).is_some_and(reading::network_refusal)
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

/// Whether the walk shows that the service is reached at the address and lets calls in: an
/// answer that is no 403 of unknown or network origin, or, where no call is made, TLS.
pub(super) fn lets_in(e: &Evidence) -> bool {
    match &e.http {
        Observed::Ran { saw, .. } => match saw.main().map(|call| &call.outcome) {
            Some(HttpOutcome::Answered { answer }) => {
                reading::service_accepted(e)
                    || answer.status != 403
                    || answer.code() == Some("AuthenticationTypeDisabled")
            }
            _ => false,
        },
        Observed::NotAsked { by: Choice::ServiceHasNoCall } => reading::tls_verified(e),
        _ => false,
    }
}
