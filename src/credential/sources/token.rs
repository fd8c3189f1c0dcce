//! A token in the variable that the SDKs read.

use super::{Detected, Source};

/// The variable that the Azure SDKs read a token from.
pub const VARIABLE: &str = "AZURE_OPENAI_AD_TOKEN";

pub(super) const SOURCE: Source = Source {
    name: "token",
    title: "an Entra token from AZURE_OPENAI_AD_TOKEN",
    variables: &[VARIABLE],
    secret_variables: &[VARIABLE],
    read_first_by_an_sdk: true,
    detect: |probe| Detected::variable(probe, VARIABLE),
    ..Source::BASE
};
