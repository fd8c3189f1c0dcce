//! The call with a key works, and Azure shows keys switched off at the account: such a change takes
//! minutes to act (facts H15, H115).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::view::azure::needs::shown;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::identity::CredentialKind;

use super::credential::{credential, look_at_token};

pub(super) const RULE: Rule = rule!(
    "identity-keys-switched-off",
    Identity,
    "The key works, and Azure shows keys switched off at the account",
    Code(check)
)
.short("the key works, and Azure shows keys switched off");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let known = azure.estate().account.proved()?;
    let fulfilled = e.http.value()?.calls.iter().any(|call| {
        call.credential_sent && call.answer().is_some_and(|a| (200..300).contains(&a.status))
    });
    let is_key = e.identity.kind == CredentialKind::ApiKey;
    if known.keys_disabled != Some(true) || !is_key || !fulfilled || host_kind(e).is_gateway() {
        return None;
    }
    let name = known.id.name();
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            format!("the key works, and Azure shows keys switched off at {name}"),
        )
        .fact(format!("called with {}", credential(e)))
        .fact(format!("{}: disableLocalAuth true", shown(&known.id)))
        .cites("/azure/estate/account")
        .cites("/identity/kind")
        .reasoning(
            "a change of that switch takes minutes to act: the same call is refused with 403 then",
        )
        .reasoning("another account that answers under this name would look the same")
        .owner("Application")
        .inspect(
            "see whether keys are switched off (disableLocalAuth)",
            account::named(e, name, "show", "--query properties.disableLocalAuth"),
        )
        .inspect("use an Entra token instead", look_at_token(e))
        .check(reading::again(e)),
    )
}
