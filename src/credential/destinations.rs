//! What asking for a token would contact, for `--plan`. Pure.

use url::Url;

use super::find::foreign_key;
use super::flow::Authority;
use super::options::{CredentialOptions, SourceChoice};
use super::sources::{self, Detected, Origin};
use super::{Credential, authority::AUTHORITY_HOST};
use crate::clouds::Cloud;
use crate::evidence::identity::CredentialKind;
use crate::services::Service;
use crate::target::Target;
use crate::world::Environment;

/// A destination that asking for a token would contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A host that has a name: it is resolved and reached first, as the target is.
    Host {
        /// Scheme, host and port.
        origin: String,
        /// What the way there is for, in a few words.
        purpose: &'static str,
        /// What is asked there, a line.
        line: String,
    },
    /// Anything else, a line: a fixed address, a program, nothing.
    Other(String),
}

impl Destination {
    /// The login host, or why none is asked.
    pub(super) fn authority(label: &str, authority: &Authority) -> Self {
        match authority.as_deref().map(Url::parse) {
            Ok(Ok(url)) => Self::host(&url, "POST", &format!("a token, by {label}")),
            Ok(Err(error)) => Self::nothing(&error.to_string()),
            Err(why) => Self::nothing(why),
        }
    }

    /// A host with a name.
    pub(super) fn host(url: &Url, method: &str, what: &str) -> Self {
        let origin = url.origin().ascii_serialization();
        let line = format!("token  {method} {origin}: {what}");
        Self::Host { origin, purpose: "for the token", line }
    }

    /// An endpoint on this machine or its platform.
    pub(super) fn local(label: &str, place: &str) -> Self {
        Self::Other(format!("token  {place}: a token, by {label}"))
    }

    /// A program of this machine.
    pub(super) fn program(name: &str) -> Self {
        Self::Other(format!("token  the program {name}, which makes connections of its own"))
    }

    /// No destination, and why.
    pub(super) fn nothing(why: &str) -> Self {
        Self::Other(format!("token  no request: {why}"))
    }
}

/// What asking for a token of the target would contact, for `--plan`, and what of the credential its
/// calls would carry. Reads no file.
#[must_use]
pub fn planned(
    options: &CredentialOptions,
    environment: &Environment,
    target: &Target,
) -> Vec<Destination> {
    let credential = with_authority(environment, None);
    let detected = match options.choice {
        SourceChoice::None => return Vec::new(),
        _ => detected(options, environment),
    };
    match detected {
        Some((_, Detected { origin: Origin::Flow(flow), label, .. })) => {
            if credential.scope(target).is_none() {
                return Vec::new();
            }
            let mut lines = flow.destinations(&label, &credential.authority(target));
            lines.extend(bearer_line("that token", target));
            lines
        }
        Some((CredentialKind::ApiKey, key)) => key_line(options, &key.label, target),
        Some((CredentialKind::Token, token)) => {
            bearer_line(&format!("from {}", token.label), target).into_iter().collect()
        }
        _ => foreign_key(options, environment)
            .map(|(variable, keys)| {
                Destination::Other(format!(
                    "key    {variable} is not sent: it is for a key of {}",
                    keys.of
                ))
            })
            .into_iter()
            .collect(),
    }
}

/// What asking for a token for Resource Manager would contact, for `--plan`. Reads no file.
#[must_use]
pub fn planned_for_resource_manager(
    options: &CredentialOptions,
    environment: &Environment,
    target: &Target,
) -> Vec<Destination> {
    let credential = with_authority(environment, Some(target.cloud()));
    match detected(options, environment) {
        Some((_, Detected { origin: Origin::Flow(flow), label, .. })) => {
            flow.destinations(&label, &credential.authority(target))
        }
        _ => Vec::new(),
    }
}

/// The source that would be taken.
fn detected(
    options: &CredentialOptions,
    environment: &Environment,
) -> Option<(CredentialKind, Detected)> {
    let name = options.choice.name();
    sources::detected(options, environment)
        .find(|(source, _)| name.is_none_or(|name| name == source.name))
        .map(|(source, found)| (source.kind, found))
}

/// No credential, but with what decides on the authority and the scope of a token.
fn with_authority(environment: &Environment, resource_manager: Option<Cloud>) -> Credential {
    let authority_host = environment.get(AUTHORITY_HOST).map(str::to_owned);
    Credential { authority_host, resource_manager, ..Credential::none() }
}

/// Where the key of a call comes from, and how it goes.
fn key_line(options: &CredentialOptions, label: &str, target: &Target) -> Vec<Destination> {
    let line = match (target.is_called(), options.keys()) {
        (false, _) => return Vec::new(),
        (true, None) => format!("key    {label} is not sent: the service takes tokens alone"),
        (true, Some(keys)) => format!("key    from {label}, in the header {}", keys.header),
    };
    vec![Destination::Other(line)]
}

/// How a token goes with the calls.
fn bearer_line(token: &str, target: &Target) -> Option<Destination> {
    let anonymous = target.service().is_some_and(Service::asks_anonymously);
    let line = match anonymous {
        true => "token  not sent: the call is made without a credential".to_owned(),
        false => format!("token  {token}, in the header Authorization"),
    };
    target.is_called().then_some(Destination::Other(line))
}
