//! An application with a certificate and its key, in PEM or PKCS#12 (fact I3).

use super::{Detected, Source, chain};
use crate::credential::acquire::{AcquireError, AcquireNotes, AcquireParams};
use crate::credential::certificate::CertificateError;
use crate::credential::destinations::Destination;
use crate::credential::entra::Application;
use crate::credential::flow::{Acquiring, Authority, TokenFlow};
use crate::credential::outbound::SendRequest;
use crate::credential::{file, opening, pkcs12};
use crate::evidence::text::clean;
use crate::secret::Secret;
use crate::world::Environment;

const VARIABLE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

pub(super) const SOURCE: Source = Source {
    name: "client-certificate",
    title: "an application with AZURE_CLIENT_CERTIFICATE_PATH",
    variables: &[VARIABLE],
    shared_variables: Application::VARIABLES,
    secret_variables: &[pkcs12::PASSWORD],
    detect: |probe| {
        let flow = ClientCertificate::configured(probe.environment)?;
        Some(Detected::flow(VARIABLE, flow))
    },
    class: Some(chain::ENVIRONMENT),
    ..Source::BASE
};

#[derive(Debug)]
struct ClientCertificate {
    application: Application,
    path: String,
    password: Option<Secret>,
    /// Whether the chain goes along.
    send_chain: bool,
}

impl ClientCertificate {
    fn configured(environment: &Environment) -> Option<Self> {
        Some(Self {
            path: environment.get(VARIABLE)?.to_owned(),
            application: Application::configured(environment)?,
            password: environment.get(pkcs12::PASSWORD).map(|v| Secret::new(v.to_owned())),
            send_chain: environment
                .get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                .is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true")),
        })
    }

    /// The assertion that the key signs.
    async fn assertion(&self, params: &AcquireParams<'_>) -> Result<Secret, AcquireError> {
        let endpoint = self.application.token_endpoint(params)?;
        let content = file::read_bytes_blocking(VARIABLE, &self.path, params.timeout)
            .await
            .map_err(AcquireError::NotAsked)?;
        let shown = clean(&self.path, 200);
        let opened = opening::opened(content, self.password.as_ref(), params.timeout).await;
        let material = opened.map_err(|error| match error {
            CertificateError::Wrong(why) => AcquireError::NotAsked(format!("{shown} {why}")),
            CertificateError::NotRead(why) => AcquireError::NotSupported(format!("{shown} {why}")),
        })?;
        material
            .assertion(
                &self.application.client,
                &endpoint,
                self.send_chain,
                params.provider,
                params.now,
            )
            .map_err(|why| AcquireError::NotAsked(format!("{shown} {why}")))
    }
}

impl TokenFlow for ClientCertificate {
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
            let assertion = self.assertion(params).await?;
            self.application.with_assertion(assertion, params, send, notes).await
        })
    }

    fn application(&self) -> Option<&Application> {
        Some(&self.application)
    }
}
