//! A certificate that has expired, or a clock that is ahead (fact S17).

use super::{authorities, azure_chain, session};
use crate::diagnose::{FindingBuilder, Rule, View, clock, reading, timing};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule = rule!("tls-expired", Tls, "The certificate has expired", Code(check));

/// Days after the expiry within which a wrong clock is as likely.
const RECENT_DAYS: i64 = 2;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::Expired {
        return None;
    }
    let (index, certificate) = hop
        .path()
        .into_iter()
        .chain(hop.chain.iter().enumerate())
        .find(|(_, c)| c.days_left < 0)
        .or_else(|| hop.chain.iter().enumerate().next())?;
    let recent = certificate.days_left >= -RECENT_DAYS;
    let what = if index == 0 { "a certificate" } else { "an intermediate certificate" };
    let compared = clock::compared(e);
    let right = clock::agrees(compared.as_ref());
    let own_root = authorities::retired(certificate);
    // Azure renews months before the expiry: where its own certificate looks expired, a wrong clock
    // is likelier than a late renewal. Servers that were set up with an expired root keep sending
    // it.
    let azures = own_root.is_none()
        && session::azure_issuer(certificate)
        && e.target.public_suffix.is_some()
        && !right;
    // Without a clock that agrees, only a date that is over by every clock proves it.
    let over = own_root.is_some() || certificate.not_after.as_str() < clock::WRITTEN;
    let finding = session::broken(
        e,
        if right || over { Confidence::Proved } else { Confidence::Inferred },
        &format!("shows {what} that expired on {}", timing::day(&certificate.not_after)),
    )
    .cites(format!("/tls/value/chain/{index}"))
    .cites("/started");
    let mut finding = session::cite_certificate(finding, hop, Some(fault)).fact(format!(
        "expired {} ago by this machine's clock: {}",
        timing::days(certificate.days_left.unsigned_abs()),
        certificate.subject
    ));
    finding = finding.reasoning(format!(
        "its notAfter, {}, is before the time of this machine's clock, {}",
        certificate.not_after, e.started
    ));
    finding = match &compared {
        Some(one) => finding
            .cites(one.pointer.as_str())
            .ruled_out_if(right, format!("this machine's clock: it agrees with {}", one.with)),
        None => finding.reasoning(
            "this machine's clock could not be compared with another one: no answer carried a date",
        ),
    };
    if recent && !right {
        finding =
            finding.reasoning("it expired so recently that a clock that is ahead looks the same");
    } else if !right && !over && !azures {
        finding = finding.reasoning(
            "either its owner did not renew it, or this machine's clock is ahead: a valid certificate \
             looks the same then",
        );
    }
    if azures {
        finding = finding.reasoning(
            "its issuer is Azure's own by its name, and Azure renews months before the expiry: a \
             clock that is ahead is likelier than a late renewal",
        );
    } else if let Some(sentence) =
        session::not_azures(e, certificate).filter(|_| own_root.is_none())
    {
        finding = finding.reasoning(sentence);
    }
    finding = finding.reasoning(session::NOTHING_SENT);
    finding = match own_root {
        Some(retired) => azure_chain::ended_root(finding, e, retired),
        None if azures => clock::set(finding.owner("Server (this machine's clock)"), e, "").step(
            Step::inspect(format!(
                "if the clock is right: see which server answers at {}; a gateway of your own may \
                 show an old copy",
                session::peer(e)
            )),
        ),
        None if recent && !right && !over => {
            clock::set(finding.owner("Server (this machine's clock)"), e, "if it is wrong, ")
                .step(session::renewed(e, index, "if the clock is right, renew"))
        }
        // A clock that is ahead by more than a few days is rarer than a certificate that was not
        // renewed: it is looked at, and not set.
        None => finding
            .owner(session::server_owner(e))
            .inspect("see this machine's clock", "date -u; timedatectl")
            .step(session::renewed(e, index, "renew")),
    };
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}
