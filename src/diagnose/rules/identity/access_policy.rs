//! A vault with access policies has none for this caller that allows the call (fact G23).

use crate::diagnose::rules::http::refusal_match::{find_refusal, short};
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::Step;

use super::credential::{claims, credential, other_caller};
use super::role_missing::{self, caller};

pub(super) const RULE: Rule = rule!(
    "identity-access-policy",
    Identity,
    "The vault's access policies do not allow the caller this call",
    Code(check)
)
.short("the caller may not list the vault's secrets");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let message = said.answer.message().unwrap_or_default();
    let object = caller(message).or_else(|| claims(e).and_then(|c| c.object.as_deref()));
    let who = object.unwrap_or("the caller");
    let lacks = permission(message).unwrap_or("the permission for this call");
    let assignee = reading::word(object.unwrap_or("<object id of the caller>"));
    let vault = reading::account(e);
    let other = other_caller(e, said.answer);
    let confidence =
        other.map_or(said.confidence(), |other| other.confidence(e, said.confidence()));
    let finding = said
        .finding(said.level(e), confidence, format!("{} lacks {lacks}", short(who, 40)))
        .cites("/identity");
    let finding = match other {
        Some(other) => other.explain(e, finding),
        None => finding,
    };
    Some(
        role_missing::list_of_secrets(e, &said, finding)
            .fact(format!("called with {}", credential(e)))
            .reasoning(
                "the vault names the missing permission itself; it decides by access policies, so \
                 a role on it does not help",
            )
            .ruled_out("an unknown or expired token: the vault knows the caller")
            .ruled_out("the network: a vault looks at its network rules before it looks at rights")
            .owner("Identity")
            .inspect(
                "see whose policies the vault has, and that it decides by them (rbac: null or \
                 false)",
                account::show(
                    e,
                    "properties.{rbac:enableRbacAuthorization,\
                     policies:accessPolicies[].{object:objectId,secrets:permissions.secrets}}",
                ),
            )
            .step(
                Step::shared(
                    "if the application needs it, give the caller a policy with get and list for \
                     secrets (Terraform: azurerm_key_vault_access_policy): where it has a policy, the \
                     command replaces its permissions for secrets, so name those that it has as well",
                    "every process that can act as this identity can then read every secret of the vault",
                )
                .command(format!(
                    "az keyvault set-policy -n {vault} -g <group> --object-id {assignee} \
                     --secret-permissions get list"
                ))
                .undo(format!(
                    "set the permissions for secrets that the policy had before; only where the \
                     caller had no policy: az keyvault delete-policy -n {vault} -g <group> \
                     --object-id {assignee}, which takes away all of its permissions, those for keys \
                     and certificates too"
                )),
            )
            .about_a(reading::noun(e))
            .check(reading::again(e)),
    )
}

/// The permission that is missing: `does not have secrets list permission on key vault`.
fn permission(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("does not have ")?;
    let end = rest.find(" on key vault")?;
    let words = &rest[..end];
    let plain = words.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
    (plain && words.len() <= 60).then_some(words)
}
