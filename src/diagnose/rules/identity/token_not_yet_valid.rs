//! The token's time has not come: the issuer's or this machine's clock is off (I18).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};

use super::credential::{begins_in, credential, duration, look_at_token, never_sent, rejected};

pub(super) const RULE: Rule =
    rule!("identity-token-not-yet-valid", Identity, "The token is not valid yet", Code(check))
        .explains(&["identity-token-refused", "identity-unauthorized"])
        .short("the token is not valid yet");

fn check(e: &View<'_>) -> Option<Because> {
    let ahead = begins_in(e).filter(|seconds| *seconds > 0)?.unsigned_abs();
    let says = format!("{} is valid only in {}", credential(e), duration(ahead));
    let because = match rejected(e) {
        Some(said) => said
            .because(said.level(e), Sure::Proved, says)
            .known_by("the token's own claim nbf is still to come, and the service refuses it"),
        None if never_sent(e) => Because::new(Level::Note, Sure::Inferred, says)
            .known_by("the token's own claim nbf is still to come; no call carried it"),
        None => return None,
    };
    Some(
        because
            .read_at("/identity/claims/not_before_in_s")
            .owner("Identity")
            .look("see whether this machine's clock is right", "timedatectl")
            .look("get a new token", look_at_token(e))
            .check(reading::again(e)),
    )
}
