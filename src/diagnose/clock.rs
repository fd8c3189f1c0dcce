//! This machine's clock: how it compares with another one, and what a wrong clock explains.

use super::FindingBuilder;
use super::platform_advice::{self, Topic};
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::text::unix_seconds;
use crate::evidence::tls::{Certificate, CertificateFault, TlsOutcome};

/// Five minutes, in seconds: what token checks commonly allow, and well above the error of a
/// comparison by HTTP's `Date` (whole seconds, a round trip old).
pub const ALLOWED_S: u64 = 300;

/// The day after which this program was written: no walk can have begun before it.
pub const WRITTEN: &str = "2026-01-01";

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

/// How this machine's clock compares with the target's, or else with that of a token endpoint; none
/// if no answer had a date.
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

/// Whether a clock that is wrong by `ahead_s` explains why the walk's certificate is expired or not
/// yet valid by this machine's clock: by the correct time it is valid.
#[must_use]
pub fn spoils_certificate(e: &Evidence, ahead_s: i64) -> bool {
    let Some(hop) = e.tls.value() else { return false };
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
pub fn set(finding: FindingBuilder, e: &Evidence, when: &str) -> FindingBuilder {
    let finding = finding.inspect("see this machine's clock", "date -u; timedatectl");
    match platform_advice::on(e, Topic::Clock) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding.step(
            Step::local(format!(
                "{when}set it from the time servers (a jump can disturb databases and clusters)"
            ))
            .command("chronyc makestep")
            .undo("cannot be undone; a correct clock needs no undo"),
        ),
    }
}
