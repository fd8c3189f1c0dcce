//! What a user says of credentials: options, and what only this machine can answer.

use std::time::Duration;

use crate::services::{self, Keys, Service};

/// Which source is taken (`--credential`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SourceChoice {
    /// The first configured source.
    #[default]
    Auto,
    /// No credential.
    None,
    /// The source of this name.
    Named(String),
}

impl SourceChoice {
    /// The source that was named.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::Auto | Self::None => None,
        }
    }
}

/// Where credentials may come from.
#[derive(Debug, Clone, Default)]
pub struct CredentialOptions {
    /// The service of the target: a key of another one is not for it.
    pub service: Option<&'static Service>,
    /// `--credential`.
    pub choice: SourceChoice,
    /// `--api-key-file`.
    pub api_key_file: Option<String>,
    /// `--token-file`.
    pub token_file: Option<String>,
    /// `--assertion-file`.
    pub assertion_file: Option<String>,
    /// `--identity`: a user-assigned managed identity.
    pub identity: Option<String>,
    /// The variable that an inventory names for the key of this target alone.
    pub key_variable: Option<String>,
    /// What only the machine can say.
    pub host: Host,
    /// How long to wait for the end of a pipe.
    pub pipe_timeout: Duration,
}

impl CredentialOptions {
    /// The keys that the target's service takes.
    #[must_use]
    pub fn keys(&self) -> Option<&'static Keys> {
        services::keys_of(self.service)
    }

    /// The same for a target of this service.
    #[must_use]
    pub fn for_service(&self, service: Option<&'static Service>) -> Self {
        Self { service, ..self.clone() }
    }
}

/// What only the machine can say, for the sources that no variable names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Host {
    /// Whether this is a virtual machine of Azure (fact T24).
    pub azure: Option<bool>,
    /// Whether Azure Arc's agent is installed (fact I10).
    pub arc_agent: bool,
}
