//! A key where a token belongs, or a token where a key belongs (facts I1, W11).

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
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
    "What is given as a token is no token",
    Code(token_is_key)
)
.explains(&["identity-key-refused", "identity-token-refused", "identity-unauthorized"])
.short("the value sent as a token is not a token");

fn key_is_token(e: &View<'_>) -> Option<Because> {
    let (kind, form) = (e.identity.kind, e.identity.looks_like?);
    if kind != CredentialKind::ApiKey || form != CredentialForm::Jwt {
        return None;
    }
    let said = rejected(e)?;
    let source = source(e);
    Some(
        said.because(
            said.level(e),
            Sure::Proved,
            format!("{source} holds a token, and it was sent as an API key"),
        )
        .known_by("its form is a JWT's, and a token in the header api-key is refused")
        .read_at("/identity/looks_like")
        .owner("Application")
        .act(Step::local(
            "put the token into AZURE_OPENAI_AD_TOKEN: it goes as Authorization: Bearer",
        ))
        .act(Step::local(format!("or put an API key into {source}")))
        .check(reading::again(e)),
    )
}

fn token_is_key(e: &View<'_>) -> Option<Because> {
    let (kind, form) = (e.identity.kind, e.identity.looks_like?);
    if kind != CredentialKind::Token || form != CredentialForm::Opaque {
        return None;
    }
    let said = rejected(e)?;
    let source = source(e);
    Some(
        said.because(
            said.level(e),
            Sure::Inferred,
            format!("{source} holds no token, and it was sent as one"),
        )
        .known_by("a token for this service is a JWT, and this value is none: perhaps an API key")
        .read_at("/identity/looks_like")
        .owner("Application")
        .act(Step::local("put an API key into AZURE_OPENAI_API_KEY: it goes in the header api-key"))
        .act(Step::local(format!("or put a token into {source}")))
        .check(reading::again(e)),
    )
}
