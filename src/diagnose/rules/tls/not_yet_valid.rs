//! A certificate before its start of validity: mostly a clock behind time (fact S17).

use super::{expired, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
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
        &format!("shows a certificate valid from {} on", expired::day(&certificate.not_before)),
    )
    .read_at(format!("/tls/saw/chain/{index}"))
    .read_at("/started");
    Some(
        session::beside_the_proxy(
            session::certificate(because, hop, Some(fault))
                .seen(format!("this machine's clock says {}", e.started))
                .known_by(
                    "authorities do not sign for the future: this machine's clock is behind, or \
                     the certificate was made on a machine whose clock is ahead",
                )
                .known_by(session::NOTHING_SENT)
                .owner("Server (this machine's clock)")
                .look("see this machine's clock", "date -u; timedatectl")
                .act(
                    Step::local("if it is wrong, set it by the network (databases and clusters mind a jump)")
                        .command("chronyc makestep")
                        .undo("cannot be undone; a right clock needs no undo"),
                )
                .act(session::new_certificate(e, "if the clock is right, replace")),
            e,
        )
        .check(reading::again(e)),
    )
}
