//! A managed identity: the platform's own endpoint gives the token (fact I6).

use url::Url;

use super::{Detected, Probe, Source, chain};
use crate::credential::acquire::{AcquireError, AcquireNotes, AcquireParams};
use crate::credential::destinations::Destination;
use crate::credential::flow::{Acquiring, Authority, IdentityId, TokenFlow};
use crate::credential::incomplete::near_misses;
use crate::credential::metadata::{self, EndpointUnavailable, fits_a_header};
use crate::credential::options::Host;
use crate::credential::outbound::SendRequest;
use crate::credential::sdk::Sdk;
use crate::evidence::identity::{IncompleteSource, TokenPurpose};
use crate::secret::Secret;
use crate::world::Environment;

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
const ARC: &str = "IMDS_ENDPOINT";
const MSI_ENDPOINT: &str = "MSI_ENDPOINT";
const MSI_SECRET: &str = "MSI_SECRET";
/// Where Azure Arc's agent listens when no variable says so (fact I10).
const ARC_AGENT: &str = "http://localhost:40342/metadata/identity/oauth2/token";

pub(super) const SOURCE: Source = Source {
    name: "managed-identity",
    title: "a managed identity of the platform",
    secret_variables: &[HEADER, MSI_SECRET],
    detect,
    incomplete,
    class: Some(chain::MANAGED_IDENTITY),
    ..Source::BASE
};

/// Where a platform gives tokens.
#[derive(Debug)]
enum MetadataEndpoint {
    /// 169.254.169.254 of a virtual machine.
    Imds,
    /// App Service, Functions, Container Apps.
    AppService { url: String, header: Secret },
    /// Azure Arc's agent on this machine.
    Arc { url: String },
    /// Cloud Shell.
    CloudShell { url: String },
    /// Azure Machine Learning, and App Service's protocol of 2017 (fact I11a).
    MachineLearning { url: String, secret: Secret },
    /// Service Fabric: TLS to a certificate that a thumbprint names (fact I11b). Not asked.
    ServiceFabric,
}

fn detect(probe: &Probe<'_>) -> Option<Detected> {
    let client = probe.environment.get("AZURE_CLIENT_ID");
    let chosen = probe.options.identity.as_deref();
    // To choose an identity is to say that there is one.
    let named = probe.named || chosen.is_some();
    let endpoint = endpoint(probe.environment, probe.options.host, named)?;
    let is_explicit = named || client.is_some() || !matches!(endpoint, MetadataEndpoint::Imds);
    let takes_identity = matches!(
        endpoint,
        MetadataEndpoint::Imds
            | MetadataEndpoint::AppService { .. }
            | MetadataEndpoint::MachineLearning { .. }
    );
    let label = endpoint.label();
    let identity = chosen.or(client).map(IdentityId::parse);
    let flow = ManagedIdentity { endpoint, identity };
    Some(Detected { is_explicit, takes_identity, ..Detected::flow(label, flow) })
}

/// The platform's endpoint, in the order of the SDKs (fact I6).
fn endpoint(environment: &Environment, host: Host, named: bool) -> Option<MetadataEndpoint> {
    let get = |name: &str| environment.get(name).map(str::to_owned);
    let secret = |name: &str| get(name).map(Secret::new);
    match (get(ENDPOINT), secret(HEADER)) {
        (Some(_), Some(_)) if get("IDENTITY_SERVER_THUMBPRINT").is_some() => {
            return Some(MetadataEndpoint::ServiceFabric);
        }
        (Some(url), Some(header)) => return Some(MetadataEndpoint::AppService { url, header }),
        (Some(url), None) if get(ARC).is_some() => return Some(MetadataEndpoint::Arc { url }),
        _ => {}
    }
    if let Some(url) = get(MSI_ENDPOINT) {
        return Some(match secret(MSI_SECRET) {
            Some(secret) => MetadataEndpoint::MachineLearning { url, secret },
            None => MetadataEndpoint::CloudShell { url },
        });
    }
    if host.arc_agent {
        return Some(MetadataEndpoint::Arc { url: ARC_AGENT.to_owned() });
    }
    // A metadata endpoint is asked on a machine of Azure alone, unless the user says so.
    (named || host.azure == Some(true)).then_some(MetadataEndpoint::Imds)
}

/// App Service's endpoint without its header, or the header alone: the SDKs then ask the metadata
/// service of a virtual machine, which is not there (facts I6, I9).
fn incomplete(environment: &Environment) -> Option<IncompleteSource> {
    let set = |name: &str| environment.get(name).is_some();
    let (set, missing) = match (set(ENDPOINT), set(HEADER), set(ARC)) {
        (true, false, false) => (ENDPOINT, HEADER),
        (false, true, _) => (HEADER, ENDPOINT),
        _ => return None,
    };
    let missing = vec![missing.to_owned()];
    Some(IncompleteSource {
        source: SOURCE.name.to_owned(),
        set: vec![set.to_owned()],
        empty: missing.iter().filter(|name| environment.is_empty(name)).cloned().collect(),
        near_misses: near_misses(environment, &missing),
        missing,
    })
}

impl MetadataEndpoint {
    /// What people know it by.
    const fn label(&self) -> &'static str {
        match self {
            Self::Imds => "the metadata service of this machine",
            Self::AppService { .. } => ENDPOINT,
            Self::Arc { .. } => "the Azure Arc agent",
            Self::CloudShell { .. } | Self::MachineLearning { .. } => MSI_ENDPOINT,
            Self::ServiceFabric => "Service Fabric",
        }
    }
}

#[derive(Debug)]
struct ManagedIdentity {
    endpoint: MetadataEndpoint,
    /// The user-assigned identity; none for the system-assigned one.
    identity: Option<IdentityId>,
}

/// The address of a platform's endpoint, where its secret fits a header.
fn local(variable: &str, url: &str) -> Result<Url, AcquireError> {
    metadata::local(variable, url).map_err(|unavailable| match unavailable {
        EndpointUnavailable::Wrong(why) => AcquireError::NotAsked(why),
        EndpointUnavailable::Elsewhere(why) => AcquireError::NotSupported(why),
    })
}

impl ManagedIdentity {
    async fn token(
        &self,
        params: &AcquireParams<'_>,
        send: &SendRequest<'_>,
    ) -> Result<Secret, AcquireError> {
        let resource = params.scope.trim_end_matches("/.default");
        let identity = self.identity.as_ref();
        match &self.endpoint {
            MetadataEndpoint::Imds => match Sdk::managed_identity(TokenPurpose::Imds, identity) {
                Ok(sdk) => sdk.token(params.scope, send).await,
                // It takes a variable that is set and empty for a platform's; other SDKs do not.
                Err(_) => metadata::imds(resource, identity, send).await,
            },
            MetadataEndpoint::AppService { url, header } => {
                fits_a_header(HEADER, header).map_err(AcquireError::NotAsked)?;
                local(ENDPOINT, url)?;
                let sdk = Sdk::managed_identity(TokenPurpose::AppService, identity);
                sdk.map_err(AcquireError::NotAsked)?.token(params.scope, send).await
            }
            MetadataEndpoint::Arc { url } => {
                metadata::arc(&local(ENDPOINT, url)?, resource, send, params).await
            }
            MetadataEndpoint::CloudShell { url } => {
                metadata::cloud_shell(&local(MSI_ENDPOINT, url)?, resource, send).await
            }
            MetadataEndpoint::MachineLearning { url, secret } => {
                fits_a_header(MSI_SECRET, secret).map_err(AcquireError::NotAsked)?;
                let url = local(MSI_ENDPOINT, url)?;
                metadata::machine_learning(&url, secret, resource, identity, send).await
            }
            // Its certificate is known by a SHA-1 thumbprint alone: no session of ours verifies
            // so, and the secret leaves over none that does not verify.
            MetadataEndpoint::ServiceFabric => Err(AcquireError::NotSupported(
                "Service Fabric's endpoint is trusted by a thumbprint, which is not supported"
                    .to_owned(),
            )),
        }
    }
}

impl TokenFlow for ManagedIdentity {
    fn destinations(&self, label: &str, _: &Authority) -> Vec<Destination> {
        vec![match &self.endpoint {
            MetadataEndpoint::Imds => Destination::local(label, "169.254.169.254:80"),
            MetadataEndpoint::AppService { url, .. }
            | MetadataEndpoint::Arc { url }
            | MetadataEndpoint::CloudShell { url }
            | MetadataEndpoint::MachineLearning { url, .. } => {
                let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
                Destination::local(label, &origin.unwrap_or_default())
            }
            MetadataEndpoint::ServiceFabric => {
                Destination::nothing("Service Fabric's endpoint is not supported")
            }
        }]
    }

    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        _: &'a mut AcquireNotes,
    ) -> Acquiring<'a> {
        Box::pin(self.token(params, send))
    }

    fn identity(&self) -> Option<&IdentityId> {
        self.identity.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_platform_is_recognised_by_its_variables_in_the_order_of_the_sdks() {
        let kind = |pairs: &[(&str, &str)], host, named| match endpoint(
            &environment(pairs),
            host,
            named,
        ) {
            Some(MetadataEndpoint::Imds) => "imds",
            Some(MetadataEndpoint::AppService { .. }) => "app-service",
            Some(MetadataEndpoint::Arc { .. }) => "arc",
            Some(MetadataEndpoint::CloudShell { .. }) => "cloud-shell",
            Some(MetadataEndpoint::MachineLearning { .. }) => "machine-learning",
            Some(MetadataEndpoint::ServiceFabric) => "service-fabric",
            None => "none",
        };
        let azure = Host { azure: Some(true), arc_agent: false };
        let url = ("IDENTITY_ENDPOINT", "http://127.0.0.1/msi");
        assert_eq!(kind(&[url, ("IDENTITY_HEADER", "h")], azure, false), "app-service");
        assert_eq!(kind(&[url, ("IMDS_ENDPOINT", "x")], azure, false), "arc");
        let (msi, secret) = (("MSI_ENDPOINT", "http://localhost/"), ("MSI_SECRET", "s"));
        assert_eq!(kind(&[msi], azure, false), "cloud-shell");
        assert_eq!(kind(&[msi, secret], azure, false), "machine-learning");
        assert_eq!(kind(&[secret], azure, false), "imds");
        let header = ("IDENTITY_HEADER", "h");
        assert_eq!(kind(&[url, header, msi, secret], azure, false), "app-service");
        let thumbprint = ("IDENTITY_SERVER_THUMBPRINT", "0".repeat(40));
        let fabric = [url, header, (thumbprint.0, &thumbprint.1)];
        assert_eq!(kind(&fabric, azure, false), "service-fabric");
        assert_eq!(kind(&[], azure, false), "imds");
        assert_eq!(kind(&[], Host::default(), false), "none");
        assert_eq!(kind(&[], Host::default(), true), "imds");
        let arc = Host { azure: Some(false), arc_agent: true };
        assert_eq!(kind(&[], arc, false), "arc");
    }

    #[test]
    fn an_endpoint_of_app_service_without_its_header_is_incomplete() {
        let missing = |pairs: &[(&str, &str)]| incomplete(&environment(pairs)).map(|i| i.missing);
        let url = ("IDENTITY_ENDPOINT", "http://127.0.0.1/msi");
        assert_eq!(missing(&[url]).unwrap(), ["IDENTITY_HEADER"]);
        assert_eq!(missing(&[("IDENTITY_HEADER", "canary")]).unwrap(), ["IDENTITY_ENDPOINT"]);
        assert_eq!(missing(&[url, ("IDENTITY_HEADER", "canary")]), None);
        assert_eq!(missing(&[url, ("IMDS_ENDPOINT", "x")]), None);
    }
}
