//! A token that could not be asked for, or whose answer held none.

use super::acquisition::{bare_words, host, no_token, source};
use super::profiles::{profile, program};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
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

fn not_asked(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let TokenOutcome::NotAsked { message } = &no.how.outcome else { return None };
    if program(&no.how.source).is_some() {
        return None;
    }
    let finding = no
        .finding(Confidence::Proved, bare_words(message))
        .fact(bare_words(message))
        .reasoning("no request was made: what it needs is missing or wrong on this machine")
        .cites("/identity/acquisition/outcome/message");
    let wrong = ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID"];
    if let Some(variable) = wrong.into_iter().find(|variable| message.starts_with(variable)) {
        return Some(
            finding
                .owner("Application")
                .inspect("see what it holds", format!("printenv {variable}"))
                .step(Step::local(format!(
                    "correct {variable}, or unset it, and restart what reads it"
                ))),
        );
    }
    Some((profile(&no.how.source).not_asked)(finding, source(e)))
}

fn unusable(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let TokenOutcome::Unusable { message } = &no.how.outcome else { return None };
    let (index, request) = no.last?;
    if request.purpose == TokenPurpose::Arc || program(&no.how.source).is_some() {
        return None;
    }
    let place = host(&request.url);
    let owner = if request.path.is_some() { "Network" } else { "Azure platform" };
    Some(
        no.finding(Confidence::Inferred, format!("{place} answers without a token"))
            .fact(format!("{} {}: {}", request.method, place, bare_words(message)))
            .reasoning("the answer accepts the request and holds no token")
            .reasoning("something in between may have answered: a login page, an inspection device")
            .cites(format!("/identity/acquisition/requests/{index}/outcome"))
            .owner(owner)
            .inspect(
                "see who answers there",
                format!("curl -sv {}", reading::word(&origin(&request.url))),
            )
            .step(
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
