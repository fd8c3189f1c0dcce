//! A certificate before its start of validity: mostly a clock behind time (fact S17).

use super::session;
use crate::diagnose::{Because, Rule, View, clock, reading, timing};
use crate::diagnosis::Sure;
use crate::evidence::tls::CertificateFault as Fault;

pub(super) const RULE: Rule = rule!(
    "tls-not-yet-valid",
    Tls,
    "The certificate is not valid yet by this machine's clock",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let (hop, fault) = session::rejected(e)?;
    if *fault != Fault::NotYetValid {
        return None;
    }
    let (index, certificate) = hop
        .chain
        .iter()
        .enumerate()
        .find(|(_, c)| c.not_yet_valid)
        .or_else(|| hop.chain.iter().enumerate().next())?;
    let because = session::broken(
        e,
        Sure::Inferred,
        &format!("shows a certificate valid from {} on", timing::day(&certificate.not_before)),
    )
    .read_at(format!("/tls/saw/chain/{index}"))
    .read_at("/started");
    let compared = clock::compared(e);
    let right = clock::agrees(compared.as_ref());
    let mut because = session::certificate(because, hop, Some(fault))
        .seen(format!("this machine's clock says {}", e.started));
    because = match (&compared, right) {
        (Some(one), true) => because
            .read_at(one.pointer.as_str())
            .ruled_out(format!("this machine's clock: it agrees with {}", one.with))
            .known_by("the certificate was made on a machine whose clock is ahead")
            .known_by(session::NOTHING_SENT)
            .owner(session::server_owner(e)),
        _ => {
            let because = because
                .known_by(
                    "authorities do not sign for the future: this machine's clock is behind, or \
                     the certificate was made on a machine whose clock is ahead",
                )
                .known_by(match &compared {
                    Some(one) => format!(
                        "this machine's clock was compared with {}: the difference is {} s",
                        one.with, one.ahead_s
                    ),
                    None => "this machine's clock was compared with no other one: no answer came \
                             that carries a date"
                        .to_owned(),
                })
                .known_by(session::NOTHING_SENT)
                .owner("Server (this machine's clock)");
            clock::set(because, e, "if it is wrong, ")
        }
    };
    because = because.act(session::new_certificate(e, "if the clock is right, replace"));
    Some(session::beside_the_proxy(because, e).check(reading::again(e)))
}
