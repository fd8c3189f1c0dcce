//! The caller is known and has no role for this call (facts H11-H13, H29, G4-G7).

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, find_refusal, short};
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::http::Purpose;
use crate::services::purpose::{DATA_ACTIONS, words};

use super::az;
use super::credential::{claims, credential, other_caller};
use super::profiles::profile;
use super::roles::{grant, role_for, role_for_call};

pub(super) const RULE: Rule = rule!(
    "identity-role-missing",
    Identity,
    "The caller lacks a role with the data action",
    Code(check)
)
.short("the caller lacks a role for this call")
.yields_to(&["identity-role-not-effective"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let message = text(said.answer).unwrap_or_default();
    let action = named_action(message);
    let unnamed = is_unnamed_at_gateway(e, message);
    let principal = named_caller(message).map(str::to_owned).or_else(|| own_caller(e, message));
    let other = other_caller(e, said.answer);
    // A call that a gateway made as another caller is not refused to the one of the token.
    let whose = match (unnamed, other) {
        (true, _) => "the caller that the gateway used",
        (false, Some(other)) => other.whose(e),
        (false, None) => "the caller",
    };
    let who = principal.as_deref().unwrap_or(whose);
    let lacks = action.map_or("a role for this call", last_parts);
    let confidence = match (unnamed, other) {
        (true, _) => Confidence::Possible,
        (false, Some(other)) => other.confidence(e, confidence(&said)),
        (false, None) => confidence(&said),
    };
    let mut finding = said
        .finding(said.level(e), confidence, "")
        .headline(
            Clause::from(format!("{} lacks {lacks}", short(who, 40)))
                .or(format!("{whose} lacks a role for this call"))
                .or("a caller lacks a role for this call"),
        )
        .cites("/identity");
    if let Some(action) = action {
        finding = finding.fact(format!("data action {action}"));
    }
    finding = finding
        .fact(format!("called with {}", credential(e)))
        .reasoning(match (action, said.answer.status) {
            (Some(_), 401) => {
                "the service names the missing right itself; it says this with 401, not 403"
            }
            (Some(_), _) => "the service names the missing right itself",
            (None, _) => {
                "the service says that the caller has no access to this call, not which right is \
                 missing"
            }
        })
        .ruled_out_if(!unnamed, "an unknown or expired token: the service knows the caller");
    if said.call.purpose == Purpose::Models && e.http.deployment().is_none() {
        finding = finding.reasoning(
            "only the list of models was called; whether a deployment may be run is not tested",
        );
    }
    let finding = list_of_secrets(e, &said, finding);
    let finding = match (unnamed, other) {
        (true, _) => of_the_gateway_perhaps(e, finding),
        (false, Some(other)) => other.explain(e, finding),
        (false, None) => taken_by_default(e, finding),
    };
    Some(fix(e, finding, &said, action, principal.as_deref()))
}

/// The token's own caller, where it can only be the one that the service refused: the text names no
/// other, not even one that cannot be read, and no gateway is in front that may call as another.
fn own_caller(e: &Evidence, message: &str) -> Option<String> {
    let own = !names_a_caller(message) && !host_kind(e).is_gateway();
    claims(e).filter(|_| own).and_then(|claims| claims.object.clone())
}

/// Whether the text names a caller, in whatever form.
fn names_a_caller(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    ["principal `", "principal '", "caller:"].iter().any(|words| lower.contains(words))
}

/// Whether a gateway answers with the refusal of a caller that it does not name (fact H160).
fn is_unnamed_at_gateway(e: &Evidence, message: &str) -> bool {
    named_caller(message).is_none() && host_kind(e).is_gateway()
}

/// A gateway may pass the token on, or call the service as itself: which of the two, no text shows.
fn of_the_gateway_perhaps(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let aim = host_kind(e);
    let (words, command) = aim.keys(e);
    finding
        .reasoning(format!(
            "the answer does not name the caller: {} may have passed the token on, or have called the \
             service with an identity of its own, which is then the one without the role",
            aim.name()
        ))
        .decide_with(command.clone())
        .inspect(
            format!("before any role is given: {words}, and as which identity it calls"),
            command,
        )
}

/// The caller that the service names.
pub(super) fn named_caller(message: &str) -> Option<&str> {
    quoted_after(message, "principal").or_else(|| caller(message))
}

/// The data action that the service names as missing.
pub(super) fn named_action(message: &str) -> Option<&str> {
    quoted_after(message, "data action").or_else(|| quoted_after(message, "action:"))
}

/// The data action that the caller of the token lacks: the one that the service names, or the one that
/// an account asks for such a call (fact G4). None where it is another caller that lacks it.
pub(in crate::diagnose) fn refused_action(e: &View<'_>) -> Option<String> {
    let refusal = find_refusal(e, RULE.id).filter(|said| {
        let unnamed = is_unnamed_at_gateway(e, text(said.answer).unwrap_or_default());
        !unnamed && other_caller(e, said.answer).is_none()
    })?;
    let named = text(refusal.answer).and_then(named_action).map(str::to_owned);
    named.or_else(|| {
        let below = match refusal.call.purpose {
            Purpose::Models => "models/read",
            Purpose::Deployment => "deployments/chat/completions/action",
            _ => return None,
        };
        Some(format!("Microsoft.CognitiveServices/accounts/OpenAI/{below}"))
    })
}

/// A caller that may not list the secrets of a vault may still do what its application does: read
/// a secret by name, or use keys and certificates. The path is proved, the application's own call
/// is not tested.
pub(super) fn list_of_secrets(
    e: &View<'_>,
    said: &MatchedRefusal<'_>,
    finding: FindingBuilder,
) -> FindingBuilder {
    let only = words(said.call.purpose).role_only;
    if only.is_empty() {
        return finding;
    }
    let finding = finding.with_level(Level::Risk).untested().reasoning(only);
    match said.call.purpose {
        Purpose::Secrets => finding.decide_with(account::read_a_secret(e)),
        Purpose::Statistics => finding.decide_with(account::show_networks(e)),
        _ => finding,
    }
}

fn confidence(said: &MatchedRefusal<'_>) -> Confidence {
    match said.call.purpose {
        // A search service says no more than that (fact Z4).
        Purpose::Statistics => Confidence::Inferred,
        _ => said.confidence(),
    }
}

fn fix(
    e: &Evidence,
    finding: FindingBuilder,
    said: &MatchedRefusal<'_>,
    action: Option<&str>,
    principal: Option<&str>,
) -> FindingBuilder {
    let role = match action {
        None => role_for_call(e, said.call.purpose),
        Some(action) => role_for(e, action).unwrap_or("<role with the data action>"),
    };
    let assignee = reading::word(principal.unwrap_or("<object id of the caller>"));
    let of_token = claims(e).filter(|c| c.object.as_deref() == principal);
    let kind = of_token.and_then(|c| match c.subject_kind.as_deref()? {
        "app" => Some("ServicePrincipal"),
        "user" => Some("User"),
        _ => None,
    });
    finding
        .owner("Identity")
        .inspect("see the caller's roles on the account", az::roles_of(&assignee))
        .inspect("see what the role allows", az::data_actions(role, said.call.purpose))
        .step(grant(
            e,
            match words(said.call.purpose).role_only {
                "" => "give the caller",
                _ => "if the application needs it, give the caller",
            },
            principal.unwrap_or("<object id of the caller>"),
            kind,
            role,
        ))
        .step(Step::inspect(match words(said.call.purpose).permissions {
            DATA_ACTIONS => {
                "wait: it takes effect after 5 to 10 minutes; Owner and Contributor carry no data \
                 actions"
            }
            _ => "wait: it takes effect after 5 to 10 minutes",
        }))
        .about_a(reading::noun(e))
        .check(reading::again(e))
}

/// Says which managed identity was taken where none was named: another may be meant, and a role
/// for this one would help the wrong caller.
fn taken_by_default(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let Some(how) = e.identity.acquisition.as_ref() else { return finding };
    if !profile(&how.source).is_managed || how.client.is_some() {
        return finding;
    }
    let which = claims(e).and_then(|c| {
        c.managed_identity.clone().or_else(|| c.application.clone()).or_else(|| c.object.clone())
    });
    finding
        .fact(format!(
            "the platform's default identity was taken, none was named: {}",
            which.as_deref().unwrap_or("which one, its token does not say")
        ))
        .reasoning(
            "an application that names a user-assigned identity (AZURE_CLIENT_ID, or in its code) \
             calls as another one, which may have the role",
        )
        .cites("/identity/acquisition/client")
        .step(
            Step::inspect(
                "before granting anything: check that this identity is the one that the application \
             uses; if not, check as that one",
            )
            .command(reading::again_with(e, "--identity <client id>")),
        )
}

/// The text in quotes after a word, if it is a plain name: it goes into commands that people copy,
/// and it came from the network. An account quotes with backticks, a vault with apostrophes.
fn quoted_after<'a>(message: &'a str, word: &str) -> Option<&'a str> {
    let at = message.to_ascii_lowercase().find(word)?;
    let rest = message.get(at..)?;
    let open = rest.find(['`', '\''])?;
    let quote = rest[open..].chars().next()?;
    let (quoted, _) = rest[open + 1..].split_once(quote)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@#/*".contains(c);
    (!quoted.is_empty() && quoted.chars().all(plain)).then_some(quoted)
}

/// The caller's object id as a vault names it: `Caller: appid=..;oid=..;iss=..` (facts G22, G23).
pub(super) fn caller(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(";oid=")?;
    let oid = rest.split(|c: char| !c.is_ascii_hexdigit() && c != '-').next()?;
    (oid.len() == 36).then_some(oid)
}

/// A data action without the provider.
pub(in crate::diagnose) fn last_parts(action: &str) -> &str {
    action.splitn(3, '/').nth(2).unwrap_or(action)
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
        let vault = "Caller is not authorized to perform action on resource.\r\nCaller: appid=a;\
                     oid=73dd20a7-60c6-4046-ade4-9fbd1151c6fc;iss=https://sts.windows.net/t/\r\n\
                     Action: 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'\r\n";
        assert_eq!(caller(vault), Some("73dd20a7-60c6-4046-ade4-9fbd1151c6fc"));
        let action = quoted_after(vault, "action:").map(last_parts);
        assert_eq!(action, Some("secrets/readMetadata/action"));
        assert_eq!(quoted_after("The principal `a; reboot` lacks", "principal"), None);
        assert_eq!(
            quoted_after("Principal does not have access to API/Operation.", "principal"),
            None
        );
    }
}
