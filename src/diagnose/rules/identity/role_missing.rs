//! The caller is known and has no role for this call (facts H11-H13, H29, G4-G7).

use crate::diagnose::rules::http::refusals::{Leaves, text};
use crate::diagnose::rules::http::said::{Said, said, short};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::http::Purpose;

use super::credential::{claims, credential};
use super::roles::{grant, role_for};

pub(super) const RULE: Rule = rule!(
    "identity-role-missing",
    Identity,
    "The caller lacks a role with the data action",
    Code(check)
)
.short("the caller lacks a role for this call");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let message = text(said.answer).unwrap_or_default();
    let action = quoted_after(message, "data action");
    let principal = quoted_after(message, "principal")
        .map(str::to_owned)
        .or_else(|| claims(e).and_then(|c| c.object.clone()));
    let who = principal.as_deref().unwrap_or("the caller");
    let lacks = action.map_or("a role for this call", last_parts);
    let list_only = said.call.purpose == Purpose::Models && deployment_answers(e);
    // The list is refused and the deployment answers: a custom role, and the path works.
    let level = if list_only { Level::Note } else { said.level(e) };
    let mut because = said
        .because(level, sure(&said, action), format!("{} lacks {lacks}", short(who, 40)))
        .read_at("/identity");
    if let Some(action) = action {
        because = because.seen(format!("data action {action}"));
    }
    because = because
        .seen(format!("called with {}", credential(e)))
        .known_by(if action.is_some() {
            "the service names the missing right itself; it says this with 401, not 403"
        } else {
            "the service says that the caller has no access to this call, not which right is missing"
        })
        .ruled_out("an unknown or expired token: the service knows the caller");
    if said.call.purpose == Purpose::Models {
        because = because.known_by(if list_only {
            "only the list of models is refused; the deployment answers to the same caller"
        } else {
            "only the list of models was called; whether a deployment may be run is not tested"
        });
    }
    Some(fix(e, because, &said, action, principal.as_deref()))
}

fn sure(said: &Said<'_>, action: Option<&str>) -> Sure {
    if action.is_some() { Sure::Proved } else { said.sure() }
}

/// Whether the call to the deployment got past the question who calls.
fn deployment_answers(e: &View<'_>) -> bool {
    e.http.deployment().is_some_and(|read| {
        read.accepted() || read.leaves(Leaves::Deployment) || read.leaves(Leaves::Caller)
    })
}

fn fix(
    e: &Evidence,
    because: Because,
    said: &Said<'_>,
    action: Option<&str>,
    principal: Option<&str>,
) -> Because {
    let assumed = match said.call.purpose {
        Purpose::Project => "Azure AI User",
        _ => "Cognitive Services OpenAI User",
    };
    let role = match action {
        None => assumed,
        Some(action) => role_for(action).unwrap_or("<role with the data action>"),
    };
    let assignee = reading::word(principal.unwrap_or("<object id of the caller>"));
    let of_token = claims(e).filter(|c| c.object.as_deref() == principal);
    let kind = of_token.and_then(|c| match c.subject_kind.as_deref()? {
        "app" => Some("ServicePrincipal"),
        "user" => Some("User"),
        _ => None,
    });
    let because = taken_by_default(e, because);
    because
        .owner("Identity")
        .look(
            "see the caller's roles on the account",
            format!(
                "az role assignment list --assignee {assignee} --scope <account resource id> \
                 --include-inherited --query \"[].roleDefinitionName\""
            ),
        )
        .look(
            "see what the role allows",
            format!(
                "az role definition list --name \"{role}\" \
                 --query \"[].permissions[].dataActions\""
            ),
        )
        .act(grant("give the caller", principal.unwrap_or("<object id of the caller>"), kind, role))
        .act(Step::look(
            "wait: it takes effect after 5 to 10 minutes; Owner and Contributor carry no data \
             actions",
        ))
        .check(reading::again(e))
}

/// Says which managed identity was taken where none was named: another may be meant, and a role
/// for this one would help the wrong caller.
fn taken_by_default(e: &Evidence, because: Because) -> Because {
    let Some(how) = e.identity.acquisition.as_ref() else { return because };
    if how.source != "managed-identity" || how.client.is_some() {
        return because;
    }
    let which = claims(e).and_then(|c| {
        c.managed_identity.clone().or_else(|| c.application.clone()).or_else(|| c.object.clone())
    });
    because
        .seen(format!(
            "the platform's default identity was taken, none was named: {}",
            which.as_deref().unwrap_or("which one, its token does not say")
        ))
        .known_by(
            "an application that names a user-assigned identity (AZURE_CLIENT_ID, or in its code) \
             calls as another one, which may have the role",
        )
        .read_at("/identity/acquisition/client")
        .act(
            Step::look(
                "before granting anything: see that this identity is the one that the application \
             uses; if not, walk as that one",
            )
            .command(reading::again_with(e, "--identity <client id>")),
        )
}

/// What stands between backticks after a word, if it is a plain name: it goes into commands
/// that people copy, and it came from the network.
fn quoted_after<'a>(message: &'a str, word: &str) -> Option<&'a str> {
    let at = message.to_ascii_lowercase().find(word)?;
    let (_, rest) = message.get(at..)?.split_once('`')?;
    let (quoted, _) = rest.split_once('`')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@#/*".contains(c);
    (!quoted.is_empty() && quoted.chars().all(plain)).then_some(quoted)
}

/// The part of a data action that tells: without the provider.
fn last_parts(action: &str) -> &str {
    action.split_once("/accounts/").map_or(action, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_and_action_are_read_from_the_message() {
        let message = "The principal `oid-1` lacks the required data action \
                       `Microsoft.CognitiveServices/accounts/OpenAI/models/read` to perform \
                       `GET /openai/models` operation.";
        assert_eq!(quoted_after(message, "principal"), Some("oid-1"));
        let action = quoted_after(message, "data action").map(last_parts);
        assert_eq!(action, Some("OpenAI/models/read"));
        assert_eq!(quoted_after("The principal `a; reboot` lacks", "principal"), None);
        assert_eq!(
            quoted_after("Principal does not have access to API/Operation.", "principal"),
            None
        );
    }
}
