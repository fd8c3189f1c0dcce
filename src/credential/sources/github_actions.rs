//! A job of GitHub Actions with `id-token: write`: its identity token is the application's
//! assertion (fact I15).

use url::Url;

use super::{Detected, Source};
use crate::credential::acquire::{AcquireError, AcquireNotes, AcquireParams};
use crate::credential::destinations::Destination;
use crate::credential::entra::{Application, EXCHANGE_AUDIENCE};
use crate::credential::flow::{Acquiring, Authority, TokenFlow};
use crate::credential::metadata::{field, get, header};
use crate::credential::outbound::SendRequest;
use crate::evidence::identity::TokenPurpose;
use crate::secret::Secret;

const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

pub(super) const SOURCE: Source = Source {
    name: "github-actions",
    title: "a job of GitHub Actions with id-token: write",
    variables: &[URL, TOKEN],
    shared_variables: Application::VARIABLES,
    secret_variables: &[TOKEN],
    detect: |probe| {
        let get = |name| probe.environment.get(name);
        let flow = GitHubActions {
            url: get(URL)?.to_owned(),
            token: Secret::new(get(TOKEN)?.trim().to_owned()),
            application: Application::configured(probe.environment)?,
        };
        Some(Detected::flow(URL, flow))
    },
    ..Source::BASE
};

#[derive(Debug)]
struct GitHubActions {
    application: Application,
    url: String,
    token: Secret,
}

/// The address that GitHub Actions puts into a job's environment.
///
/// # Errors
///
/// That it is not one over TLS; no part of it is repeated.
fn endpoint(text: &str) -> Result<Url, String> {
    let bare = |url: &Url| url.username().is_empty() && url.password().is_none();
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && bare(url));
    url.ok_or_else(|| format!("{URL} is not an https URL"))
}

impl GitHubActions {
    async fn identity_token(&self, send: &SendRequest<'_>) -> Result<Secret, AcquireError> {
        let url = endpoint(&self.url).map_err(AcquireError::NotAsked)?;
        let headers = vec![
            header("authorization", &format!("Bearer {}", self.token.expose())),
            header("accept", "application/json"),
        ];
        let query = [("audience", EXCHANGE_AUDIENCE)];
        let reply = get(send, TokenPurpose::GitHubIdentity, &url, &query, headers).await?;
        field(&reply, "value")
    }
}

impl TokenFlow for GitHubActions {
    fn destinations(&self, label: &str, authority: &Authority) -> Vec<Destination> {
        let asked = match endpoint(&self.url) {
            Ok(url) => Destination::host(&url, "GET", &format!("an identity token, by {label}")),
            Err(why) => Destination::nothing(&why),
        };
        vec![asked, Destination::authority(label, authority)]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        notes: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(async move {
            self.application.token_endpoint(params)?;
            let assertion = self.identity_token(send).await?;
            self.application.with_assertion(assertion, params, send, notes).await
        })
    }

    fn application(&self) -> Option<&Application> {
        Some(&self.application)
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn a_job_asks_over_tls() {
        assert!(endpoint("https://pipelines.actions.githubusercontent.com/x?y=z").is_ok());
        for bad in ["", "canary", "http://canary.example/", "https://u:canary@h/"] {
            let error = endpoint(bad).unwrap_err();
            assert!(!error.contains("canary") && error.starts_with("ACTIONS_ID"), "{error}");
        }
    }
}
