//! This machine's clock cannot be right: it lies before this program, or long after
//! certificates that are renewed in time (fact S17).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View, reading, timing};
use crate::diagnosis::{Level, Step, Sure};
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

/// No walk began before this program was written.
const WRITTEN: &str = "2025-01-01";
/// Days after its end at which a certificate of Azure would long have been renewed.
const RENEWED_DAYS: i64 = 400;
/// From here on, a chain of which every certificate has ended speaks against the clock.
const FAR: &str = "2036-01-01";

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw();
    let fault = hop.and_then(|hop| match &hop.outcome {
        TlsOutcome::CertificateRejected { fault } => Some(fault),
        _ => None,
    });
    let behind = e.started.as_str() < WRITTEN;
    let expired = fault == Some(&CertificateFault::Expired);
    let (sure, why) = if behind {
        (Sure::Proved, format!("this program was written after {WRITTEN}"))
    } else if let Some(hop) = hop.filter(|_| expired) {
        (Sure::Inferred, long_over(e, hop)?)
    } else {
        return None;
    };
    let matters = expired || fault == Some(&CertificateFault::NotYetValid);
    let judged = if sure == Sure::Proved { "cannot be" } else { "is hardly right" };
    let says = format!("this machine's clock says {}, which {judged}", timing::day(&e.started));
    let mut because = Because::new(if matters { Level::Broken } else { Level::Risk }, sure, says)
        .seen(format!("the walk began at {} by this machine's clock", e.started))
        .read_at("/started")
        .known_by(why);
    if matters {
        because = because
            .known_by("certificates are judged by the clock: a wrong one makes good ones bad")
            .read_at("/tls/saw/chain");
    }
    because = because.owner("Server").look("see this machine's clock", "date -u");
    because = match platform_advice::on(e, Topic::Clock) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because.act(
            Step::local("set it from the time servers (chrony; else the machine's own service)")
                .command("chronyc makestep")
                .undo("none: running programs see the time jump"),
        ),
    };
    Some(because.check(reading::again(e)))
}

/// Why certificates that have ended speak against the clock, if they do.
fn long_over(e: &Evidence, hop: &TlsHop) -> Option<String> {
    let leaf = hop.chain.first()?;
    let azure = |c: &Certificate| {
        c.issuer_organization.as_deref().is_some_and(|o| o == "Microsoft Corporation")
    };
    if e.target.public_suffix.is_some() && azure(leaf) && leaf.days_left < -RENEWED_DAYS {
        return Some(format!(
            "the certificate is Azure's own, {}, and ended {} days ago: Azure renews in time",
            leaf.issuer,
            leaf.days_left.unsigned_abs()
        ));
    }
    let all = hop.chain.len() > 1 && hop.chain.iter().all(|c| c.days_left < -RENEWED_DAYS);
    (all && e.started.as_str() > FAR).then(|| {
        "every certificate of the chain has ended by this clock, its authorities' too".to_owned()
    })
}
