//! Ways to a token that an application may take, and this tool does not: said, never judged as
//! if they had been taken.

use super::acquisition::{level, no_token, source};
use super::profiles::profile;
use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::identity::TokenOutcome;

pub(super) const WAY: Rule = rule!(
    "identity-way-not-walked",
    Identity,
    "A token is obtained in a way that this tool does not support",
    Code(way)
);

pub(super) const TOKEN_PROXY: Rule = rule!(
    "identity-token-proxy",
    Identity,
    "Applications of this pod may ask the cluster's token proxy in place of Entra ID",
    Code(token_proxy)
)
.explains(&[
    "identity-application-unknown",
    "identity-tenant-unknown",
    "identity-tenant-common",
    "identity-tenant-elsewhere",
    "identity-assertion-expired",
    "identity-federation-issuer",
    "identity-federation-audience",
    "identity-federation-subject",
    "identity-federation-mismatch",
    "identity-federation-missing",
    "identity-federation-forbidden",
    "identity-conditional-access",
    "identity-entra-refused",
    "identity-login-front",
    "identity-login-host",
    "identity-no-way-out",
    "identity-token-unusable",
])
.short("applications may use a token proxy instead");

/// A note: the verdict stays open, for nothing is known of that token.
fn way(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let TokenOutcome::NotSupported { message } = &no.how.outcome else { return None };
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        Clause::from(format!("no token asked for: {message}")).or(message.as_str()),
    )
    .fact(format!("wanted: a token for {}, from {}", no.how.scope, source(e)))
    .fact(message);
    let finding = match profile(&no.how.source).is_managed {
        true if source(e) != "Service Fabric" => finding.reasoning(
            "an application sends its secret there; this tool sends one to a platform's endpoint \
             on this machine, its link or a private network alone",
        ),
        true => finding.reasoning(
            "IDENTITY_SERVER_THUMBPRINT is set together with IDENTITY_ENDPOINT: the SDKs ask Service \
             Fabric, which is trusted by that thumbprint",
        ),
        false => finding.reasoning("an application's own library may open this file"),
    };
    Some(
        finding
            .reasoning("whether a token comes is not known; the rest of the path was checked")
            .cites("/identity/acquisition/outcome")
            .owner("Application")
            .step(
                Step::local(
                    "write a token that the application obtained into a file (mode 600), and check \
                     with it",
                )
                .command(reading::again_with(e, "--token-file <file>")),
            ),
    )
}

fn token_proxy(e: &View<'_>) -> Option<FindingBuilder> {
    let names = &e.identity.configured.token_proxy;
    let first = names.first()?;
    let how = e.identity.acquisition.as_ref().filter(|how| profile(&how.source).has_token_proxy)?;
    // Without its address the others configure nothing.
    let whole = first == TOKEN_PROXY_VARIABLE;
    let (level, message) = match (&how.outcome, whole) {
        (_, false) => {
            (Level::Note, format!("{first} is set, and {TOKEN_PROXY_VARIABLE} is missing"))
        }
        (TokenOutcome::Acquired, true) => (
            Level::Note,
            "Entra ID was asked itself; applications may ask the cluster's token proxy".to_owned(),
        ),
        // What failed before any request fails for every application.
        (TokenOutcome::NotAsked { .. } | TokenOutcome::NotSupported { .. }, true) => return None,
        _ => (
            level(e),
            "no token of Entra ID itself; applications may ask the cluster's token proxy"
                .to_owned(),
        ),
    };
    let finding = FindingBuilder::new(level, Confidence::Possible, message)
        .fact(format!("set: {}", names.join(", ")))
        .reasoning(
            "an application with identity bindings sends its assertion to that proxy and not to \
             Entra ID; this tool does not: what it saw of Entra ID is not that application's path",
        )
        .reasoning(
            "the Azure SDK for Python asks the proxy with enable_azure_proxy=True alone, never in \
             DefaultAzureCredential: an application without it asks Entra ID, as was done here",
        )
        .step(Step::inspect("see whether the application's own code asks for the proxy"))
        .cites("/identity/configured/token_proxy")
        .owner("Application");
    Some(if whole {
        finding
            .step(Step::local(
                "with identity bindings: have the application build WorkloadIdentityCredential with the \
                 proxy enabled, not DefaultAzureCredential",
            ))
            .step(
                Step::shared(
                    "without identity bindings: remove the annotation that sets these variables from the \
                     pods",
                    "all pods of the deployment are replaced",
                )
                .undo("put the annotation back"),
            )
    } else {
        finding.step(Step::local(format!(
            "set {TOKEN_PROXY_VARIABLE} too, or unset {}",
            names.join(", ")
        )))
    })
}

/// The variable of the proxy's address; the others say how it is trusted (fact I4a).
const TOKEN_PROXY_VARIABLE: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
