//! The service refuses the token, for one of several reasons that it names together (H8, H9).

use crate::diagnose::rules::http::challenge;
use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, find_refusal};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::Step;

use super::credential::{claims, credential, look_at_token};

pub(super) const RULE: Rule =
    rule!("identity-token-refused", Identity, "The service refuses the token", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let mut finding = said
        .finding(
            said.level(e),
            said.confidence(),
            format!("{} refuses {}", host_kind(e).judge(e), credential(e)),
        )
        .cites("/identity");
    if let Some(named) = named_audience(&said) {
        finding = finding.fact(format!("the service names the audience {named}"));
    }
    if said.answer.message().is_none()
        && let Some(line) = said.header_line("www-authenticate")
    {
        finding = finding.fact(line);
    }
    if let Some(claims) = claims(e) {
        let none = || "none".to_owned();
        finding = finding.fact(format!(
            "the token: aud {}, tid {}, exp {}",
            claims.audience.clone().unwrap_or_else(none),
            claims.tenant.clone().unwrap_or_else(none),
            claims.expires.clone().unwrap_or_else(none),
        ));
    }
    Some(
        finding
            .reasoning(match challenge::resource(said.answer) {
                Some(_) => "the service refuses the token and names the audience that it takes",
                None => {
                    "the service says so; by its words the token is missing, invalid, of another \
                     audience, or expired"
                }
            })
            .owner("Identity")
            .inspect("see what token this machine gets", look_at_token(e))
            .step(Step::inspect(
                "a header Authorization that a proxy or gateway strips looks the same: see what \
                 carries the call",
            ))
            .check(reading::again(e)),
    )
}

/// The audience in the service's message: the text in the parentheses (fact H8), or after the word
/// "Expected".
pub(super) fn named_audience<'a>(said: &MatchedRefusal<'a>) -> Option<&'a str> {
    let message = said.answer.message()?;
    if let Some((_, rest)) = message.split_once("audience is incorrect (") {
        return rest.split_once(')').map(|(audience, _)| audience);
    }
    // A vault compares the two (fact G20).
    let (_, rest) = message.split_once("Invalid audience. Expected ")?;
    let (audience, _) = rest.split_once(", found")?;
    Some(audience.trim())
}
