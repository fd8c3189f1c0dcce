//! The token's time is over (facts H8, I18).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::credential::{
    claims, credential, duration, expires_in, look_at_token, never_sent, rejected,
};

pub(super) const RULE: Rule =
    rule!("identity-token-expired", Identity, "The token has expired", Code(check))
        .explains(&["identity-token-refused", "identity-unauthorized"])
        .short("the token has expired");

/// Whether the main call was accepted with the credential.
fn accepted_call(e: &View<'_>) -> bool {
    reading::main_call(e).is_some_and(|call| call.credential_sent) && e.http.accepted()
}

/// Seconds to its end from which a token that nobody renews is worth a word.
const SOON_S: i64 = 600;

pub(super) const ENDS_SOON: Rule = rule!(
    "identity-token-ends-soon",
    Identity,
    "The token works, and ends within minutes",
    Code(ends_soon)
);

/// A copied token near its end: sources that ask for one renew it by themselves.
fn ends_soon(e: &View<'_>) -> Option<Because> {
    let left = expires_in(e).filter(|seconds| (0..SOON_S).contains(seconds))?;
    if e.identity.acquisition.is_some() || !accepted_call(e) {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Proved,
            format!("{} ends in {}", credential(e), duration(left.unsigned_abs())),
        )
        .known_by("the token's own claim exp; no program renews a copied token")
        .read_at("/identity/claims/expires_in_s")
        .caveat()
        .owner("Application")
        .look("see when a new one would end", look_at_token(e))
        .act(Step::local("let the application ask for its tokens itself, which renews them")),
    )
}

fn check(e: &View<'_>) -> Option<Because> {
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
            .act(Step::local(
                "let the application renew its token: a copied one lives about an hour",
            ))
            .check(reading::again(e)),
    )
}
