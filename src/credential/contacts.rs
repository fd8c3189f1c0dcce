//! What asking for a token would contact, for `--plan`. Pure.

use super::authority::AUTHORITY_HOST;
use super::sources::{Found, What, look};
use super::ways::{Endpoint, Proof, Way};
use super::{Choice, Credential, Request, SOURCES};
use crate::target::Target;
use crate::world::Environment;

/// What asking for a token of the target would contact, a line each, for `--plan`. Reads no
/// file.
#[must_use]
pub fn contacts(request: &Request, environment: &Environment, target: &Target) -> Vec<String> {
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
        Ok(authority) => format!("token  POST {authority}: a token for {label}"),
        Err(says) => format!("token  nobody: {says}"),
    };
    let metadata = |place: &str| format!("token  {place}: a token for {label}");
    match &way {
        Way::Entra { proof: Proof::Google, .. } => {
            vec![metadata("169.254.169.254:80"), entra()]
        }
        Way::Entra { proof: Proof::GitHub { url, .. }, .. } => {
            let host = url::Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
            vec![metadata(&host.unwrap_or_default()), entra()]
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
                "token  nobody: Service Fabric's endpoint is not walked".to_owned()
            }
        }],
        Way::Cli => vec!["token  the program az, which contacts what it will".to_owned()],
    }
}
