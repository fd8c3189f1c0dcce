//! Ways to a token that an application may take, and this tool does not: said, never judged as
//! if they had been walked.

use super::acquisition::{level, no_token, source};
use crate::diagnose::headline::Clause;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::identity::TokenOutcome;

pub(super) const WAY: Rule = rule!(
    "identity-way-not-walked",
    Identity,
    "A token is got in a way that this tool does not walk",
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
fn way(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let TokenOutcome::NotSupported { says } = &no.how.outcome else { return None };
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        Clause::from(format!("no token asked for: {says}")).or(says.as_str()),
    )
    .seen(format!("wanted: a token for {}, from {}", no.how.scope, source(e)))
    .seen(says);
    let because = match no.how.source.as_str() {
        "managed-identity" if source(e) != "Service Fabric" => because.known_by(
            "an application sends its secret there; this tool sends one to a platform's endpoint \
             on this machine, its link or a private network alone",
        ),
        "managed-identity" => because.known_by(
            "IDENTITY_SERVER_THUMBPRINT is set beside IDENTITY_ENDPOINT: the SDKs ask Service \
             Fabric, which is trusted by that thumbprint",
        ),
        _ => because.known_by("an application's own library may open this file"),
    };
    Some(
        because
            .known_by("whether a token comes is not known; the rest of the path was walked")
            .read_at("/identity/acquisition/outcome")
            .owner("Application")
            .act(
                Step::local(
                    "write a token that the application got into a file (mode 600), and walk with \
                     it",
                )
                .command(reading::again_with(e, "--token-file <file>")),
            ),
    )
}

fn token_proxy(e: &View<'_>) -> Option<Because> {
    let names = &e.identity.configured.token_proxy;
    let first = names.first()?;
    let how = e.identity.acquisition.as_ref().filter(|how| how.source == "workload-identity")?;
    // Without its address the others configure nothing.
    let whole = first == TOKEN_PROXY_VARIABLE;
    let (level, says) = match (&how.outcome, whole) {
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
    let because = Because::new(level, Sure::Possible, says)
        .seen(format!("set: {}", names.join(", ")))
        .known_by(
            "an application with identity bindings sends its assertion to that proxy and not to \
             Entra ID; this tool does not: what it saw of Entra ID is not that application's path",
        )
        .known_by(
            "the Azure SDK for Python asks the proxy with enable_azure_proxy=True alone, never in \
             DefaultAzureCredential: an application without it asks Entra ID, as was done here",
        )
        .act(Step::look("see whether the application's own code asks for the proxy"))
        .read_at("/identity/configured/token_proxy")
        .owner("Application");
    Some(if whole {
        because
            .act(Step::local(
                "with identity bindings: build the credential with the proxy enabled, by itself",
            ))
            .act(
                Step::shared(
                    "without: take the annotation that sets these variables from the pods",
                    "all pods of the deployment are made anew",
                )
                .undo("put the annotation back"),
            )
    } else {
        because.act(Step::local(format!(
            "set {TOKEN_PROXY_VARIABLE} too, or unset {}",
            names.join(", ")
        )))
    })
}

/// The variable of the proxy's address; the others say how it is trusted (fact I4a).
const TOKEN_PROXY_VARIABLE: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
