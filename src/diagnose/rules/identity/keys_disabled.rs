//! The account takes no keys (fact H15).

use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, reading};
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
        .ruled_out("the key itself and the network: the switch is on the account")
        .owner("Application")
        .look(
            "see the switch",
            format!(
                "az cognitiveservices account show -n {account} -g <group> \
                     --query properties.disableLocalAuth"
            ),
        )
        .look("use an Entra token instead", look_at_token(e))
        .change(
            "or allow keys again, if no policy forbids them",
            "az resource update --ids <account resource id> \
                 --set properties.disableLocalAuth=false",
        )
        .check(reading::again(e)),
    )
}
