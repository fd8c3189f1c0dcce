//! The service refuses the token, for one of several reasons that it names together (H8, H9).

use crate::diagnose::rules::http::said::{Said, said};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::credential::{claims, credential, look_at_token};

pub(super) const RULE: Rule =
    rule!("identity-token-refused", Identity, "The service refuses the token", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let mut because = said
        .because(
            said.level(e),
            Sure::Proved,
            format!("{} refuses {}", reading::account(e), credential(e)),
        )
        .read_at("/identity");
    if let Some(named) = named_audience(&said) {
        because = because.seen(format!("the service names the audience {named}"));
    }
    if let Some(claims) = claims(e) {
        let none = || "none".to_owned();
        because = because.seen(format!(
            "the token: aud {}, tid {}, exp {}",
            claims.audience.clone().unwrap_or_else(none),
            claims.tenant.clone().unwrap_or_else(none),
            claims.expires.clone().unwrap_or_else(none),
        ));
    }
    Some(
        because
            .known_by("the service says so; by its words the token is missing, invalid, of another audience, or expired")
            .owner("Identity")
            .look("see what token this machine gets", look_at_token(e))
            .act(Step::look(
                "a header Authorization that a proxy or gateway strips looks the same: see what \
                 carries the call",
            ))
            .check(reading::again(e)),
    )
}

/// The audience in the service's message: what stands in the parentheses (fact H8).
pub(super) fn named_audience<'a>(said: &Said<'a>) -> Option<&'a str> {
    let (_, rest) = said.answer.message()?.split_once("audience is incorrect (")?;
    rest.split_once(')').map(|(audience, _)| audience)
}
