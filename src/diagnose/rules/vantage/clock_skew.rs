//! This machine's clock and the service's `Date` are minutes apart (fact S17).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::rules::identity::{clock_spoils_assertion, level};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

pub(super) const RULE: Rule =
    rule!("vantage-clock-skew", Vantage, "This machine's clock is minutes off", Code(check))
        .explains(&[
            "identity-token-expired",
            "identity-token-not-yet-valid",
            "identity-assertion-expired",
            "tls-expires-soon",
        ]);

/// Five minutes, in seconds: what token checks commonly allow.
const ALLOWED_S: u64 = 300;

fn check(e: &View<'_>) -> Option<Because> {
    let ahead = e.vantage.clock_ahead_s?;
    if ahead.unsigned_abs() <= ALLOWED_S {
        return None;
    }
    let (verified, sure) = if reading::tls_verified(e) {
        ("the peer's TLS session verified, so the time is the service's own", Sure::Proved)
    } else {
        ("who gave the time is not verified: its clock may be the wrong one", Sure::Inferred)
    };
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    let amount = ahead.unsigned_abs();
    // An assertion that was signed by this clock is refused, and no token comes.
    let level = match clock_spoils_assertion(e) {
        true => level(e),
        false => Level::Risk,
    };
    Some(
        Because::new(
            level,
            sure,
            format!("this machine's clock is {amount} s {side} the service's"),
        )
        .seen(format!("the walk began at {} by this machine's clock", e.started))
        .read_at("/vantage/clock_ahead_s")
        .read_at("/started")
        .known_by("the answer's Date header was compared with this machine's clock")
        .known_by(verified)
        .owner("Server")
        .look("see this machine's clock", "date -u")
        .act(match platform_advice::on(e, Topic::Clock) {
            Some(advice) => advice.step(),
            None => Step::local(
                "have the time service run (chrony, systemd-timesyncd) and reach its servers",
            )
            .undo("none: running programs may see the time jump"),
        })
        .check(reading::again(e)),
    )
}
