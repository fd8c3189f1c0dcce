//! The named deployment does not exist (fact H16).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::Step;

use super::host_kind::host_kind;
use super::refusal_match::find_refusal;

pub(super) const RULE: Rule =
    rule!("http-deployment-missing", Http, "The deployment does not exist", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
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
