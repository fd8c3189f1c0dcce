//! The account takes no keys (fact H15).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::Step;

use super::credential::{credential, look_at_token};

pub(super) const RULE: Rule =
    rule!("identity-keys-disabled", Identity, "The account takes no API keys", Code(check))
        .short("the account accepts tokens only, no API keys");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let aim = host_kind(e);
    let account = match aim.is_gateway() {
        true => "<account behind the gateway>",
        false => reading::account(e),
    };
    let mut finding = said
        .finding(
            said.level(e),
            said.confidence(),
            format!("{} takes no API keys, only tokens", aim.judge(e)),
        )
        .fact(format!("called with {}", credential(e)))
        .cites("/identity/kind")
        .reasoning("the service says so: AuthenticationTypeDisabled; no key can work there")
        .reasoning("whether the key itself is right was not looked at by the service")
        .owner("Application");
    if aim.is_gateway() {
        let (words, command) = aim.keys(e);
        finding = finding.inspect(words, command);
    }
    finding = finding
        .inspect(
            "see whether keys are switched off (disableLocalAuth)",
            account::named(e, account, "show", "--query properties.disableLocalAuth"),
        )
        .inspect("use an Entra token instead", look_at_token(e));
    if aim.is_gateway() {
        finding = finding.step(
            Step::shared(
                format!(
                    "let {} call with its managed identity, to which the account gives a role",
                    aim.name()
                ),
                "every caller of the gateway's backend",
            )
            .or()
            .undo("put the former setting of the backend back"),
        );
    }
    Some(
        finding
            .step(
                Step::shared(
                    "allow keys again, if no policy forbids them: the switch may be deliberate \
                     (Terraform: local_auth_enabled of azurerm_cognitive_account)",
                    "every holder of a key of the account can then use it",
                )
                .or()
                .command(
                    "az resource update --ids <account resource id> \
                     --set properties.disableLocalAuth=false",
                )
                .undo(
                    "az resource update --ids <account resource id> \
                     --set properties.disableLocalAuth=true",
                ),
            )
            .check(reading::again(e)),
    )
}
