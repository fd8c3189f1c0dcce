//! A service account of Google Cloud: its identity token is the application's assertion
//! (fact I14).

use super::{Detected, Source};
use crate::credential::acquire::{AcquireError, AcquireNotes, AcquireParams};
use crate::credential::destinations::Destination;
use crate::credential::entra::{Application, EXCHANGE_AUDIENCE};
use crate::credential::flow::{Acquiring, Authority, TokenFlow};
use crate::credential::metadata::{fixed, get, header};
use crate::credential::outbound::SendRequest;
use crate::evidence::identity::TokenPurpose;
use crate::secret::Secret;

/// Google's metadata server; its name is never looked up.
const ENDPOINT: &str =
    "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/identity";

pub(super) const SOURCE: Source = Source {
    name: "google",
    title: "a service account of Google Cloud",
    shared_variables: Application::VARIABLES,
    detect: |probe| {
        let application = Application::configured(probe.environment)?;
        let set = |name| probe.environment.get(name).is_some();
        let is_google = ["K_SERVICE", "CLOUD_RUN_JOB"].into_iter().any(set);
        (probe.named || is_google)
            .then(|| Detected::flow("the Google metadata server", Google { application }))
    },
    ..Source::BASE
};

#[derive(Debug)]
struct Google {
    application: Application,
}

/// The service account's identity token: the body itself.
async fn identity_token(send: &SendRequest<'_>) -> Result<Secret, AcquireError> {
    let query = [("audience", EXCHANGE_AUDIENCE), ("format", "full")];
    let headers =
        vec![header("metadata-flavor", "Google"), header("host", "metadata.google.internal")];
    let reply = get(send, TokenPurpose::GoogleIdentity, &fixed(ENDPOINT)?, &query, headers).await?;
    let unusable = |why: &str| Err(AcquireError::Unusable(why.to_owned()));
    if reply.header("metadata-flavor").is_none_or(|flavor| flavor != "Google") {
        return unusable("the answer is not from Google's metadata server");
    }
    let Ok(text) = std::str::from_utf8(&reply.body) else {
        return unusable("the answer is not text");
    };
    match text.trim().split('.').count() {
        3 => Ok(Secret::new(text.trim().to_owned())),
        _ => unusable("the answer is not an identity token"),
    }
}

impl TokenFlow for Google {
    fn destinations(&self, label: &str, authority: &Authority) -> Vec<Destination> {
        vec![
            Destination::local(label, "169.254.169.254:80"),
            Destination::authority(label, authority),
        ]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        notes: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(async move {
            self.application.token_endpoint(params)?;
            let assertion = identity_token(send).await?;
            self.application.with_assertion(assertion, params, send, notes).await
        })
    }

    fn application(&self) -> Option<&Application> {
        Some(&self.application)
    }
}
