//! An API Management gateway in front wants its own key (facts W7, W8, W11).

use crate::diagnose::rules::http::answered_by::LITELLM;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, find_refusal};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::credential::credential;

pub(super) const RULE: Rule = rule!(
    "identity-gateway-key",
    Identity,
    "A gateway in front wants a key of its own",
    Code(check)
)
.short("a gateway in front requires its own key");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let challenge = said.answer.header("www-authenticate");
    // LiteLLM has texts of its own, API Management a challenge and a header.
    let product = said.who().product().filter(|mark| mark.product == LITELLM);
    let name = product.map_or("an API Management gateway", |mark| mark.product);
    let usual = match product {
        Some(_) => "Authorization: Bearer",
        None => "Ocp-Apim-Subscription-Key",
    };
    let wanted = attribute(&said, "name").unwrap_or(usual);
    // Without a credential the gateway's door is proved, the service behind it is not.
    let level = if said.call.credential_sent { said.level(e) } else { Level::Risk };
    let confidence =
        if said.row.header.is_some() { Confidence::Proved } else { Confidence::Inferred };
    let mut finding =
        said.finding(level, confidence, format!("{name} answers and wants its key in {wanted}"));
    if let Some(challenge) = challenge {
        finding = finding.fact(format!("www-authenticate: {challenge}"));
    }
    finding = finding.fact(if said.call.credential_sent {
        format!("called with {}", credential(e))
    } else {
        "called without a credential".to_owned()
    });
    finding = finding.reasoning(match (said.row.header, product) {
        (Some(_), _) => "the challenge AzureApiManagementKey is the gateway's, not the service's",
        (None, None) => {
            "the words are the gateway's: the service's own speak of a wrong API endpoint as well"
        }
        (None, Some(_)) => {
            "the words are LiteLLM's: it takes keys that it gave out itself (virtual keys), and calls \
             the service with a credential of its own"
        }
    });
    if said.answer.message().is_some_and(|message| message.contains("active subscription")) {
        finding = finding.reasoning(
            "they ask for a key of an active subscription: one that was suspended, cancelled or \
             never approved has keys that look right",
        );
    }
    let realm = attribute(&said, "realm").unwrap_or("<gateway>");
    let whose = if product.is_some() { e.target.host.as_str() } else { realm };
    let kind = if product.is_some() { "virtual" } else { "subscription" };
    let finding = finding
        .reasoning("the service behind the gateway was not reached by this call")
        .owner("Application")
        .step(Step::inspect(format!("ask the team that runs {whose} for a {kind} key")))
        .step(
            Step::inspect(format!(
                "if no gateway is meant to be there, find out why {} leads to it",
                e.target.host
            ))
            .or(),
        );
    let finding = match product {
        Some(_) => finding,
        None => finding.inspect(
            "see whether the subscription of the key is active",
            "az rest --method get --url \"<gateway resource id>/subscriptions?\
                 api-version=2022-08-01\" --query \"value[].{name:name,state:properties.state}\"",
        ),
    };
    Some(
        finding
            .step(Step::local(format!("send the key in the header {wanted}")))
            .check(reading::again(e)),
    )
}

/// An attribute of the challenge.
fn attribute<'a>(said: &MatchedRefusal<'a>, name: &str) -> Option<&'a str> {
    let challenge = said.answer.header("www-authenticate")?;
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value).filter(|value| !value.is_empty())
}
