//! A token that could not be asked for, or whose answer held none.

use super::acquisition::{bare_words, host, no_token, source};
use super::platform;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::identity::{TokenOutcome, TokenPurpose};

pub(super) const NOT_ASKED: Rule = rule!(
    "identity-token-not-asked",
    Identity,
    "The token could not be asked for: a file, a form or an address is wrong",
    Code(not_asked)
)
.short("the configuration prevents the token request");

pub(super) const UNUSABLE: Rule = rule!(
    "identity-token-unusable",
    Identity,
    "The answer to the request for a token holds no token",
    Code(unusable)
);

fn not_asked(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let TokenOutcome::NotAsked { says } = &no.how.outcome else { return None };
    if no.how.source == "azure-cli" {
        return None;
    }
    let because = no
        .because(Sure::Proved, bare_words(says))
        .seen(bare_words(says))
        .known_by("no request was made: what it needs is missing or wrong on this machine")
        .read_at("/identity/acquisition/outcome/says");
    let wrong = ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID"];
    if let Some(variable) = wrong.into_iter().find(|variable| says.starts_with(variable)) {
        return Some(
            because
                .owner("Application")
                .look("see what it holds", format!("printenv {variable}"))
                .act(Step::local(format!(
                    "correct {variable}, or unset it, and restart what reads it"
                ))),
        );
    }
    Some(match no.how.source.as_str() {
        "workload-identity" => because
            .owner("Azure platform")
            .look(
                "see what the pod got",
                "kubectl get pod <pod> -n <namespace> -o yaml | grep -A3 -e azure.workload -e AZURE_",
            )
            .act(platform::annotate_service_account())
            .act(platform::label_pod()),
        "client-certificate" => because
            .owner("Application")
            .look(
                "see what the file holds (never its key)",
                "openssl x509 -noout -subject -enddate -in \"$AZURE_CLIENT_CERTIFICATE_PATH\"",
            )
            .look(
                "or where it is PKCS#12 (asks for its password)",
                "openssl pkcs12 -info -nokeys -in \"$AZURE_CLIENT_CERTIFICATE_PATH\"",
            )
            .act(Step::local(
                "write one file, PEM or PKCS#12, with the certificate and its RSA key, for its \
                 owner alone; its password goes into AZURE_CLIENT_CERTIFICATE_PASSWORD",
            )),
        "managed-identity" => because.owner("Azure platform").act(Step::look(
            "see that the variable is the platform's own, not the name of a proxy or sidecar",
        )),
        _ => because
            .owner("Application")
            .act(Step::look(format!(
                "see what {} names: the file must be there and readable",
                source(e)
            )))
            .act(Step::look("see that AZURE_TENANT_ID and AZURE_CLIENT_ID are bare ids")),
    })
}

fn unusable(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let TokenOutcome::Unusable { says } = &no.how.outcome else { return None };
    let (index, request) = no.last?;
    if request.purpose == TokenPurpose::Arc || no.how.source == "azure-cli" {
        return None;
    }
    let place = host(&request.url);
    let owner = if request.path.is_some() { "Network" } else { "Azure platform" };
    Some(
        no.because(Sure::Inferred, format!("{place} answers without a token"))
            .seen(format!("{} {}: {}", request.method, place, bare_words(says)))
            .known_by("the answer accepts the request and holds no token")
            .known_by("something in between may have answered: a login page, an inspection device")
            .read_at(format!("/identity/acquisition/requests/{index}/outcome"))
            .owner(owner)
            .look(
                "see who answers there",
                format!("curl -sv {}", reading::word(&origin(&request.url))),
            )
            .act(
                Step::shared(
                    format!("let {place} through without a page in between"),
                    "every client behind that proxy or portal can then reach this host",
                )
                .undo("remove the rule again"),
            ),
    )
}

/// Scheme and host of a URL.
fn origin(url: &str) -> String {
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    format!("{scheme}://{}/", host(url))
}
