//! Refusals that name their own cause, and differ in nothing but their words: one row each
//! (facts H6, H30, H31, X16, X19).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::Step;
use crate::evidence::Evidence;

use super::aim::aim;
use super::said::said;

/// One documented refusal.
pub(in crate::diagnose) struct Row {
    id: &'static str,
    /// The clause of the first line, with `{account}` and `{deployment}` filled in.
    says: &'static str,
    /// What it means, in sentences.
    means: &'static [&'static str],
    /// What the answer excludes by what it says.
    excludes: &'static str,
    owner: &'static str,
    steps: fn(&Evidence, Because) -> Because,
}

const BLOCKED: Row = Row {
    id: "http-temporarily-blocked",
    says: "Azure has blocked {account} for the time being (abuse monitoring)",
    means: &[
        "the service answered from behind its network and key checks: it blocks the resource \
         because of what was sent or how (abuse monitoring), not because of where from",
        "nothing can be configured against it, and quota, network rules and roles have no part in \
         it; only a support request lifts it",
    ],
    excludes: "network rules and key as the cause: the answer names the block",
    owner: "Azure platform",
    steps: |_, because| {
        because
            .act(Step::look(
                "open a support request (technical, Azure OpenAI) with the apim-request-id, the \
                 time, the resource, region and deployment, and the whole 403",
            ))
            .act(Step::local(
                "hold traffic back meanwhile, retries first: each blocked call goes on being \
                 counted; lift it when the block is gone",
            ))
    },
};

const OWN_IDENTITY: Row = Row {
    id: "http-managed-identity-off",
    says: "{account} has no managed identity of its own, and this call needs one",
    means: &[
        "the account itself has to sign in to another service for this call (its own data, a \
         store), and its system-assigned identity is not enabled; the caller's identity is another \
         matter",
    ],
    excludes: "network and credential of the caller as the cause: the answer names the account's \
               identity",
    owner: "Azure platform",
    steps: |e, because| {
        because
            .look("see which identities the account has", account::command(e, "identity show", ""))
            .act(
                Step::shared(
                    "enable its system-assigned identity (Terraform: azurerm_cognitive_account, \
                     identity block), then give that identity its role on the other service",
                    "the account gets an identity; nothing else changes until a role is granted",
                )
                .command(account::command(e, "identity assign", ""))
                .undo(format!(
                    "{}; roles that were granted to it are lost",
                    account::command(e, "identity remove", "")
                )),
            )
    },
};

const RETIRED: Row = Row {
    id: "http-deployment-retired",
    says: "the model behind {deployment} is retired: 410",
    means: &["the deployment is there, and its model is no longer served"],
    excludes: "network, key and role as the cause: the answer names the model",
    owner: "Application",
    steps: |e, because| {
        because
            .look(
                "see the deployments, their models and versions",
                account::command(
                    e,
                    "deployment list",
                    "--query \"[].{name:name,model:properties.model.name,\
                     version:properties.model.version}\" -o table",
                ),
            )
            .act(
                Step::shared(
                    "deploy a model that is served under a new name and let the application use \
                     it (Terraform: azurerm_cognitive_deployment)",
                    "the quota of the account's region; callers of the old name are not changed",
                )
                .undo("delete the new deployment"),
            )
    },
};

const OUTBOUND: Row = Row {
    id: "http-outbound-restricted",
    says: "{account} may not call the host that this request names",
    means: &[
        "the account restricts its own outbound calls (restrictOutboundNetworkAccess), and the \
         host in the message is not in its list of allowed FQDNs: this machine's path is not the \
         cause",
    ],
    excludes: "this machine's network as the cause: the answer names the account's own outbound \
               calls",
    owner: "Azure platform",
    steps: |e, because| {
        because
            .look(
                "see the list",
                account::show(
                    e,
                    "properties.{restricted:restrictOutboundNetworkAccess,allowed:allowedFqdnList}",
                ),
            )
            .act(
                Step::shared(
                    "add the one host to the list (Terraform: azurerm_cognitive_account, fqdns); \
                     the restriction may be deliberate: ask the security team first",
                    "every caller of the account may then send data to that host through it",
                )
                .undo("take the host out of the list again"),
            )
    },
};

pub(super) const RULES: [Rule; 4] = [
    rule!(
        "http-temporarily-blocked",
        Http,
        "Azure has blocked the resource for the time being (abuse monitoring)",
        Documented(&BLOCKED)
    )
    .short("Azure has temporarily blocked the account"),
    rule!(
        "http-managed-identity-off",
        Http,
        "The account's own managed identity is not enabled",
        Documented(&OWN_IDENTITY)
    )
    .short("the account has no managed identity"),
    rule!(
        "http-deployment-retired",
        Http,
        "The model behind the deployment is retired",
        Documented(&RETIRED)
    ),
    rule!(
        "http-outbound-restricted",
        Http,
        "The account may not call the host that the request names",
        Documented(&OUTBOUND)
    ),
];

/// Whether the service refuses as `row` says.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<Because> {
    let said = said(e, row.id)?;
    let account = match aim(e).is_gateway() {
        true => "the account behind the gateway",
        false => reading::account(e),
    };
    let says = row
        .says
        .replace("{account}", account)
        .replace("{deployment}", e.asked.deployment.as_deref().unwrap_or("the deployment"));
    let mut because = said.because(said.level(e), said.sure(), says);
    for name in ["apim-request-id", "x-ms-region"] {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    for sentence in row.means {
        because = because.known_by(*sentence);
    }
    because = because.ruled_out(row.excludes).owner(row.owner);
    Some((row.steps)(e, because).check(reading::again(e)))
}
