//! This machine's clock and the service's `Date` are minutes apart (fact S17).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::rules::identity::{clock_spoils_assertion, level};
use crate::diagnose::{Because, Rule, View, clock, headline, reading};
use crate::diagnosis::{Level, Step, Sure};

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

fn check(e: &View<'_>) -> Option<Because> {
    let compared = clock::compared(e)?;
    let ahead = compared.ahead_s;
    if ahead.unsigned_abs() <= clock::ALLOWED_S {
        return None;
    }
    let (verified, sure) = if compared.verified {
        ("the peer's TLS session verified, so the time is its owner's", Sure::Proved)
    } else {
        ("who gave the time is not verified: its clock may be the wrong one", Sure::Inferred)
    };
    // A certificate that is valid at the right time is refused by the wrong one.
    let certificate = clock::spoils_certificate(e, ahead);
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let amount = ahead.unsigned_abs();
    // An assertion that was signed by this clock is refused, and no token comes.
    let level = match clock_spoils_assertion(e) {
        true => level(e),
        false if certificate => Level::Broken,
        false => Level::Risk,
    };
    let mut because = Because::new(
        level,
        sure,
        headline::fitting(&[
            format!("this machine's clock is {} {side} {}", span(amount), compared.with),
            format!("this machine's clock is {} {side} the login host's", span(amount)),
        ]),
    )
    .seen(format!("compared with {}: {amount} s {side} it", compared.with))
    .seen(format!("the walk began at {} by this machine's clock", e.started))
    .read_at(compared.pointer)
    .read_at("/started")
    .known_by("the answer's Date header was compared with this machine's clock")
    .known_by(verified);
    if certificate {
        because = because
            .known_by("by that time every certificate of the chain is valid")
            .read_at("/tls/saw/chain");
    }
    because = because.owner("Server").look("see this machine's clock", "date -u");
    because = match platform_advice::on(e, Topic::Clock) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because.act(
            Step::local(
                "have the time service run (chrony, systemd-timesyncd) and reach its servers",
            )
            .undo("none: running programs may see the time jump"),
        ),
    };
    Some(because.check(reading::again(e)))
}

/// A difference as people read it.
fn span(seconds: u64) -> String {
    match seconds {
        0..7200 => format!("{seconds} s"),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
