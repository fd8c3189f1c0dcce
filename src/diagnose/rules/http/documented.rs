//! Refusals that name their own cause: a row each (facts H6, H30, H31, X16, X19).

use crate::diagnose::engines::documented_refusal::{Leg, Row};
use crate::diagnose::{Rule, account};
use crate::diagnosis::Step;

/// The account signs in to another service, for a request that needs it (fact X19).
const SIGN_IN: Leg = Leg {
    caller: "the account",
    callee: "the service that the request names (its data, a store)",
    refuser: "the account itself",
    inside: None,
    untestable: "no client can test the account's own calls: they leave from its network with its \
                 identity",
};

/// The account calls a host that the request names (fact H6).
const CALL_OUT: Leg = Leg {
    caller: "the account",
    callee: "the host in the message",
    refuser: "the account itself",
    inside: None,
    untestable: "no client can test the account's own calls: a check of that host from here does \
                 not pass the account's list of allowed hosts",
};

const BLOCKED: Row = Row {
    message: "Azure has temporarily blocked {account} (abuse monitoring)",
    means: &[
        "the call passed the network and key checks: the service blocks the resource because of \
         what was sent to it or how (abuse monitoring), not because of where calls come from",
        "no setting changes this: quota, network rules and roles are not involved, and only a \
         support request lifts the block",
    ],
    excludes: "network rules and the key as the cause: the answer names the block",
    owner: "Azure platform",
    leg: None,
    steps: |_, finding| {
        finding
            .step(Step::inspect(
                "open a support request (technical, Azure OpenAI) with the apim-request-id, the \
                 time, the resource, region and deployment, and the whole 403",
            ))
            .step(Step::local(
                "meanwhile reduce traffic, retries first, since blocked calls still count; \
                 restore it when the block is lifted",
            ))
    },
};

const OWN_IDENTITY: Row = Row {
    message: "{account} has no managed identity, and this call requires one",
    means: &[
        "for this call, the account itself has to sign in to another service (its data, a store), \
         and its system-assigned identity is not enabled; the caller's identity is not the cause",
    ],
    excludes: "the caller's network and credential as the cause: the answer names the account's \
               identity",
    owner: "Azure platform",
    leg: Some(&SIGN_IN),
    steps: |e, finding| {
        finding
            .inspect(
                "see which identities the account has",
                account::command(e, "identity show", ""),
            )
            .step(
                Step::shared(
                    "enable its system-assigned identity (Terraform: azurerm_cognitive_account, \
                     identity block), then give that identity its role on the other service",
                    "the account gets an identity; nothing else changes until a role is granted",
                )
                .command(account::command(e, "identity assign", ""))
                .undo(format!(
                    "{}; roles granted to it are lost",
                    account::command(e, "identity remove", "")
                )),
            )
    },
};

const RETIRED: Row = Row {
    message: "the model behind {deployment} is retired: 410",
    means: &["the deployment exists, but its model is no longer served"],
    excludes: "network, key and role as the cause: the answer names the model",
    owner: "Application",
    leg: None,
    steps: |e, finding| {
        finding
            .inspect(
                "see the deployments, their models and versions",
                account::command(
                    e,
                    "deployment list",
                    "--query \"[].{name:name,model:properties.model.name,\
                     version:properties.model.version}\" -o table",
                ),
            )
            .step(
                Step::shared(
                    "deploy a current model under a new deployment name and switch the \
                     application to it (Terraform: azurerm_cognitive_deployment)",
                    "the quota of the account's region; callers of the old name are not affected",
                )
                .undo("delete the new deployment"),
            )
    },
};

const OUTBOUND: Row = Row {
    message: "{account} is not allowed to call the host in this request",
    means: &[
        "the account restricts its own outbound calls (restrictOutboundNetworkAccess), and the \
         host in the message is not in its list of allowed FQDNs; this machine's path is not the \
         cause",
    ],
    excludes: "this machine's network as the cause: the answer names the account's own outbound \
               calls",
    owner: "Azure platform",
    leg: Some(&CALL_OUT),
    steps: |e, finding| {
        finding
            .inspect(
                "see the list",
                account::show(
                    e,
                    "properties.{restricted:restrictOutboundNetworkAccess,allowed:allowedFqdnList}",
                ),
            )
            .step(
                Step::shared(
                    "add only this host to the list (Terraform: azurerm_cognitive_account, \
                     fqdns); the restriction may be deliberate: ask the security team first",
                    "every caller of the account can then send data to that host through it",
                )
                .undo("remove the host from the list again"),
            )
    },
};

pub(super) const RULES: [Rule; 4] = [
    rule!(
        "http-temporarily-blocked",
        Http,
        "Azure has temporarily blocked the resource (abuse monitoring)",
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
        "The account is not allowed to call the host named in the request",
        Documented(&OUTBOUND)
    )
    .short("the account may not call the host requested"),
];
