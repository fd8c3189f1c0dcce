//! Where a key or a token comes from: the catalogue of sources and the credential that one of them
//! gives.
//!
//! Nothing here contacts anything or prints a value: requests go to the caller, who holds the
//! network. A secret at hand leaves through [`Credential::authentication`] alone.

pub mod acquire;
mod audience;
mod authority;
mod certificate;
pub mod claims;
pub mod destinations;
mod entra;
mod error;
mod evidence;
mod file;
mod find;
pub mod flow;
mod form;
mod incomplete;
mod metadata;
mod opening;
mod options;
pub mod outbound;
mod pkcs12;
mod program;
mod resource_manager;
mod rounds;
mod sdk;
mod shared;
mod sources;
mod token;

use std::cell::RefCell;
use std::rc::Rc;

pub(crate) use crate::secret::holds_signature;
pub use crate::secret::{has_form_of_a_key, looks_like_a_key};
pub use entra::Application;
pub use error::CredentialError;
pub use find::{leaked_into_args, secrets};
pub use options::{CredentialOptions, Host, SourceChoice};
pub use resource_manager::for_resource_manager;
pub use shared::for_another_service;
pub use sources::{API_KEY_VARIABLE, SOURCES, Source, TOKEN_VARIABLE};
pub use token::{AcquiredToken, LateConnection};

use crate::clouds::Cloud;
use crate::evidence::identity::{Configured, CredentialKind, SkippedSource, Trimmed, Withheld};
use crate::secret::Secret;
use crate::services::Keys;
use crate::wire::http::Authentication;
use flow::TokenFlow;
use token::TokenSlot;

/// A credential in hand, or none.
#[derive(Debug)]
pub struct Credential {
    kind: CredentialKind,
    /// The source's name for `--credential`.
    name: &'static str,
    source: Option<String>,
    secret: Option<Secret>,
    /// Whether the secret was read from a file, which may hold another one the next time.
    is_of_file: bool,
    file_mode_open: Option<String>,
    trimmed: Option<Trimmed>,
    skipped_sources: Vec<SkippedSource>,
    /// The service whose key a variable holds, where that is not the target's: it was not read.
    key_of: Option<&'static str>,
    flow: Option<Box<dyn TokenFlow>>,
    /// Whether a user or a variable asked for it; else the absence of a token is no fault.
    is_explicit: bool,
    configured: Configured,
    authority_host: Option<String>,
    /// The cloud whose Resource Manager its tokens are for, in place of the target.
    resource_manager: Option<Cloud>,
    /// Tokens by their scope, each asked for once.
    tokens: RefCell<Vec<(String, TokenSlot)>>,
}

impl Credential {
    /// No credential.
    #[must_use]
    pub fn none() -> Self {
        Self {
            kind: CredentialKind::None,
            name: "none",
            source: None,
            secret: None,
            is_of_file: false,
            file_mode_open: None,
            trimmed: None,
            skipped_sources: Vec::new(),
            key_of: None,
            flow: None,
            is_explicit: false,
            configured: Configured::default(),
            authority_host: None,
            resource_manager: None,
            tokens: RefCell::new(Vec::new()),
        }
    }

    /// Whether its value was read from a file, which may hold another one the next time.
    #[must_use]
    pub const fn is_of_file(&self) -> bool {
        self.is_of_file
    }

    /// How its token is obtained, where one has to be requested.
    #[must_use]
    pub fn flow(&self) -> Option<&dyn TokenFlow> {
        self.flow.as_deref()
    }

    /// Whether a user or a variable asked for it.
    #[must_use]
    pub const fn is_explicit(&self) -> bool {
        self.is_explicit
    }

    /// The source's name for `--credential`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The place of the token of a scope, filled by the first that needs it.
    #[must_use]
    pub fn token_slot(&self, scope: &str) -> TokenSlot {
        let mut tokens = self.tokens.borrow_mut();
        if let Some((_, slot)) = tokens.iter().find(|(known, _)| known == scope) {
            return Rc::clone(slot);
        }
        let slot = TokenSlot::default();
        tokens.push((scope.to_owned(), Rc::clone(&slot)));
        slot
    }

    /// What goes into a request to a service that takes `keys`, or why a key does not.
    ///
    /// # Errors
    ///
    /// The reason.
    pub fn authentication(
        &self,
        keys: Option<&'static Keys>,
    ) -> Result<Authentication<'_>, Withheld> {
        match (self.kind, &self.secret, keys) {
            (CredentialKind::ApiKey, _, None) => Err(Withheld::ServiceTakesNoKey),
            (CredentialKind::ApiKey, _, Some(_)) if self.key_of.is_some() => {
                Err(Withheld::KeyOfAnotherService)
            }
            (CredentialKind::ApiKey, Some(key), Some(keys)) => {
                Ok(Authentication::ApiKey(keys.header, key))
            }
            (CredentialKind::Token, Some(token), _) => Ok(Authentication::Bearer(token)),
            _ => Ok(Authentication::None),
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The mode of its file in octal, when others may read it.
    #[must_use]
    pub fn file_mode_open(&self) -> Option<&str> {
        self.file_mode_open.as_deref()
    }

    /// The secret, to be taken out of what peers echo.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }
}
