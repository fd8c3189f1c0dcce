//! A certificate that is not yet valid: usually a clock that is behind (fact S17).

use super::session;
use crate::diagnose::{FindingBuilder, Rule, View, clock, reading, timing};
use crate::diagnosis::Confidence;
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule = rule!(
    "tls-not-yet-valid",
    Tls,
    "The certificate is not valid yet by this machine's clock",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::NotYetValid {
        return None;
    }
    let (index, certificate) = hop
        .path()
        .into_iter()
        .chain(hop.chain.iter().enumerate())
        .find(|(_, c)| c.not_yet_valid)
        .or_else(|| hop.chain.iter().enumerate().next())?;
    let finding = session::broken(
        e,
        Confidence::Inferred,
        &format!("shows a certificate valid from {}", timing::day(&certificate.not_before)),
    )
    .cites(format!("/tls/value/chain/{index}"))
    .cites("/started");
    let compared = clock::compared(e);
    let right = clock::agrees(compared.as_ref());
    let mut finding = session::cite_certificate(finding, hop, Some(fault))
        .fact(format!("this machine's clock shows {}", e.started));
    finding = match (&compared, right) {
        (Some(one), true) => finding
            .cites(one.pointer.as_str())
            .ruled_out(format!("this machine's clock: it agrees with {}", one.with))
            .reasoning("the certificate was issued on a machine whose clock is ahead")
            .reasoning(session::NOTHING_SENT)
            .owner(session::server_owner(e)),
        _ => {
            let finding = finding
                .reasoning(
                    "authorities do not sign for the future: this machine's clock is behind, or \
                     the certificate was issued on a machine whose clock is ahead",
                )
                .reasoning(match &compared {
                    Some(one) => format!(
                        "this machine's clock was compared with that of {}: the difference is {} s",
                        one.with, one.ahead_s
                    ),
                    None => "this machine's clock could not be compared with another one: no \
                             answer carried a date"
                        .to_owned(),
                })
                .reasoning(session::NOTHING_SENT)
                .owner("Server (this machine's clock)");
            clock::set(finding, e, "if it is wrong, ")
        }
    };
    finding = finding.step(session::renewed(e, index, "if the clock is right, replace"));
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}
