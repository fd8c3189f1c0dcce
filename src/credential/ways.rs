//! The ways to a token, read from the environment. Pure: no file, no program, no packet.
//!
//! The variables are those of the Azure SDKs (facts I2-I15).

use crate::secret::Secret;
use crate::world::Environment;

/// How a token is come by.
#[derive(Debug)]
pub enum Way {
    /// Of Entra ID, for an application.
    Entra {
        /// Tenant (directory) id.
        tenant: String,
        /// Application (client) id.
        client: String,
        /// What stands for the application.
        proof: Proof,
    },
    /// Of the platform, for a managed identity.
    Managed {
        /// The platform's endpoint.
        endpoint: Endpoint,
        /// The user-assigned identity; none for the system-assigned one.
        identity: Option<UserAssigned>,
    },
    /// Of the Azure CLI.
    Cli,
}

/// What stands for an application towards Entra ID.
#[derive(Debug)]
pub enum Proof {
    /// A client secret (fact I2).
    ClientSecret(Secret),
    /// A certificate with its key, in PEM or PKCS#12 (fact I3).
    Certificate {
        /// The file.
        path: String,
        /// `AZURE_CLIENT_CERTIFICATE_PASSWORD`.
        password: Option<Secret>,
        /// Whether the chain goes along (`AZURE_CLIENT_SEND_CERTIFICATE_CHAIN`).
        send_chain: bool,
    },
    /// An assertion in a file, read anew for each walk (fact I4).
    AssertionFile {
        /// The file.
        path: String,
        /// The variable or option that names it.
        named_by: &'static str,
    },
    /// An identity token of Google's metadata server (fact I14).
    Google,
    /// An identity token of GitHub Actions (fact I15).
    GitHub {
        /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
        url: String,
        /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
        token: Secret,
    },
}

/// Where a platform gives tokens (fact I6).
#[derive(Debug)]
pub enum Endpoint {
    /// 169.254.169.254 of a virtual machine.
    Imds,
    /// App Service, Functions, Container Apps.
    AppService {
        /// `IDENTITY_ENDPOINT`.
        url: String,
        /// `IDENTITY_HEADER`.
        header: Secret,
    },
    /// Azure Arc's agent on this machine.
    Arc {
        /// `IDENTITY_ENDPOINT`, or the agent's own address.
        url: String,
    },
    /// Cloud Shell.
    CloudShell {
        /// `MSI_ENDPOINT`.
        url: String,
    },
    /// Azure Machine Learning, and App Service's protocol of 2017 (fact I11a).
    MachineLearning {
        /// `MSI_ENDPOINT`.
        url: String,
        /// `MSI_SECRET`.
        secret: Secret,
    },
    /// Service Fabric: TLS to a certificate that a thumbprint names (fact I11b). Not walked.
    ServiceFabric {
        /// `IDENTITY_ENDPOINT`.
        url: String,
    },
}

/// A user-assigned identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAssigned {
    /// By its client id.
    Client(String),
    /// By its object (principal) id.
    Object(String),
    /// By its resource id.
    Resource(String),
}

impl UserAssigned {
    /// What was typed: a resource id begins with a slash; everything else is a client id, as
    /// `AZURE_CLIENT_ID` has it, but for the form `object:<id>`.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text.strip_prefix("object:") {
            Some(object) => Self::Object(object.to_owned()),
            None if text.starts_with('/') => Self::Resource(text.to_owned()),
            None => Self::Client(text.to_owned()),
        }
    }

    /// Whether it has a form that Azure gives ids: hexadecimal digits and hyphens, or the path of
    /// a resource.
    #[must_use]
    pub fn is_an_id(&self) -> bool {
        match self {
            Self::Client(id) | Self::Object(id) => {
                !id.is_empty() && id.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
            }
            Self::Resource(id) => {
                id.to_ascii_lowercase().starts_with("/subscriptions/")
                    && id.bytes().all(|c| c.is_ascii_graphic() && !b"?#%&\"'\\".contains(&c))
            }
        }
    }

    /// The id itself.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Client(id) | Self::Object(id) | Self::Resource(id) => id,
        }
    }
}

/// What stands for an id that has no form of one: it may be a secret in the wrong variable.
pub const NO_ID: &str = "<not shown: no id>";

/// An id for outputs, if it has the form of one.
#[must_use]
pub fn shown_id(text: &str) -> String {
    match UserAssigned::read(text).is_an_id() {
        true => crate::evidence::text::clean(text, 200),
        false => NO_ID.to_owned(),
    }
}

/// Where Azure Arc's agent listens when no variable says so (fact I10).
const ARC_AGENT: &str = "http://localhost:40342/metadata/identity/oauth2/token";

/// What only the machine can say, for the sources that no variable names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine {
    /// Whether this is a virtual machine of Azure (fact T24).
    pub azure: Option<bool>,
    /// Whether Azure Arc's agent is installed (fact I10).
    pub arc_agent: bool,
}

/// The way that a source takes, where the environment configures it in full. `named` is said
/// where the user named the source: then what only the machine can say is not asked.
#[must_use]
pub fn way(
    source: &str,
    environment: &Environment,
    machine: Machine,
    named: bool,
    identity: Option<&str>,
) -> Option<Way> {
    let get = |name: &str| environment.get(name).map(str::to_owned);
    // As it stands: an application sends a line end at its end, too, and is refused for it.
    let secret = |name: &str| environment.get(name).map(|v| Secret::new(v.to_owned()));
    let entra = |proof: Option<Proof>| {
        let (tenant, client) = (get("AZURE_TENANT_ID")?, get("AZURE_CLIENT_ID")?);
        Some(Way::Entra { tenant, client, proof: proof? })
    };
    match source {
        "client-secret" => entra(secret("AZURE_CLIENT_SECRET").map(Proof::ClientSecret)),
        "client-certificate" => entra(get("AZURE_CLIENT_CERTIFICATE_PATH").map(|path| {
            Proof::Certificate {
                path,
                password: environment
                    .get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
                    .map(|v| Secret::new(v.to_owned())),
                send_chain: get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                    .is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true")),
            }
        })),
        "workload-identity" => {
            let named_by = "AZURE_FEDERATED_TOKEN_FILE";
            entra(get(named_by).map(|path| Proof::AssertionFile { path, named_by }))
        }
        "github-actions" => entra(
            get("ACTIONS_ID_TOKEN_REQUEST_URL")
                .zip(
                    environment
                        .get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
                        .map(|v| Secret::new(v.trim().to_owned())),
                )
                .map(|(url, token)| Proof::GitHub { url, token }),
        ),
        "google" => {
            let here = ["K_SERVICE", "CLOUD_RUN_JOB"].iter().any(|name| get(name).is_some());
            entra((named || here).then_some(Proof::Google))
        }
        "managed-identity" => {
            // Who chooses an identity says that there is one.
            let named = named || identity.is_some();
            let identity = identity
                .map(str::to_owned)
                .or_else(|| get("AZURE_CLIENT_ID"))
                .map(|id| UserAssigned::read(&id));
            endpoint(environment, machine, named)
                .map(|endpoint| Way::Managed { endpoint, identity })
        }
        "azure-cli" => named.then_some(Way::Cli),
        _ => None,
    }
}

/// The platform's endpoint, in the order of the SDKs (fact I6).
fn endpoint(environment: &Environment, machine: Machine, named: bool) -> Option<Endpoint> {
    let get = |name: &str| environment.get(name).map(str::to_owned);
    let header = environment.get("IDENTITY_HEADER").map(|v| Secret::new(v.to_owned()));
    match (get("IDENTITY_ENDPOINT"), header) {
        (Some(url), Some(_)) if get("IDENTITY_SERVER_THUMBPRINT").is_some() => {
            return Some(Endpoint::ServiceFabric { url });
        }
        (Some(url), Some(header)) => return Some(Endpoint::AppService { url, header }),
        (Some(url), None) if get("IMDS_ENDPOINT").is_some() => return Some(Endpoint::Arc { url }),
        _ => {}
    }
    if let Some(url) = get("MSI_ENDPOINT") {
        let secret = environment.get("MSI_SECRET").map(|v| Secret::new(v.to_owned()));
        return Some(match secret {
            Some(secret) => Endpoint::MachineLearning { url, secret },
            None => Endpoint::CloudShell { url },
        });
    }
    if machine.arc_agent {
        return Some(Endpoint::Arc { url: ARC_AGENT.to_owned() });
    }
    // A metadata endpoint is asked on a machine of Azure alone, unless the user says so.
    (named || machine.azure == Some(true)).then_some(Endpoint::Imds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_platform_is_told_by_its_variables_in_the_order_of_the_sdks() {
        let kind = |pairs: &[(&str, &str)], machine, named| match endpoint(
            &environment(pairs),
            machine,
            named,
        ) {
            Some(Endpoint::Imds) => "imds",
            Some(Endpoint::AppService { .. }) => "app-service",
            Some(Endpoint::Arc { .. }) => "arc",
            Some(Endpoint::CloudShell { .. }) => "cloud-shell",
            Some(Endpoint::MachineLearning { .. }) => "machine-learning",
            Some(Endpoint::ServiceFabric { .. }) => "service-fabric",
            None => "none",
        };
        let azure = Machine { azure: Some(true), arc_agent: false };
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
        assert_eq!(kind(&[], Machine::default(), false), "none");
        assert_eq!(kind(&[], Machine::default(), true), "imds");
        let arc = Machine { azure: Some(false), arc_agent: true };
        assert_eq!(kind(&[], arc, false), "arc");
    }

    #[test]
    fn an_identity_is_read_by_its_form() {
        assert_eq!(UserAssigned::read("object:1"), UserAssigned::Object("1".to_owned()));
        assert!(matches!(UserAssigned::read("/subscriptions/s"), UserAssigned::Resource(_)));
        assert!(matches!(UserAssigned::read("0f8f"), UserAssigned::Client(_)));
    }
}
