//! A key where a token belongs, or a token where a key belongs (facts I1, W11).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::{CredentialForm, CredentialKind};

use super::credential::{rejected, source};

pub(super) const KEY_IS_TOKEN: Rule = rule!(
    "identity-key-is-token",
    Identity,
    "What is given as an API key is a token",
    Code(key_is_token)
)
.explains(&["identity-key-refused", "identity-token-refused", "identity-unauthorized"])
.short("a token was sent as an API key");

pub(super) const TOKEN_IS_KEY: Rule = rule!(
    "identity-token-is-key",
    Identity,
    "The value that is given as a token is not one",
    Code(token_is_key)
)
.explains(&["identity-key-refused", "identity-token-refused", "identity-unauthorized"])
.short("the value sent as a token is not a token");

fn key_is_token(e: &View<'_>) -> Option<FindingBuilder> {
    let (kind, form) = (e.identity.kind, e.identity.looks_like?);
    if kind != CredentialKind::ApiKey || form != CredentialForm::Jwt {
        return None;
    }
    let said = rejected(e)?;
    let source = source(e);
    Some(
        said.finding(
            said.level(e),
            Confidence::Proved,
            format!("{source} holds a token, and it was sent as an API key"),
        )
        .reasoning("its form is a JWT's, and a token in the header api-key is refused")
        .cites("/identity/looks_like")
        .owner("Application")
        .step(Step::local(
            "put the token into AZURE_OPENAI_AD_TOKEN: it goes as Authorization: Bearer",
        ))
        .step(Step::local(format!("put an API key into {source}")).or())
        .check(reading::again(e)),
    )
}

fn token_is_key(e: &View<'_>) -> Option<FindingBuilder> {
    let (kind, form) = (e.identity.kind, e.identity.looks_like?);
    if kind != CredentialKind::Token || form == CredentialForm::Jwt {
        return None;
    }
    let said = rejected(e)?;
    let source = source(e);
    Some(
        said.finding(
            said.level(e),
            Confidence::Inferred,
            format!("{source} holds no token, and it was sent as one"),
        )
        .reasoning("a token for this service is a JWT, and this value is not: perhaps an API key")
        .cites("/identity/looks_like")
        .owner("Application")
        .step(Step::local(
            "put an API key into AZURE_OPENAI_API_KEY: it goes in the header api-key",
        ))
        .step(Step::local(format!("put a token into {source}")).or())
        .check(reading::again(e)),
    )
}
