//! The token's time is over (facts H8, I18).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

use super::credential::{
    claims, credential, duration, expires_in, look_at_token, never_sent, rejected,
};

pub(super) const RULE: Rule = Rule {
    id: "identity-token-expired",
    hop: Hop::Identity,
    title: "The token has expired",
    page: include_str!("../../../../docs/findings/identity-token-expired.md"),
    explains: &["identity-token-refused", "identity-unauthorized"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let past = expires_in(e).filter(|seconds| *seconds < 0)?.unsigned_abs();
    let says = format!("{} expired {} ago", credential(e), duration(past));
    let because = match rejected(e) {
        Some(said) => said
            .because(said.level(e), Sure::Proved, says)
            .known_by("the token's own claim exp is past, and the service refuses it"),
        // It was not put to the test: said beforehand, and no more than said.
        None if never_sent(e) => Because::new(Level::Note, Sure::Inferred, says)
            .known_by("the token's own claim exp is past; no call carried it"),
        None => return None,
    };
    let expires = claims(e).and_then(|c| c.expires.clone()).unwrap_or_default();
    Some(
        because
            .seen(format!("exp {expires}"))
            .read_at("/identity/claims/expires_in_s")
            .owner("Identity")
            .look("get a new token", look_at_token(e))
            .step("let the application renew its token: a copied one lives about an hour")
            .check(reading::again(e)),
    )
}
