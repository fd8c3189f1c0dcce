//! A token that could not be asked for, or whose answer held none.

use super::acquisition::{bare_words, host, no_token, source};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::identity::{TokenOutcome, TokenPurpose};
use crate::evidence::{Evidence, Hop};

pub(super) const NOT_ASKED: Rule = Rule {
    id: "identity-token-not-asked",
    hop: Hop::Identity,
    title: "The token could not be asked for: a file, a form or an address is wrong",
    page: include_str!("../../../../docs/findings/identity-token-not-asked.md"),
    explains: &[],
    check: not_asked,
};

pub(super) const AZURE_CLI: Rule = Rule {
    id: "identity-azure-cli",
    hop: Hop::Identity,
    title: "The Azure CLI gives no token, or one that not every SDK takes",
    page: include_str!("../../../../docs/findings/identity-azure-cli.md"),
    explains: &[],
    check: azure_cli,
};

pub(super) const UNUSABLE: Rule = Rule {
    id: "identity-token-unusable",
    hop: Hop::Identity,
    title: "The answer to the request for a token holds no token",
    page: include_str!("../../../../docs/findings/identity-token-unusable.md"),
    explains: &[],
    check: unusable,
};

fn not_asked(e: &Evidence) -> Option<Because> {
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
                .step(format!("correct {variable}, or unset it")),
        );
    }
    Some(match no.how.source.as_str() {
        "workload-identity" => because
            .owner("Platform")
            .look(
                "see what the pod got",
                "kubectl get pod <pod> -o yaml | grep -A3 -e azure.workload -e AZURE_",
            )
            .step("label the pod azure.workload.identity/use: \"true\" and make it anew")
            .step("annotate its service account with azure.workload.identity/client-id"),
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
            .step(
                "one file, PEM or PKCS#12, with the certificate and its RSA key; its password in \
                 AZURE_CLIENT_CERTIFICATE_PASSWORD",
            ),
        "managed-identity" => because
            .owner("Platform")
            .step("see that the variable is the platform's own, and no proxy's or sidecar's name"),
        _ => because
            .owner("Application")
            .step(format!("see what {} names: the file must be there and readable", source(e)))
            .step("see that AZURE_TENANT_ID and AZURE_CLIENT_ID are bare ids"),
    })
}

fn azure_cli(e: &Evidence) -> Option<Because> {
    if let Some(refused) = sdk_refuses(e) {
        return Some(refused);
    }
    let no = no_token(e)?;
    let (TokenOutcome::NotAsked { says } | TokenOutcome::Unusable { says }) = &no.how.outcome
    else {
        return None;
    };
    if no.how.source != "azure-cli" {
        return None;
    }
    let words = bare_words(says);
    let lower = words.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let (says, mends) = if has(&["found on path"]) {
        ("az is not installed, or not on PATH".to_owned(), "install it, or put it on PATH")
    } else if has(&["az login", "az account set"]) {
        ("az is not logged in".to_owned(), "log in, in the tenant of the account")
    } else if has(&["2.54.0"]) {
        ("az is older than 2.54.0".to_owned(), "bring it up to date: az upgrade")
    } else if has(&["did not end within", "timed out"]) {
        (
            format!("az did not end within {} ms", e.asked.timeout_ms),
            "see what it waits for: a proxy, a login that asks; a longer --timeout lets it end",
        )
    } else {
        (format!("az: {words}"), "see what it says when it is run by hand")
    };
    let mut because = no
        .because(Sure::Proved, says)
        .seen(format!("az says: {words}"))
        .known_by("the program's own words, run as the Azure SDKs run it")
        .read_at("/identity/acquisition/outcome/says")
        .owner("Application")
        .step(mends)
        .look("see the version", "az version")
        .look("see who is logged in", "az account show");
    because = because.change(
        "log in",
        match &no.how.tenant {
            Some(tenant) => format!("az login --tenant {}", reading::word(tenant)),
            None => "az login --tenant <tenant of the account>".to_owned(),
        },
    );
    Some(because)
}

/// A token of the CLI that not every SDK takes.
fn sdk_refuses(e: &Evidence) -> Option<Because> {
    let how = e.identity.acquisition.as_ref()?;
    let words = bare_words(how.sdk_refuses.as_deref()?);
    let says = match words.contains("2.54.0") {
        true => "az is older than 2.54.0: the SDK for Rust refuses its answer",
        false => "the SDK for Rust refuses az's answer",
    };
    Some(
        Because::new(Level::Risk, Sure::Inferred, says)
            .seen(format!("the SDK for Rust says: {words}"))
            .known_by("the SDK for Python takes the token, and this walk went on with it")
            .known_by("whether the application's own SDK takes it depends on its language")
            .read_at("/identity/acquisition/sdk_refuses")
            .owner("Application")
            .look("see the version", "az version")
            .step("bring it up to date: az upgrade")
            .check(reading::again(e)),
    )
}

fn unusable(e: &Evidence) -> Option<Because> {
    let no = no_token(e)?;
    let TokenOutcome::Unusable { says } = &no.how.outcome else { return None };
    let (index, request) = no.last?;
    if request.purpose == TokenPurpose::Arc || no.how.source == "azure-cli" {
        return None;
    }
    let place = host(&request.url);
    let owner = if request.path.is_some() { "Network" } else { "Platform" };
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
            .step(format!("let {place} through without a page in between")),
    )
}

/// Scheme and host of a URL.
fn origin(url: &str) -> String {
    let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
    format!("{scheme}://{}/", host(url))
}
