//! No credential was given: the service's own 401 proves the path, and nothing more (H28).

use crate::diagnose::rules::http::refusal_match::{find_refusal, pointer, request};
use crate::diagnose::rules::http::refusals::Leaves;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::identity::{CredentialKind, TokenOutcome};
use crate::services::{self, Service};

use super::acquisition::{bare_words, failed, source};

pub(super) const RULE: Rule = rule!(
    "identity-not-tested",
    Identity,
    "No credential was given: authentication was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if e.identity.kind != CredentialKind::None {
        return None;
    }
    // The platform was asked because it is there, and has none to give: that is no fault.
    let asked = failed(e);
    // An application whose SDK leaves out what is configured for it gets no token.
    let skipped = e.identity.skipped_sources.iter().enumerate();
    let left_out =
        { skipped }.find_map(|(index, other)| Some((index, other, other.left_out_by.as_deref()?)));
    let level = if left_out.is_some() { Level::Risk } else { Level::Note };
    let message = match asked {
        _ if left_out.is_some() => "AZURE_TOKEN_CREDENTIALS leaves no credential",
        Some(_) => "authentication was not tested: the platform gives no token",
        None => "no credential was given: authentication was not tested",
    };
    let finding = match find_refusal(e, RULE.id) {
        Some(said) => said
            .finding(level, Confidence::Proved, message)
            .reasoning(format!(
                "{} to a call without a credential is the answer of a front door that works",
                said.answer.status
            ))
            .reasoning("it says nothing about network rules, which may be asked later"),
        None => {
            // A list for a call without a credential is a risk of its own (http-success-unproved).
            let call = e.http.main().filter(|main| main.leaves(Leaves::Unproved))?.call;
            FindingBuilder::new(level, Confidence::Proved, message)
                .fact(format!("{} was answered without a credential", request(call)))
                .reasoning("something in front may add one, or this host asks for none")
                .cites(pointer(0))
        }
    };
    let finding = match asked {
        Some(no) => {
            let why = match &no.how.outcome {
                TokenOutcome::Unusable { message } | TokenOutcome::NotAsked { message } => {
                    bare_words(message)
                }
                TokenOutcome::Refused => "it refuses".to_owned(),
                _ => "it does not answer".to_owned(),
            };
            finding
                .fact(format!("{} was asked, since it is there: {why}", source(e)))
                .reasoning("no variable and no option named a managed identity")
                .cites("/identity/acquisition/outcome")
        }
        None => finding,
    };
    let mut finding = finding.not_tested().cites("/identity/kind");
    if let Some((index, other, variable)) = left_out {
        finding = finding
            .fact(format!("{} gives no token: {}", other.source, other.reason))
            .reasoning("an application that creates its credential itself ignores the variable")
            .cites(format!("/identity/skipped_sources/{index}"))
            .owner("Application")
            .inspect("see its value", format!("printenv {variable}"))
            .step(
                Step::local(format!(
                    "set {variable} to prod or to the credential that is intended, or unset it"
                ))
                .undo("set the former value again"),
            );
    }
    // A key of another service is the likely reason that none went.
    let own = services::keys_of(reading::service(e));
    let keys = || services::all_keys().filter(|keys| Some(*keys) != own);
    for other in &e.identity.skipped_sources {
        if keys().any(|keys| keys.variables.contains(&other.source.as_str())) {
            finding = finding.fact(format!("{} was not sent: {}", other.source, other.reason));
        }
    }
    if reading::service(e).is_some_and(Service::asks_anonymously) {
        return Some(finding.reasoning("no caller is tested at this service: only the path is"));
    }
    let Some(keys) = services::keys_of(reading::service(e)) else {
        return Some(
            finding
                .reasoning(
                    "it takes tokens alone: AZURE_TENANT_ID and AZURE_CLIENT_ID with \
                     AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or \
                     AZURE_FEDERATED_TOKEN_FILE would do, or --credential managed-identity or \
                     azure-cli",
                )
                .decide_with(reading::again_with(e, "--credential azure-cli")),
        );
    };
    let variable = keys.variables[0];
    Some(
        finding
            .reasoning(format!(
                "a key in {variable} would do, or AZURE_TENANT_ID and AZURE_CLIENT_ID \
                 with AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or \
                 AZURE_FEDERATED_TOKEN_FILE, or --credential managed-identity or azure-cli"
            ))
            .decide_with(format!("{variable}=<key> {}", reading::again(e))),
    )
}
