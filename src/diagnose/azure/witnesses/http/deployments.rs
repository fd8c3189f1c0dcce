//! The account's deployments (fact C22).

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs;
use crate::evidence::azure::Deployment;

/// Deployments that a line names, at most.
const NAMED: usize = 10;

fn find<'a>(azure: &AzureView<'a>, name: &str) -> Option<&'a Deployment> {
    let all = azure.estate().deployments.items();
    all.iter().find(|deployment| deployment.name.eq_ignore_ascii_case(name))
}

/// The service does not find it: whether it is there, under another name, or paused.
pub(super) fn missing(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let wanted = view.options.deployment.as_deref()?;
    // Where Azure alone says so, there is no answer that it could explain.
    view.http.deployment()?.row?;
    let account = reading::account(view);
    let Some(all) = azure.estate().deployments.proved() else {
        let id = &azure.estate().account.known()?.id;
        let action = "Microsoft.CognitiveServices/accounts/deployments/read";
        let right = needs::missing(&azure.estate().deployments, action, id)?;
        return Some(Ruling::Open(vec![right]));
    };
    let base = Proof::default().cites("/estate/deployments");
    let Some(deployment) = find(azure, wanted) else {
        let names: Vec<&str> = all.iter().take(NAMED).map(|one| one.name.as_str()).collect();
        let of_model = all.iter().find(|one| {
            one.model.as_deref().is_some_and(|model| model.eq_ignore_ascii_case(wanted))
        });
        let proof = base.fact(match names.as_slice() {
            [] => format!("{account} has no deployment at all"),
            names => format!("deployments of {account}: {}", names.join(", ")),
        });
        return Some(Ruling::Proves(match of_model {
            Some(other) => proof
                .headline(
                    Clause::from(format!("{wanted} is a model; its deployment is {}", other.name))
                        .or(format!("{wanted} is a model's name, not a deployment's")),
                )
                .reasoning(format!(
                    "{wanted} is the name of a model; {account} has it under the deployment {}, \
                     which is the name that calls use",
                    other.name
                )),
            None => proof.reasoning(format!(
                "the account's whole list of deployments has no {wanted}, and the service says so \
                 too: DeploymentNotFound"
            )),
        }));
    };
    let name = &deployment.name;
    let is = |state: &Option<String>, word: &str| {
        state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case(word))
    };
    if is(&deployment.deployment_state, "Paused") {
        return Some(Ruling::Proves(
            base.headline(format!("the deployment {name} is Paused"))
                .fact(format!("{name}: deploymentState Paused"))
                .reasoning("Azure shows the deployment Paused: it answers no call until it runs"),
        ));
    }
    let state = deployment.provisioning_state.as_deref().unwrap_or("not shown");
    if !state.eq_ignore_ascii_case("Succeeded") {
        return Some(Ruling::Proves(
            base.headline(format!("the deployment {name} is not ready: {state}"))
                .fact(format!("{name}: provisioningState {state}"))
                .reasoning("Azure has the deployment, and it is not ready for calls"),
        ));
    }
    Some(Ruling::Notes(
        base.headline(
            Clause::from(format!(
                "Azure has the deployment {name}, and the service does not find it"
            ))
            .or(format!("the service does not find {name}, which Azure has")),
        )
        .fact(format!("{name}: provisioningState Succeeded"))
        .reasoning(format!(
            "Azure and the service disagree: {name} was created minutes ago (up to five are \
             usual), or the call went to another account than {account}"
        )),
    ))
}

/// The deployment that refused an empty request.
pub(super) fn exists(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    azure.estate().deployments.proved()?;
    let deployment = find(azure, view.options.deployment.as_deref()?)?;
    Some(Ruling::Proves(
        Proof::default()
            .fact(described(deployment))
            .reasoning("Azure lists the deployment, and it refused an empty request")
            .reasoning("no completion was made, so no tokens were consumed")
            .cites("/estate/deployments"),
    ))
}

/// The capacity behind a limit.
pub(super) fn capacity(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let deployments = azure.estate().deployments.items();
    let named = view.options.deployment.as_deref().and_then(|name| find(azure, name));
    let facts: Vec<String> = match named {
        Some(deployment) => vec![described(deployment)],
        None => deployments.iter().take(NAMED).map(described).collect(),
    };
    if facts.is_empty() {
        return None;
    }
    Some(Ruling::Notes(
        facts.into_iter().fold(Proof::default(), Proof::fact).cites("/estate/deployments"),
    ))
}

fn described(deployment: &Deployment) -> String {
    let model = deployment.model.as_deref().unwrap_or("model not shown");
    let sku = deployment.sku.as_deref().unwrap_or("sku not shown");
    let capacity =
        deployment.capacity.map_or_else(String::new, |capacity| format!(", capacity {capacity}"));
    format!("deployment {}: {model}, {sku}{capacity}", deployment.name)
}
