//! This machine's clock: whether it was compared with another one, and what a wrong one explains.

use super::Because;
use super::platform_advice::{self, Topic};
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::text::unix_seconds;
use crate::evidence::tls::{Certificate, CertificateFault, TlsOutcome};

/// Five minutes, in seconds: what checks of tokens commonly allow, and what a comparison by HTTP's
/// `Date` (whole seconds, a round trip old) can vouch for.
pub const ALLOWED_S: u64 = 300;

/// A comparison with the clock of a peer.
#[derive(Debug, Clone)]
pub struct Compared {
    /// This machine's clock minus the peer's, in seconds.
    pub ahead_s: i64,
    /// Whether the peer's certificate verified, so that the time is its owner's.
    pub verified: bool,
    /// The peer.
    pub with: String,
    /// Where it was read.
    pub pointer: String,
}

/// How this machine's clock compares with the target's, or else with that of a host that gave a
/// token; none where no answer carried a date.
#[must_use]
pub fn compared(e: &Evidence) -> Option<Compared> {
    if let Some(ahead_s) = e.vantage.clock_ahead_s {
        return Some(Compared {
            ahead_s,
            verified: super::reading::tls_verified(e),
            with: "the service's".to_owned(),
            pointer: "/vantage/clock_ahead_s".to_owned(),
        });
    }
    let requests = e.identity.acquisition.iter().flat_map(|asked| &asked.requests);
    requests.enumerate().find_map(|(index, request)| {
        let path = request.path.as_deref()?;
        Some(Compared {
            ahead_s: path.vantage.clock_ahead_s?,
            verified: super::reading::tls_verified(path),
            with: format!("that of {}", path.target.host),
            pointer: format!("/identity/acquisition/requests/{index}/path/vantage/clock_ahead_s"),
        })
    })
}

/// Whether a clock that is `ahead_s` wrong is why the walk's certificate is past its end, or before
/// its start, by this machine's clock: by the right time it is valid.
#[must_use]
pub fn spoils_certificate(e: &Evidence, ahead_s: i64) -> bool {
    let Some(hop) = e.tls.saw() else { return false };
    let Some(now) = unix_seconds(&e.started).map(|ours| ours - ahead_s) else { return false };
    let fault = match &hop.outcome {
        TlsOutcome::CertificateRejected { fault } => fault,
        _ => return false,
    };
    if !matches!(fault, CertificateFault::Expired | CertificateFault::NotYetValid) {
        return false;
    }
    let valid = |certificate: &Certificate| {
        let (from, to) =
            (unix_seconds(&certificate.not_before), unix_seconds(&certificate.not_after));
        from.zip(to).is_some_and(|(from, to)| (from..=to).contains(&now))
    };
    ahead_s.unsigned_abs() > ALLOWED_S && !hop.chain.is_empty() && hop.chain.iter().all(valid)
}

/// Whether a comparison shows that the clock is right.
#[must_use]
pub fn agrees(compared: Option<&Compared>) -> bool {
    compared.is_some_and(|one| one.verified && one.ahead_s.unsigned_abs() <= ALLOWED_S)
}

/// Adds how to see this machine's clock, and how to set it on its platform.
#[must_use]
pub fn set(because: Because, e: &Evidence, when: &str) -> Because {
    let because = because.look("see this machine's clock", "date -u; timedatectl");
    match platform_advice::on(e, Topic::Clock) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because.act(
            Step::local(format!(
                "{when}set it from the time servers (databases and clusters mind a jump)"
            ))
            .command("chronyc makestep")
            .undo("cannot be undone; a right clock needs no undo"),
        ),
    }
}
