//! An API key in the variable that the SDKs read.

use super::{CredentialKind, Detected, Source};

/// The variable that the Azure SDKs read an API key from.
pub const VARIABLE: &str = "AZURE_OPENAI_API_KEY";

pub(super) const SOURCE: Source = Source {
    name: "api-key",
    title: "an API key from AZURE_OPENAI_API_KEY",
    kind: CredentialKind::ApiKey,
    variables: &[VARIABLE],
    secret_variables: &[VARIABLE],
    detect: |probe| Detected::variable(probe, VARIABLE),
    ..Source::BASE
};
