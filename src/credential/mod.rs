//! How a key or token is come by: the catalogue of sources and their order.
//!
//! Nothing here contacts anything or prints a value: requests are handed to the caller, who
//! holds the network. A secret at hand leaves through [`Credential::authentication`] alone.

pub mod acquire;
mod acquired;
mod audience;
mod authority;
mod certificate;
pub mod claims;
mod cli;
mod configured;
pub mod contacts;
mod error;
mod facts;
mod file;
mod find;
mod metadata;
mod opening;
mod pkcs12;
pub mod request;
mod rounds;
mod sdk;
mod sources;
pub mod ways;

use std::cell::RefCell;
use std::rc::Rc;

pub use crate::secret::looks_like_a_key;
pub use acquired::{Acquired, Late};
pub use error::CredentialError;
pub use find::misplaced;
pub use sources::{API_KEY_VARIABLE, Choice, Request, SOURCES, Source, TOKEN_VARIABLE};

use crate::evidence::identity::{Configured, CredentialKind, NotTaken, Trimmed};
use crate::secret::Secret;
use crate::wire::http::Authentication;
use acquired::TokenCell;
use ways::Way;

/// A credential in hand, or none.
#[derive(Debug)]
pub struct Credential {
    kind: CredentialKind,
    /// The source's name for `--credential`.
    name: &'static str,
    source: Option<String>,
    secret: Option<Secret>,
    file_mode_open: Option<String>,
    trimmed: Option<Trimmed>,
    not_taken: Vec<NotTaken>,
    way: Option<Way>,
    /// Whether a user or a variable asked for it: without either, no token is no fault.
    demanded: bool,
    configured: Configured,
    authority_host: Option<String>,
    /// Tokens by their scope, each asked for once.
    tokens: RefCell<Vec<(String, TokenCell)>>,
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
            file_mode_open: None,
            trimmed: None,
            not_taken: Vec::new(),
            way: None,
            demanded: false,
            configured: Configured::default(),
            authority_host: None,
            tokens: RefCell::new(Vec::new()),
        }
    }

    /// The way to its token, where one has to be asked for.
    #[must_use]
    pub const fn way(&self) -> Option<&Way> {
        self.way.as_ref()
    }

    /// Whether a user or a variable asked for it.
    #[must_use]
    pub const fn demanded(&self) -> bool {
        self.demanded
    }

    /// The source's name for `--credential`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where the token of a scope is, or will be.
    #[must_use]
    pub fn cell(&self, scope: &str) -> TokenCell {
        let mut tokens = self.tokens.borrow_mut();
        if let Some((_, cell)) = tokens.iter().find(|(known, _)| known == scope) {
            return Rc::clone(cell);
        }
        let cell = TokenCell::default();
        tokens.push((scope.to_owned(), Rc::clone(&cell)));
        cell
    }

    /// What goes into a request.
    #[must_use]
    pub fn authentication(&self) -> Authentication<'_> {
        match (self.kind, &self.secret) {
            (CredentialKind::ApiKey, Some(key)) => Authentication::ApiKey(key),
            (CredentialKind::Token, Some(token)) => Authentication::Bearer(token),
            _ => Authentication::None,
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
