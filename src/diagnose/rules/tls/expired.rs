//! A certificate past its end of validity, or a clock ahead of time (fact S17).

use super::session;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule = rule!("tls-expired", Tls, "The certificate has expired", Code(check));

/// Days after the end of validity within which a wrong clock is as likely.
const RECENT_DAYS: i64 = 2;

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::Expired {
        return None;
    }
    let (index, certificate) = hop
        .chain
        .iter()
        .enumerate()
        .find(|(_, c)| c.days_left < 0)
        .or_else(|| hop.chain.iter().enumerate().next())?;
    let recent = certificate.days_left >= -RECENT_DAYS;
    let what = if index == 0 { "a certificate" } else { "an intermediate certificate" };
    let because = session::broken(
        e,
        if recent { Sure::Inferred } else { Sure::Proved },
        &format!("shows {what} that expired on {}", day(&certificate.not_after)),
    )
    .read_at(format!("/tls/saw/chain/{index}"))
    .read_at("/started");
    let mut because = session::certificate(because, hop, Some(fault)).seen(format!(
        "expired {} ago by this machine's clock: {}",
        session::days(certificate.days_left.unsigned_abs()),
        certificate.subject
    ));
    because = because.known_by(format!(
        "its notAfter, {}, lies before this machine's clock, {}",
        certificate.not_after, e.started
    ));
    if recent {
        because = because
            .known_by("the end of validity is so near that a clock ahead of time looks the same");
    }
    if !session::azure_issuer(certificate) && e.target.public_suffix.is_some() {
        because = because.known_by(format!(
            "its issuer, {}, does not sign for Azure: a gateway or an inspecting device owns it",
            session::issuer(certificate)
        ));
    }
    Some(
        session::beside_the_proxy(
            because
                .known_by(session::NOTHING_SENT)
                .owner(session::server_owner(e))
                .look("see this machine's clock", "date -u; timedatectl")
                .act(session::new_certificate(e, "renew")),
            e,
        )
        .check(reading::again(e)),
    )
}

/// The date of an RFC 3339 time.
pub(super) fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
