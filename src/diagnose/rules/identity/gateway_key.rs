//! An API Management gateway in front wants its own key (facts W7, W8, W11).

use crate::diagnose::rules::http::said::{Said, said};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::credential::credential;

pub(super) const RULE: Rule = rule!(
    "identity-gateway-key",
    Identity,
    "An API Management gateway in front wants its own subscription key",
    Code(check)
)
.short("API Management requires its own key");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let challenge = said.answer.header("www-authenticate");
    let wanted = attribute(&said, "name").unwrap_or("Ocp-Apim-Subscription-Key");
    // Without a credential the gateway's door is proved, the service behind it is not.
    let level = if said.call.credential_sent { said.level(e) } else { Level::Risk };
    let sure = if said.row.header.is_some() { Sure::Proved } else { Sure::Inferred };
    let mut because = said.because(
        level,
        sure,
        format!("an API Management gateway answers and wants its key in {wanted}"),
    );
    if let Some(challenge) = challenge {
        because = because.seen(format!("www-authenticate: {challenge}"));
    }
    because = because.seen(if said.call.credential_sent {
        format!("called with {}", credential(e))
    } else {
        "called without a credential".to_owned()
    });
    because = because.known_by(if said.row.header.is_some() {
        "the challenge AzureApiManagementKey is the gateway's, not the service's"
    } else {
        "the words are the gateway's: the service's own speak of a wrong API endpoint as well"
    });
    if said.answer.message().is_some_and(|message| message.contains("active subscription")) {
        because = because.known_by(
            "they ask for a key of an active subscription: one that was suspended, cancelled or \
             never approved has keys that look right",
        );
    }
    let realm = attribute(&said, "realm").unwrap_or("<gateway>");
    Some(
        because
            .known_by("the service behind the gateway was not reached by this call")
            .owner("Application")
            .act(Step::look(format!("ask the team that runs {realm} for a subscription key")))
            .act(Step::look(format!(
                "or, if no gateway is meant to be there, find out why {} leads to it",
                e.target.host
            )))
            .look(
                "see whether the subscription of the key is active",
                "az rest --method get --url \"<gateway resource id>/subscriptions?\
                 api-version=2022-08-01\" --query \"value[].{name:name,state:properties.state}\"",
            )
            .act(Step::local(format!("send the key in the header {wanted}")))
            .check(reading::again(e)),
    )
}

/// An attribute of the challenge.
fn attribute<'a>(said: &Said<'a>, name: &str) -> Option<&'a str> {
    let challenge = said.answer.header("www-authenticate")?;
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value).filter(|value| !value.is_empty())
}
