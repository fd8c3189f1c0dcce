//! Tokens of Entra ID for an application: with a client secret, or with an assertion of any
//! issuer.

use super::acquire::{AcquireError, AcquireNotes, AcquireParams};
use super::destinations::Destination;
use super::flow::{Acquiring, Authority, NOT_AN_ID, TokenFlow, shown_id};
use super::outbound::SendRequest;
use super::sdk::Sdk;
use super::{authority, claims, file};
use crate::evidence::text::clean;
use crate::secret::Secret;
use crate::world::Environment;

/// The audience of an assertion for Entra ID (facts I14, I15).
pub(super) const EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// An application as its variables name it.
#[derive(Debug)]
pub struct Application {
    /// Tenant (directory) id.
    pub tenant: String,
    /// Application (client) id.
    pub client: String,
}

impl Application {
    /// The variables that name it.
    pub(super) const VARIABLES: &[&str] = &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"];

    /// The application that the environment names in full.
    pub(super) fn configured(environment: &Environment) -> Option<Self> {
        let get = |name| environment.get(name).map(str::to_owned);
        Some(Self { tenant: get("AZURE_TENANT_ID")?, client: get("AZURE_CLIENT_ID")? })
    }

    /// The authority to ask, once the tenant is one.
    fn authority<'a>(&self, params: &AcquireParams<'a>) -> Result<&'a str, AcquireError> {
        let authority = params.authority.as_deref();
        let authority = authority.map_err(|why| AcquireError::NotAsked(why.clone()))?;
        authority::tenant(&self.tenant).map_err(AcquireError::NotAsked)?;
        Ok(authority)
    }

    /// The URL that gives tokens, which is also the audience of assertions that the application
    /// signs itself.
    pub(super) fn token_endpoint(
        &self,
        params: &AcquireParams<'_>,
    ) -> Result<String, AcquireError> {
        Ok(format!("{}/{}/oauth2/v2.0/token", self.authority(params)?, self.tenant))
    }

    /// Asks with a client secret (fact I2).
    pub(super) async fn with_secret(
        &self,
        secret: &Secret,
        params: &AcquireParams<'_>,
        send: &SendRequest<'_>,
    ) -> Result<Secret, AcquireError> {
        let authority = self.authority(params)?;
        let sdk = Sdk::client_secret(authority, &self.tenant, &self.client, secret);
        sdk.map_err(AcquireError::NotAsked)?.token(params.scope, send).await
    }

    /// Asks with an assertion (facts I3, I4), whose claims are noted.
    pub(super) async fn with_assertion(
        &self,
        assertion: Secret,
        params: &AcquireParams<'_>,
        send: &SendRequest<'_>,
        notes: &mut AcquireNotes,
    ) -> Result<Secret, AcquireError> {
        let authority = self.authority(params)?;
        notes.assertion = claims::read(assertion.expose().trim(), params.now);
        // Our own assertion names the client, which may be a secret in the wrong variable.
        if let Some(claims) =
            notes.assertion.as_mut().filter(|_| shown_id(&self.client) == NOT_AN_ID)
        {
            for claim in [&mut claims.issuer, &mut claims.subject] {
                if claim.as_deref() == Some(clean(&self.client, 300).as_str()) {
                    *claim = Some(NOT_AN_ID.to_owned());
                }
            }
        }
        let sdk = Sdk::assertion(authority, &self.tenant, &self.client, assertion);
        sdk.map_err(AcquireError::NotAsked)?.token(params.scope, send).await
    }
}

/// An application with an assertion in a file, which is read for each check (fact I4).
#[derive(Debug)]
pub(super) struct AssertionFile {
    pub(super) application: Application,
    pub(super) path: String,
    /// The variable or option that names it.
    pub(super) named_by: &'static str,
}

impl AssertionFile {
    async fn read(
        &self,
        params: &AcquireParams<'_>,
        notes: &mut AcquireNotes,
    ) -> Result<Secret, AcquireError> {
        self.application.token_endpoint(params)?;
        let text = file::read_blocking(self.named_by, &self.path, params.timeout).await;
        let text = text.map_err(AcquireError::NotAsked)?;
        let bare = text.trim();
        // Another file of secrets is not for Entra ID to see.
        if claims::read(bare, params.now).is_none() {
            let what = if bare.is_empty() { "is empty" } else { "holds no assertion (JWT)" };
            return Err(AcquireError::NotAsked(format!("{} {what}", clean(&self.path, 200))));
        }
        // Unchanged, as SDKs send it (fact I4b).
        notes.assertion_has_blank_ends = bare.len() != text.len();
        Ok(Secret::new(text.as_str().to_owned()))
    }
}

impl TokenFlow for AssertionFile {
    fn destinations(&self, label: &str, authority: &Authority) -> Vec<Destination> {
        vec![Destination::authority(label, authority)]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        notes: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(async move {
            let assertion = self.read(params, notes).await?;
            self.application.with_assertion(assertion, params, send, notes).await
        })
    }

    fn application(&self) -> Option<&Application> {
        Some(&self.application)
    }
}
