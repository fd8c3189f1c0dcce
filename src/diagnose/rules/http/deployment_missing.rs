//! The deployment that was named does not exist (fact H16).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::Step;

use super::said::said;

pub(super) const RULE: Rule =
    rule!("http-deployment-missing", Http, "The deployment does not exist", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let account = reading::account(e);
    let deployment = e.asked.deployment.as_deref().unwrap_or("<deployment>");
    Some(
        said.because(
            said.level(e),
            said.sure(),
            format!("{account} has no deployment {deployment}"),
        )
        .known_by("the service names the fault itself: DeploymentNotFound")
        .ruled_out("network, key and role as the cause: the service looked the deployment up")
        .owner("Application")
        .look(
            "see the deployments and their names",
            account::command(e, "deployment list", "-o table"),
        )
        .act(Step::local(
            "put the deployment's name, not the model's, into the application's configuration \
             (keep the old line to undo it)",
        ))
        .act(Step::look("wait and walk again, if it is new: it needs up to five minutes"))
        .check(reading::again(e)),
    )
}
