//! An API Management gateway in front checks the token itself and refuses it (fact W17).

use crate::diagnose::rules::http::gateway_policy::{POLICY, gateway};
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::credential::credential;

pub(super) const RULE: Rule = rule!(
    "identity-gateway-token",
    Identity,
    "An API Management gateway in front wants a token, or another one",
    Code(check)
)
.short("API Management refuses the token");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let message = said.answer.message().unwrap_or_default().to_ascii_lowercase();
    let absent = ["jwt not present", "jwt not found"].iter().any(|w| message.contains(w));
    let either = message.contains("access token is missing or invalid");
    let (message, means) = match (absent, message.contains("claim")) {
        _ if either => (
            "an API Management gateway finds no token in the call, or refuses the one that it finds",
            "the words are those of the samples of its policy validate-jwt, which looks for a token \
             (Authorization: Bearer); an API key is none",
        ),
        (true, _) => (
            "an API Management gateway wants a token, and the call carried none",
            "its policy looks for a token (Authorization: Bearer) before anything else; an API key \
             is none",
        ),
        (false, true) => (
            "an API Management gateway refuses the token for its claims",
            "its policy asks for claims (roles, scopes, application ids) that this token does not \
             have",
        ),
        (false, false) => (
            "an API Management gateway refuses the token that it was given",
            "its policy checks signature, issuer, audience and validity of the token by itself",
        ),
    };
    // Without a credential the gateway's door is proved, the service behind it is not.
    let level = if said.call.credential_sent { said.level(e) } else { Level::Risk };
    Some(
        said.finding(level, Confidence::Inferred, message)
            .fact(match said.call.credential_sent {
                true => format!("called with {}", credential(e)),
                false => "called without a credential".to_owned(),
            })
            .reasoning(format!(
                "these are the words of API Management's policies for tokens: {} refuses by \
                 itself; no call went to the account",
                gateway(e)
            ))
            .reasoning(means)
            .owner("Application")
            .inspect(
                "see what the gateway's policy asks for (validate-jwt, validate-azure-ad-token)",
                POLICY,
            )
            .step(Step::inspect(
                "compare audience, tenant and application of the token (shown with -v) with it: a \
                 gateway often wants a token for its own application, api://<id>, and signs in to \
                 the account by itself",
            ))
            .check(reading::again(e)),
    )
}
