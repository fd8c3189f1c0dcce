//! This machine's clock cannot be right: it is before this program was written, or long after the
//! expiry of certificates that are always renewed in time (fact S17).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{FindingBuilder, Rule, View, clock, reading, timing};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::tls::{Certificate, CertificateFault, TlsHop, TlsOutcome};

pub(super) const RULE: Rule =
    rule!("vantage-clock-wrong", Vantage, "This machine's clock cannot be right", Code(check))
        .explains(&[
            "tls-expired",
            "tls-not-yet-valid",
            "identity-token-expired",
            "identity-token-not-yet-valid",
        ]);

/// Days after its expiry by which Azure would long have renewed a certificate.
const RENEWED_DAYS: i64 = 400;
/// After this date, a chain of which every certificate has expired speaks against the clock.
const FAR: &str = "2036-01-01";

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value();
    let fault = hop.and_then(|hop| match &hop.outcome {
        TlsOutcome::CertificateRejected { fault } => Some(fault),
        _ => None,
    });
    let behind = e.started.as_str() < clock::WRITTEN;
    let expired = fault == Some(&CertificateFault::Expired);
    let (confidence, why) = if behind {
        (Confidence::Proved, format!("this program was written after {}", clock::WRITTEN))
    } else if let Some(hop) = hop.filter(|_| expired) {
        (Confidence::Inferred, long_over(e, hop)?)
    } else {
        return None;
    };
    let matters = expired || fault == Some(&CertificateFault::NotYetValid);
    let judged =
        if confidence == Confidence::Proved { "which cannot be" } else { "probably wrong" };
    let message = format!("this machine's clock shows {}, {judged}", timing::day(&e.started));
    let mut finding =
        FindingBuilder::new(if matters { Level::Broken } else { Level::Risk }, confidence, message)
            .fact(format!("the check began at {} by this machine's clock", e.started))
            .cites("/started")
            .reasoning(why);
    if matters {
        finding = finding
            .reasoning(
                "certificates are checked against the clock: a wrong clock rejects valid ones",
            )
            .cites("/tls/value/chain");
    }
    finding = finding.owner("Server").inspect("see this machine's clock", "date -u");
    finding = match platform_advice::on(e, Topic::Clock) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding.step(
            Step::local("set it from the time servers (chrony; else the machine's own service)")
                .command("chronyc makestep")
                .undo("none: running programs see the time jump"),
        ),
    };
    Some(finding.check(reading::again(e)))
}

/// Why expired certificates speak against the clock, if they do.
fn long_over(e: &Evidence, hop: &TlsHop) -> Option<String> {
    let leaf = hop.chain.first()?;
    let azure = |c: &Certificate| {
        c.issuer_organization.as_deref().is_some_and(|o| o == "Microsoft Corporation")
    };
    if e.target.public_suffix.is_some() && azure(leaf) && leaf.days_left < -RENEWED_DAYS {
        return Some(format!(
            "the certificate is Azure's own, {}, and expired {} days ago: Azure renews in time",
            leaf.issuer,
            leaf.days_left.unsigned_abs()
        ));
    }
    let all = hop.chain.len() > 1 && hop.chain.iter().all(|c| c.days_left < -RENEWED_DAYS);
    (all && e.started.as_str() > FAR).then(|| {
        "by this clock every certificate of the chain has expired, including those of the \
         authorities"
            .to_owned()
    })
}
