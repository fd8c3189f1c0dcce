//! What asking for a token would contact, for `--plan`. Pure.

use super::authority::AUTHORITY_HOST;
use super::sources::{Found, What, look};
use super::ways::{Endpoint, Proof, Way};
use super::{Choice, Credential, Request, SOURCES};
use crate::target::Target;
use crate::world::Environment;

/// Someone whom asking for a token would contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// A host that has a name: it is resolved and reached first, as the target is.
    Host {
        /// Scheme, host and port.
        origin: String,
        /// What is asked there, a line.
        line: String,
    },
    /// Anyone else, a line: a fixed address, a program, nobody.
    Other(String),
}

/// What asking for a token of the target would contact, for `--plan`. Reads no file.
#[must_use]
pub fn contacts(request: &Request, environment: &Environment, target: &Target) -> Vec<Contact> {
    let named = match &request.choice {
        Choice::None => return Vec::new(),
        Choice::Auto => None,
        Choice::Named(name) => Some(name.as_str()),
    };
    let found = SOURCES
        .iter()
        .filter(|source| named.is_none_or(|name| name == source.name))
        .find_map(|source| look(source, request, environment, named.is_some()));
    let Some(Found { what: What::Token(way), label }) = found else { return Vec::new() };
    let with = Credential {
        authority_host: environment.get(AUTHORITY_HOST).map(str::to_owned),
        ..Credential::none()
    };
    let entra = || match with.authority(target) {
        Ok(origin) => {
            let line = format!("token  POST {origin}: a token for {label}");
            Contact::Host { origin, line }
        }
        Err(says) => Contact::Other(format!("token  nobody: {says}")),
    };
    let metadata = |place: &str| Contact::Other(format!("token  {place}: a token for {label}"));
    match &way {
        Way::Entra { proof: Proof::Google, .. } => {
            vec![metadata("169.254.169.254:80"), entra()]
        }
        Way::Entra { proof: Proof::GitHub { url, .. }, .. } => {
            let url = url::Url::parse(url).ok().filter(|url| url.scheme() == "https");
            let asked = url.map_or_else(
                || {
                    Contact::Other(
                        "token  nobody: ACTIONS_ID_TOKEN_REQUEST_URL is no https URL".to_owned(),
                    )
                },
                |url| {
                    let origin = url.origin().ascii_serialization();
                    let line = format!("token  GET {origin}: an identity token for {label}");
                    Contact::Host { origin, line }
                },
            );
            vec![asked, entra()]
        }
        Way::Entra { .. } => vec![entra()],
        Way::Managed { endpoint, .. } => vec![match endpoint {
            Endpoint::Imds => metadata("169.254.169.254:80"),
            Endpoint::AppService { url, .. }
            | Endpoint::Arc { url }
            | Endpoint::CloudShell { url }
            | Endpoint::MachineLearning { url, .. } => {
                let url = url::Url::parse(url).ok();
                metadata(&url.map(|url| url.origin().ascii_serialization()).unwrap_or_default())
            }
            Endpoint::ServiceFabric { .. } => {
                Contact::Other("token  nobody: Service Fabric's endpoint is not walked".to_owned())
            }
        }],
        Way::Cli => {
            let az = "token  the program az, which contacts what it will";
            vec![Contact::Other(az.to_owned())]
        }
    }
}
