//! The token's time has not come: the issuer's or this machine's clock is off (I18).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};

use super::credential::{begins_in, credential, duration, look_at_token, never_sent, rejected};

pub(super) const RULE: Rule =
    rule!("identity-token-not-yet-valid", Identity, "The token is not valid yet", Code(check))
        .explains(&["identity-token-refused", "identity-unauthorized"])
        .short("the token is not valid yet");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let ahead = begins_in(e).filter(|seconds| *seconds > 0)?.unsigned_abs();
    let message = format!("{} is valid only in {}", credential(e), duration(ahead));
    let finding = match rejected(e) {
        Some(said) => said
            .finding(said.level(e), Confidence::Proved, message)
            .reasoning("the token's own claim nbf is still to come, and the service refuses it"),
        None if never_sent(e) => FindingBuilder::new(Level::Note, Confidence::Inferred, message)
            .reasoning("the token's own claim nbf is still to come; no call carried it"),
        None => return None,
    };
    Some(
        finding
            .cites("/identity/claims/not_before_in_s")
            .owner("Identity")
            .inspect("see whether this machine's clock is right", "timedatectl")
            .inspect("get a new token", look_at_token(e))
            .check(reading::again(e)),
    )
}
