//! What asking for a token would contact, for `--plan`. Pure.

use url::Url;

use super::find::foreign_key;
use super::flow::Authority;
use super::options::{CredentialOptions, SourceChoice};
use super::sources::{self, Detected, Origin};
use super::{Credential, authority::AUTHORITY_HOST};
use crate::evidence::identity::CredentialKind;
use crate::target::Target;
use crate::world::Environment;

/// A destination that asking for a token would contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A host that has a name: it is resolved and reached first, as the target is.
    Host {
        /// Scheme, host and port.
        origin: String,
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
            Ok(Ok(url)) => Self::host(&url, "POST", &format!("a token for {label}")),
            Ok(Err(error)) => Self::nothing(&error.to_string()),
            Err(why) => Self::nothing(why),
        }
    }

    /// A host with a name.
    pub(super) fn host(url: &Url, method: &str, what: &str) -> Self {
        let origin = url.origin().ascii_serialization();
        let line = format!("token  {method} {origin}: {what}");
        Self::Host { origin, line }
    }

    /// An endpoint on this machine or its platform.
    pub(super) fn local(label: &str, place: &str) -> Self {
        Self::Other(format!("token  {place}: a token for {label}"))
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

/// What asking for a token of the target would contact, for `--plan`. Reads no file.
#[must_use]
pub fn planned(
    options: &CredentialOptions,
    environment: &Environment,
    target: &Target,
) -> Vec<Destination> {
    if options.choice == SourceChoice::None {
        return Vec::new();
    }
    let name = options.choice.name();
    let detected = sources::detected(options, environment)
        .find(|(source, _)| name.is_none_or(|name| name == source.name))
        .map(|(source, found)| (source.kind, found));
    let with = Credential {
        authority_host: environment.get(AUTHORITY_HOST).map(str::to_owned),
        ..Credential::none()
    };
    match detected {
        Some((_, Detected { origin: Origin::Flow(flow), label, .. })) => {
            flow.destinations(&label, &with.authority(target))
        }
        Some((CredentialKind::ApiKey, key)) => key_line(options, &key.label, target),
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

/// Where the key of a call comes from, and how it goes.
fn key_line(options: &CredentialOptions, label: &str, target: &Target) -> Vec<Destination> {
    let line = match (target.has_call(), options.keys()) {
        (false, _) => return Vec::new(),
        (true, None) => format!("key    {label} is not sent: the service takes tokens alone"),
        (true, Some(keys)) => format!("key    from {label}, in the header {}", keys.header),
    };
    vec![Destination::Other(line)]
}
