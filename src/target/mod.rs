//! What the user wants walked: parsed, checked, nothing resolved.

mod error;
mod typed;
mod value;

pub use error::{BackendError, TargetError};
pub use typed::COMMANDS;
use typed::{LONGEST, base_path, from_name, from_url, has_placeholder};

use crate::clouds::Cloud;
use crate::evidence::text::{begins_as_url, clean, holds_at_sign, repeatable};
use crate::evidence::{BeyondBase, RepairedValue, TargetInfo, TargetKind};
use crate::secret::{holds_long_key, holds_signature, names_a_secret};
use crate::services::{self, Keys, Kind, Opening, Service};
use crate::sorting;

/// Characters of what was typed that are kept and shown.
const LONGEST_SHOWN: usize = 500;

/// A target, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its description, as it goes into the evidence.
    pub seen: TargetInfo,
    /// Its service.
    service: Option<&'static Service>,
    /// The cloud that its suffix names, where the service is there.
    cloud: Option<Cloud>,
    /// For a privatelink name: the original name, which applications must use.
    pub original_host: Option<String>,
    /// The name that it has in its private zone, where that is known.
    pub private_name: Option<String>,
}

/// Whether a value is a reference of App Service to a vault or a configuration store, which the
/// platform did not replace by what it refers to (fact I90).
pub(crate) fn is_reference(value: &str) -> bool {
    ["@microsoft.keyvault(", "@microsoft.appconfiguration("].iter().any(|start| {
        value.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    })
}

/// Whether a word in whatever case is what programs write where a value is missing, or people where one
/// is to follow.
pub(crate) fn is_no_value(word: &str) -> bool {
    const WORDS: &[&str] =
        &["none", "null", "undefined", "nil", "nan", "todo", "tbd", "fixme", "placeholder"];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

impl Target {
    /// What of it would be looked up, sent or shown.
    pub fn typed(&self) -> impl Iterator<Item = &str> {
        [&self.seen.input, &self.seen.host, &self.seen.base_path].into_iter().map(String::as_str)
    }

    /// Reads an account name, host name or endpoint URL; `service` is `--service`, which says
    /// what an unknown name is.
    ///
    /// # Errors
    ///
    /// [`TargetError`], in words for the operator; it never repeats a URL's password.
    pub fn parse(typed: &str, service: Option<&str>) -> Result<Self, TargetError> {
        let typed = typed.trim_matches(value::is_around);
        if typed.is_empty() {
            return Err(TargetError::Empty);
        }
        if typed.len() > LONGEST {
            return Err(TargetError::TooLong(typed.len()));
        }
        let quotes = ['"', '\'', '\u{201c}', '\u{201d}'];
        if typed.starts_with(quotes) || typed.ends_with(quotes) {
            return Err(TargetError::Quotes);
        }
        if is_reference(typed) {
            return Err(TargetError::Reference);
        }
        // Before the rest: no other message may repeat what comes before an `@`.
        if holds_at_sign(typed) {
            return Err(TargetError::UserInfo);
        }
        if has_placeholder(typed) {
            return Err(TargetError::Placeholder);
        }
        if begins_as_url(typed) && !typed.contains("://") {
            return Err(TargetError::MistypedScheme);
        }
        if holds_signature(typed) {
            return Err(TargetError::Signature);
        }
        // What follows a `?` is not kept; a URL's host would lose its capitals.
        let kept = typed.split(['?', '#']).next().unwrap_or(typed);
        if holds_long_key(kept) || names_a_secret(kept) {
            return Err(TargetError::Key);
        }
        if let Ok(address) = typed.trim_start_matches('[').trim_end_matches(']').parse() {
            return Err(TargetError::Address(address));
        }
        let (host, port, path) = if typed.contains(['/', ':', '@', '?', '#']) {
            from_url(typed)?
        } else {
            (from_name(typed)?, None, String::new())
        };
        let forced = match service {
            None => None,
            Some(id) => Some(services::by_id(id).ok_or_else(|| {
                let mut ids: Vec<&str> = services::all().map(|service| service.id).collect();
                sorting::ascending(&mut ids);
                TargetError::Service(repeatable(id).to_owned(), ids.join(", "))
            })?),
        };
        if let (Some(forced), Some(known)) = (forced, by_suffix(&host)) {
            let known = known.service;
            let fits = forced == known
                || (forced.is_account() && known.is_account())
                || (forced.has_call() && known.gateway().is_some())
                // Any host may have a service in the clear next to its own.
                || matches!(forced.opening, Opening::Clear(_));
            if !fits {
                return Err(TargetError::OtherService {
                    host,
                    suffix: known.name,
                    service: forced.id.to_owned(),
                });
            }
        }
        Ok(Self::build(typed, host, port, &path, forced))
    }

    /// The service that was named for it, where its host does not show that one.
    #[must_use]
    pub fn forced_service(&self) -> Option<&'static Service> {
        let shown = by_suffix(&self.seen.host).map(|found| found.service);
        self.service().filter(|service| shown != Some(*service))
    }

    /// The host behind it, where it is a gateway: one by its name, or by the service that was named
    /// for it.
    ///
    /// # Errors
    ///
    /// [`BackendError`].
    pub fn backend(&self, typed: &str) -> Result<Self, BackendError> {
        let own = self.service.is_some_and(|service| service.gateway().is_some());
        let forced = self.forced_service().is_some() && self.seen.public_suffix.is_none();
        let in_front = own || forced || self.seen.suffix_service.is_some();
        if !in_front || self.original_host.is_some() {
            return Err(BackendError::NoGateway(self.seen.host.clone()));
        }
        let backend = Self::parse(typed, None)?;
        match backend.seen.host == self.seen.host {
            true => Err(BackendError::Itself),
            false => Ok(backend),
        }
    }

    fn build(
        typed: &str,
        host: String,
        port: Option<u16>,
        path: &str,
        forced: Option<&'static Service>,
    ) -> Self {
        let privatelink = services::find_privatelink(&host).filter(|m| !m.is_apex());
        let found = services::find(&host);
        let other_name = |m: &&services::Match| !m.service.called_by_private_name;
        let original_host =
            privatelink.as_ref().filter(other_name).map(services::Match::public_name);
        let known = privatelink.as_ref().or(found.as_ref());
        // The suffix knows the cloud; `--service` says the service where it names another.
        let other = forced.filter(|service| known.is_none_or(|m| m.service != *service));
        let service = other.or(known.map(|m| m.service));
        let cloud = known.map(|m| m.endpoint.cloud);
        let gateway = known.filter(|m| other.is_some() && m.service.gateway().is_some());
        // The path after the own name of a service that is not behind a gateway names one of its
        // objects, such as a secret: it does not belong before that service's call.
        let own = match service.map(|service| service.kind) {
            Some(Kind::Other) => other.is_none(),
            Some(Kind::Api) => known.is_some_and(|m| m.service.is_account()),
            _ => false,
        };
        let base_path = if own { String::new() } else { base_path(path) };
        let kind = match (&original_host, service) {
            (Some(_), _) => TargetKind::Privatelink,
            (None, None) => TargetKind::Unknown,
            (None, _) if known.is_some_and(|m| m.service.kind == Kind::Regional) => {
                TargetKind::Regional
            }
            (None, Some(service)) if !service.is_account() => TargetKind::OtherService,
            (None, Some(_)) if base_path.starts_with("/api/projects/") => TargetKind::Project,
            (None, Some(_)) => TargetKind::Account,
        };
        // A query or fragment is not used, and may hold a key (a gateway's subscription-key).
        let shown = typed.split(['?', '#']).next().unwrap_or(typed);
        let seen = TargetInfo {
            input: clean(shown, LONGEST_SHOWN),
            port: port.or(service.map(|service| service.port)).unwrap_or(443),
            kind,
            service: service.map(|service| service.id.to_owned()),
            suffix_service: gateway.map(|m| m.service.id.to_owned()),
            service_name: service.map(|service| service.name.to_owned()),
            // What --service says of an unknown name is the service, and not its cloud.
            cloud: cloud.map(|cloud| cloud.name().to_owned()),
            public_suffix: known.map(|m| m.suffix.clone()),
            private_zone: known.map(|m| m.zone.clone()).filter(|zone| !zone.is_empty()),
            account: known
                .and_then(|m| m.prefix.split('.').next())
                .map(|label| match service {
                    // The names of a resource's copy in the paired region.
                    Some(service) => label.strip_suffix(service.secondary).unwrap_or(label),
                    None => label,
                })
                .filter(|label| !label.is_empty())
                .map(str::to_owned),
            base_path,
            beyond: None,
            repaired: None,
            host,
        };
        let cloud = cloud.filter(|cloud| service.is_some_and(|service| service.is_in(*cloud)));
        let private_name = known.and_then(services::Match::private_name);
        Self { seen, service, cloud, original_host, private_name }
    }

    /// The same target, as a variable of the application names it. What follows the base path is left
    /// out of calls, but an SDK that gets the whole value does not leave it out.
    #[must_use]
    pub fn named_by(mut self, variable: &str) -> Self {
        let typed = &self.seen.input;
        let rest = typed.split_once("://").map_or(typed.as_str(), |(_, rest)| rest);
        let path = rest.find('/').map_or("", |at| &rest[at..]).trim_end_matches('/');
        let calls_operations = self.service.is_some_and(Service::is_account);
        // The base of the v1 API, as clients for OpenAI are given it, also below a project.
        let rest = path.strip_prefix(self.seen.base_path.as_str()).unwrap_or(path);
        if calls_operations && !matches!(rest, "" | "/openai/v1") {
            let (variable, path) = (variable.to_owned(), path.to_owned());
            self.seen.beyond = Some(BeyondBase { variable, path });
        }
        self
    }

    /// The same target, from this value of a variable: what was read past here is not by the client that
    /// gets the value (fact H162).
    #[must_use]
    pub fn with_value(mut self, variable: &str, value: &str) -> Self {
        let faults = value::faults(value);
        let variable = variable.to_owned();
        self.seen.repaired = (!faults.is_empty()).then_some(RepairedValue { variable, faults });
        self
    }

    /// Its service.
    #[must_use]
    pub const fn service(&self) -> Option<&'static Service> {
        self.service
    }

    /// The keys that a call to it may carry.
    #[must_use]
    pub fn keys(&self) -> Option<&'static Keys> {
        services::keys_of(self.service)
    }

    /// Its cloud, as far as its name shows one.
    #[must_use]
    pub const fn cloud(&self) -> Cloud {
        match self.cloud {
            Some(cloud) => cloud,
            None => Cloud::Public,
        }
    }

    /// How a connection to it begins; by HTTPS where its service is not known.
    #[must_use]
    pub const fn opening(&self) -> Opening {
        match self.service {
            Some(service) => service.opening,
            None => Opening::Https,
        }
    }

    /// Whether its service has a call that proves it.
    #[must_use]
    pub fn has_call(&self) -> bool {
        self.service.is_some_and(Service::has_call)
    }

    /// Whether a call is made: under a privatelink name no certificate would cover it.
    #[must_use]
    pub fn is_called(&self) -> bool {
        self.has_call() && self.original_host.is_none()
    }

    /// The target of the original name beside a privatelink one.
    #[must_use]
    pub fn original(&self) -> Option<Self> {
        let host = self.original_host.clone()?;
        Some(Self::build(&host.clone(), host, Some(self.seen.port), "", None))
    }
}

/// The service of a name by its suffix, public or privatelink.
fn by_suffix(host: &str) -> Option<services::Match> {
    services::find_privatelink(host).filter(|m| !m.is_apex()).or_else(|| services::find(host))
}

#[cfg(test)]
mod tests;
