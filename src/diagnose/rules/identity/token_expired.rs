//! The token's time is over (facts H8, I18).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

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

/// Seconds to its end below which a token that is not renewed is reported.
const SOON_S: i64 = 600;

pub(super) const ENDS_SOON: Rule = rule!(
    "identity-token-ends-soon",
    Identity,
    "The token works, and ends within minutes",
    Code(ends_soon)
);

/// A copied token near its end: sources that ask for one renew it by themselves.
fn ends_soon(e: &View<'_>) -> Option<FindingBuilder> {
    let left = expires_in(e).filter(|seconds| (0..SOON_S).contains(seconds))?;
    if e.identity.acquisition.is_some() || !accepted_call(e) {
        return None;
    }
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            format!("{} ends in {}", credential(e), duration(left.unsigned_abs())),
        )
        .reasoning("the token's own claim exp; no program renews a copied token")
        .cites("/identity/claims/expires_in_s")
        .caveat()
        .owner("Application")
        .inspect("see when a new one would end", look_at_token(e))
        .step(Step::local("let the application ask for its tokens itself, which renews them")),
    )
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let past = expires_in(e).filter(|seconds| *seconds < 0)?.unsigned_abs();
    let message = format!("{} expired {} ago", credential(e), duration(past));
    let finding = match rejected(e) {
        Some(said) => said
            .finding(said.level(e), Confidence::Proved, message)
            .reasoning("the token's own claim exp is past, and the service refuses it"),
        // It was not put to the test: said beforehand, and no more than said.
        None if never_sent(e) => FindingBuilder::new(Level::Note, Confidence::Inferred, message)
            .reasoning("the token's own claim exp is past; no call carried it"),
        None => return None,
    };
    let expires = claims(e).and_then(|c| c.expires.clone()).unwrap_or_default();
    Some(
        finding
            .fact(format!("exp {expires}"))
            .cites("/identity/claims/expires_in_s")
            .owner("Identity")
            .inspect("get a new token", look_at_token(e))
            .step(Step::local(
                "let the application renew its token: a copied one lives about an hour",
            ))
            .check(reading::again(e)),
    )
}
