//! An application with a client secret (fact I2).

use super::{Detected, Source, chain};
use crate::credential::acquire::{AcquireNotes, AcquireParams};
use crate::credential::destinations::Destination;
use crate::credential::entra::Application;
use crate::credential::flow::{Acquiring, Authority, TokenFlow};
use crate::credential::outbound::SendRequest;
use crate::secret::Secret;

const VARIABLE: &str = "AZURE_CLIENT_SECRET";

pub(super) const SOURCE: Source = Source {
    name: "client-secret",
    title: "an application with AZURE_CLIENT_SECRET",
    variables: &[VARIABLE],
    shared_variables: Application::VARIABLES,
    secret_variables: &[VARIABLE],
    detect: |probe| {
        // With a line end at its end, too: an application sends it so and is refused for it.
        let secret = Secret::new(probe.environment.get(VARIABLE)?.to_owned());
        let application = Application::configured(probe.environment)?;
        Some(Detected::flow(VARIABLE, ClientSecret { application, secret }))
    },
    class: Some(chain::ENVIRONMENT),
    ..Source::BASE
};

#[derive(Debug)]
struct ClientSecret {
    application: Application,
    secret: Secret,
}

impl TokenFlow for ClientSecret {
    fn destinations(&self, label: &str, authority: &Authority) -> Vec<Destination> {
        vec![Destination::authority(label, authority)]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        _: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(self.application.with_secret(&self.secret, params, send))
    }

    fn application(&self) -> Option<&Application> {
        Some(&self.application)
    }

    fn client_secret(&self) -> Option<&Secret> {
        Some(&self.secret)
    }
}
