//! The account takes no keys (fact H15).

use crate::diagnose::rules::http::aim::aim;
use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::Step;

use super::credential::{credential, look_at_token};

pub(super) const RULE: Rule =
    rule!("identity-keys-disabled", Identity, "The account takes no API keys", Code(check))
        .short("the account accepts tokens only, no API keys");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let aim = aim(e);
    let account = match aim.is_gateway() {
        true => "<account behind the gateway>",
        false => reading::account(e),
    };
    let mut because = said
        .because(
            said.level(e),
            said.sure(),
            format!("{} takes no API keys, only tokens", aim.judge(e)),
        )
        .seen(format!("called with {}", credential(e)))
        .read_at("/identity/kind")
        .known_by("the service says so: AuthenticationTypeDisabled; no key can work there")
        .known_by("whether the key itself is right was not looked at by the service")
        .owner("Application");
    if aim.is_gateway() {
        let (words, command) = aim.keys(e);
        because = because.look(words, command);
    }
    because = because
        .look(
            "see the switch",
            account::named(account, "show", "--query properties.disableLocalAuth"),
        )
        .look("use an Entra token instead", look_at_token(e));
    if aim.is_gateway() {
        because = because.act(
            Step::shared(
                format!(
                    "or let {} call with its managed identity, to which the account gives a role",
                    aim.name()
                ),
                "every caller of the gateway's backend",
            )
            .undo("put the former setting of the backend back"),
        );
    }
    Some(
        because
            .act(
                Step::shared(
                    "or allow keys again, if no policy forbids them: the switch may be deliberate \
                     (Terraform: local_auth_enabled of azurerm_cognitive_account)",
                    "every holder of a key of the account can then use it",
                )
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
