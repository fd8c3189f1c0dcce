//! The refusal speaks of another kind of credential than the one that was sent: what answers got
//! another one, or only copies the service's words (fact H37).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::CredentialKind;

use super::credential::credential;
use super::role_missing::{named_action, named_caller};
use super::roles::{grant, role_for};

pub(super) const RULE: Rule = rule!(
    "identity-credential-replaced",
    Identity,
    "The refusal is about another credential than the one sent",
    Code(check)
)
.short("the refusal is about a credential that was not sent");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let aim = host_kind(e);
    let (sent, about) = match e.identity.kind {
        CredentialKind::Token => ("a token", "a key"),
        _ => ("a key", "a token"),
    };
    let message = format!("the refusal is about {about}, and {sent} was sent");
    let finding = said
        .finding(said.level(e), Confidence::Inferred, message)
        .fact(format!("called with {}", credential(e)))
        .cites("/identity/kind");
    let finding = finding
        .reasoning(format!(
            "the service judges the credential that it gets: either something on the path calls it \
             with {about} of its own, which is then what is refused, or the text is a copy"
        ))
        .reasoning("so the answer shows nothing of the caller's own credential or rights")
        .owner("Application")
        .step(Step::inspect(format!(
            "find out what answers at {}, and with which credential it calls the account",
            e.target.host
        )));
    let text = text(said.answer).unwrap_or_default();
    let finding = match (named_caller(text), named_action(text)) {
        (None, None) => finding,
        (principal, action) => role_of_other(e, finding, principal, action),
    };
    let finding = match aim.is_gateway() {
        true => {
            let (words, command) = aim.keys(e);
            finding.inspect(words, command)
        }
        false => finding.decide_with(format!("curl -sv https://{}/ -o /dev/null", e.target.host)),
    };
    Some(
        finding
            .step(Step::inspect(
                "have the team that runs it correct its own credential, or pass the caller's on; \
                 the caller's needs no change for this",
            ))
            .check(reading::again(e)),
    )
}

/// What the answer says of the other caller's role. Its name came from the network: the step gives it
/// nothing before it is known whose it is.
fn role_of_other(
    e: &View<'_>,
    finding: FindingBuilder,
    principal: Option<&str>,
    action: Option<&str>,
) -> FindingBuilder {
    let finding = match (principal, action) {
        (Some(principal), Some(action)) => finding
            .fact(format!("{principal} lacks the data action {action}"))
            .inspect("see whose identity it is", format!("az ad sp show --id {principal}")),
        (Some(principal), None) => finding
            .fact(format!("the refused caller is {principal}"))
            .inspect("see whose identity it is", format!("az ad sp show --id {principal}")),
        (None, Some(action)) => finding.fact(format!("the data action {action} is missing")),
        (None, None) => finding,
    };
    let role = action.and_then(|action| role_for(e, action));
    match role {
        Some(role) => finding.step(grant(
            e,
            "if it is the identity of what answers, such as an API Management, give it",
            principal.unwrap_or("<object id of the identity>"),
            None,
            role,
        )),
        None => finding,
    }
}
