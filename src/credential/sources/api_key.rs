//! An API key of the target's service, in the variable that its SDKs and samples read.

use super::{CredentialKind, Detected, Source};
use crate::services::azure_ai;

/// The variable of an account's key.
pub const VARIABLE: &str = azure_ai::KEYS.variables[0];

pub(super) const SOURCE: Source = Source {
    name: "api-key",
    title: "an API key of the target's service, such as AZURE_OPENAI_API_KEY",
    kind: CredentialKind::ApiKey,
    variables: &[VARIABLE],
    of_service: true,
    secret_variables: &[VARIABLE],
    detect: |probe| {
        let variables = SOURCE.own_variables(probe.options, probe.environment);
        let found = Detected::variable(probe, variables.first()?)?;
        // Its value was put in the place of the service's own variable.
        let label = probe.options.key_variable.clone().unwrap_or(found.label);
        Some(Detected { label, ..found })
    },
    ..Source::BASE
};
