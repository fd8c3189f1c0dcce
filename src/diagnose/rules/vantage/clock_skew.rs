//! This machine's clock and the service's `Date` are minutes apart (fact S17).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::rules::identity::{clock_spoils_assertion, level};
use crate::diagnose::{FindingBuilder, Rule, View, clock, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::text::span;

pub(super) const RULE: Rule =
    rule!("vantage-clock-skew", Vantage, "This machine's clock is minutes off", Code(check))
        .explains(&[
            "identity-token-expired",
            "identity-token-not-yet-valid",
            "identity-assertion-expired",
            "tls-expires-soon",
            "tls-expired",
            "tls-not-yet-valid",
        ]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let compared = clock::compared(e)?;
    let ahead = compared.ahead_s;
    if ahead.unsigned_abs() <= clock::ALLOWED_S {
        return None;
    }
    let (verified, confidence) = if compared.verified {
        ("the peer's TLS session verified, so the time comes from its owner", Confidence::Proved)
    } else {
        (
            "the source of the time is not verified: its clock may be the wrong one",
            Confidence::Inferred,
        )
    };
    // A wrong clock rejects a certificate that is valid at the right time.
    let certificate = clock::spoils_certificate(e, ahead);
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let amount = ahead.unsigned_abs();
    // Entra ID rejects an assertion with this clock's time, so there is no token.
    let level = match clock_spoils_assertion(e) {
        true => level(e),
        false if certificate => Level::Broken,
        false => Level::Risk,
    };
    let mut finding = FindingBuilder::new(
        level,
        confidence,
        headline::fitting(&[
            format!("this machine's clock is {} {side} {}", span(amount), compared.with),
            format!("this machine's clock is {} {side} the login host's", span(amount)),
        ]),
    )
    .fact(format!("compared with {}: {amount} s {side} it", compared.with))
    .fact(format!("the check began at {} by this machine's clock", e.started))
    .cites(compared.pointer)
    .cites("/started")
    .reasoning("the answer's Date header was compared with this machine's clock")
    .reasoning(verified);
    if certificate {
        finding = finding
            .reasoning("at that time every certificate of the chain is valid")
            .cites("/tls/value/chain");
    }
    finding = finding.owner("Server").inspect("see this machine's clock", "date -u");
    finding = match platform_advice::on(e, Topic::Clock) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding.step(
            Step::local(
                "start the time service (chrony, systemd-timesyncd), and let it reach its servers",
            )
            .undo("none: running programs may see the time jump"),
        ),
    };
    Some(finding.check(reading::again(e)))
}
