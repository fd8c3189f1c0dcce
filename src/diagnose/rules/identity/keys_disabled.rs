//! The account takes no keys (fact H15).

use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Step;
use crate::evidence::{Evidence, Hop};

use super::credential::{credential, look_at_token};

pub(super) const RULE: Rule = Rule {
    id: "identity-keys-disabled",
    hop: Hop::Identity,
    title: "The account takes no API keys",
    page: include_str!("../../../../docs/findings/identity-keys-disabled.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let account = reading::account(e);
    Some(
        said.because(
            said.level(e),
            said.sure(),
            format!("{account} takes no API keys, only tokens"),
        )
        .seen(format!("called with {}", credential(e)))
        .read_at("/identity/kind")
        .known_by("the service says so: AuthenticationTypeDisabled; no key can work there")
        .known_by("whether the key itself is right was not looked at by the service")
        .owner("Application")
        .look(
            "see the switch",
            format!(
                "az cognitiveservices account show -n {account} -g <group> \
                     --query properties.disableLocalAuth"
            ),
        )
        .look("use an Entra token instead", look_at_token(e))
        .act(
            Step::shared(
                "or allow keys again, if no policy forbids them: the switch may be deliberate \
                 (Terraform: local_auth_enabled of azurerm_cognitive_account)",
                "everybody who holds a key of the account can then use it",
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
