//! Asks for a token: what a source's flow says of it becomes evidence. The network is the
//! caller's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;

use super::flow::{Authority, TokenFlow};
use super::outbound::SendRequest;
use crate::evidence::identity::{TokenClaims, TokenOutcome};
use crate::secret::Secret;
use crate::world::Environment;

/// What a token is asked for, and by what means.
pub struct AcquireParams<'a> {
    /// The scope, e.g. `https://cognitiveservices.azure.com/.default`.
    pub scope: &'a str,
    /// Who gives tokens.
    pub authority: &'a Authority,
    /// Signs assertions.
    pub provider: &'a Arc<CryptoProvider>,
    /// How long a file or a program may take.
    pub timeout: Duration,
    /// This machine's clock.
    pub now: SystemTime,
    /// The environment, of which a program gets what it needs.
    pub environment: &'a Environment,
}

/// What asking for a token led to.
pub struct AcquireResult {
    /// The token.
    pub token: Option<Secret>,
    /// The same as evidence.
    pub outcome: TokenOutcome,
    /// What was seen meanwhile.
    pub notes: AcquireNotes,
}

/// What was seen while a token was asked for.
#[derive(Default)]
pub struct AcquireNotes {
    /// The claims of the assertion that was presented.
    pub assertion: Option<TokenClaims>,
    /// Whether the assertion's file begins or ends with a blank or a line end.
    pub assertion_has_blank_ends: bool,
    /// Why the SDK for Rust takes no token from an answer that another SDK takes one from.
    pub sdk_refuses: Option<String>,
}

/// Why there is no token.
#[derive(Debug)]
pub enum AcquireError {
    /// A step before any request.
    NotAsked(String),
    /// A way that an application may take, and this tool does not.
    NotSupported(String),
    /// An answer that is not a refusal and holds no token.
    Unusable(String),
    /// A request that was refused or not answered: the evidence of it says which.
    RequestFailed,
}

/// Asks for a token by the flow of its source.
pub async fn acquire(
    flow: &dyn TokenFlow,
    params: &AcquireParams<'_>,
    send: &SendRequest<'_>,
) -> AcquireResult {
    let mut notes = AcquireNotes::default();
    let (token, outcome) = match flow.acquire(params, send, &mut notes).await {
        Ok(token) => (Some(token), TokenOutcome::Acquired),
        Err(AcquireError::NotAsked(message)) => (None, TokenOutcome::NotAsked { message }),
        Err(AcquireError::NotSupported(message)) => (None, TokenOutcome::NotSupported { message }),
        Err(AcquireError::Unusable(message)) => (None, TokenOutcome::Unusable { message }),
        Err(AcquireError::RequestFailed) => (None, TokenOutcome::Refused),
    };
    AcquireResult { token, outcome, notes }
}
