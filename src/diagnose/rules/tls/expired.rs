//! A certificate past its end of validity, or a clock ahead of time (fact S17).

use super::{authorities, azure_chain, session};
use crate::diagnose::{Because, Rule, View, clock, reading, timing};
use crate::diagnosis::{Step, Sure};
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
    let compared = clock::compared(e);
    let right = clock::agrees(compared.as_ref());
    let own_root = authorities::retired(certificate);
    // Azure renews months before the end: where its own certificate looks ended, the clock is
    // likelier wrong than Azure late. A root that has ended stays sent by servers that were set up
    // in its time.
    let azures = own_root.is_none()
        && session::azure_issuer(certificate)
        && e.target.public_suffix.is_some()
        && !right;
    let because = session::broken(
        e,
        if (recent || azures) && !right { Sure::Inferred } else { Sure::Proved },
        &format!("shows {what} that expired on {}", timing::day(&certificate.not_after)),
    )
    .read_at(format!("/tls/saw/chain/{index}"))
    .read_at("/started");
    let mut because = session::certificate(because, hop, Some(fault)).seen(format!(
        "expired {} ago by this machine's clock: {}",
        timing::days(certificate.days_left.unsigned_abs()),
        certificate.subject
    ));
    because = because.known_by(format!(
        "its notAfter, {}, lies before this machine's clock, {}",
        certificate.not_after, e.started
    ));
    because = match &compared {
        Some(one) => because
            .read_at(one.pointer.as_str())
            .ruled_out_if(right, format!("this machine's clock: it agrees with {}", one.with)),
        None => because.known_by(
            "this machine's clock was compared with no other one: no answer came that carries a \
             date",
        ),
    };
    if recent && !right {
        because = because
            .known_by("the end of validity is so near that a clock ahead of time looks the same");
    }
    if azures {
        because = because.known_by(
            "its issuer is Azure's own by its name, and Azure renews months before the end: a \
             clock ahead of time is likelier than a late renewal",
        );
    } else if own_root.is_none()
        && !session::azure_issuer(certificate)
        && e.target.public_suffix.is_some()
    {
        because = because.known_by(format!(
            "its issuer, {}, does not sign for Azure: a gateway or an inspecting device owns it",
            session::issuer(certificate)
        ));
    }
    because = because.known_by(session::NOTHING_SENT);
    because = match own_root {
        Some(retired) => azure_chain::ended_root(because, e, retired),
        None if azures => clock::set(because.owner("Server (this machine's clock)"), e, "").act(
            Step::look(format!(
                "if the clock is right: see what answers at {}; a gateway of one's own may show an \
                 old copy",
                session::peer(e)
            )),
        ),
        None => because
            .owner(session::server_owner(e))
            .look("see this machine's clock", "date -u; timedatectl")
            .act(session::new_certificate(e, "renew")),
    };
    Some(session::beside_the_proxy(because, e).check(reading::again(e)))
}
