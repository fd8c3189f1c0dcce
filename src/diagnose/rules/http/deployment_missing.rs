//! The named deployment does not exist (fact H16), or Azure does not list it.

use crate::diagnose::headline::Clause;
use crate::diagnose::view::http::OwnCall;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::host_kind::host_kind;
use super::refusal_match::find_refusal;

pub(super) const RULE: Rule =
    rule!("http-deployment-missing", Http, "The deployment does not exist", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let Some(refusal) = find_refusal(e, RULE.id) else { return not_in_azure(e) };
    let account = host_kind(e).judge(e);
    let deployment = e.options.deployment.as_deref().unwrap_or("<deployment>");
    Some(
        refusal
            .finding(
                refusal.level(e),
                refusal.confidence(),
                format!("{account} has no deployment {deployment}"),
            )
            .reasoning("the service itself names the fault: DeploymentNotFound")
            .ruled_out("network, key and role as the cause: the service looked up the deployment")
            .owner("Application")
            .inspect(
                "see the deployments and their names",
                account::command(e, "deployment list", "-o table"),
            )
            .step(Step::local(
                "use the deployment's name, not the model's, in the application's configuration \
                 (keep the old line to undo it)",
            ))
            .step(Step::inspect("if it is new, wait and check again: it takes up to five minutes"))
            .check(reading::again(e)),
    )
}

/// The deployment answers, and Azure's list of the account's deployments does not have it: such a change
/// takes minutes to act (fact H115).
fn not_in_azure(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let wanted = e.options.deployment.as_deref()?;
    let all = azure.estate().deployments.proved()?;
    let listed = all.iter().any(|one| one.name.eq_ignore_ascii_case(wanted));
    let answered = e.http.own_call(e) == OwnCall::Answered;
    if listed || !answered || host_kind(e).is_gateway() {
        return None;
    }
    let account = reading::account(e);
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            Clause::from(format!(
                "{wanted} answers, and Azure lists no such deployment of {account}"
            ))
            .or("the deployment answers, and Azure does not list it"),
        )
        .fact(format!("{account} has {} deployments in Azure, and no {wanted}", all.len()))
        .cites("/azure/estate/deployments")
        .reasoning(
            "a deployment that is deleted answers for minutes more: the same call is answered with \
             404 then",
        )
        .reasoning("another account that answers under this name would look the same")
        .owner("Application")
        .inspect(
            "see the deployments and their names",
            account::command(e, "deployment list", "-o table"),
        )
        .check(reading::again(e)),
    )
}
