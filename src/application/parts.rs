//! The parts of an application, from what the command line and variables name.

use super::{HOST, LOGIN, Origin, Part, variables};
use crate::args::With;
use crate::clouds::Cloud;
use crate::services::{self, Kind, Service};
use crate::sorting;
use crate::target::{Target, TargetError};
use crate::world::Environment;

/// Why the parts of an application cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartError {
    /// Nothing names an account.
    #[error(
        "no account: name one, or set AZURE_OPENAI_ENDPOINT or the endpoint of a Foundry project \
         (see --help){0}"
    )]
    NoAccount(String),
    /// A kind that no service has.
    #[error("--with {0}=...: there is no such service; the kinds are {1}")]
    Kind(String, String),
    /// A service that is not in the cloud of the account.
    #[error(
        "--with {kind}={name}: give the whole host name, its suffix is not known in the {cloud} cloud"
    )]
    Suffix {
        /// As it was typed.
        kind: String,
        /// As it was typed.
        name: String,
        /// The cloud's name for people.
        cloud: &'static str,
    },
    /// A name that cannot be walked.
    #[error("{0}: {1}")]
    Target(String, TargetError),
    /// What is neither a host nor a name. It may be a key, and is not repeated.
    #[error(
        "{0}: neither a host nor the name of a resource (letters, digits and hyphens); its value \
         is not shown, since it may be a key"
    )]
    NoName(String),
}

/// Short words for services that have several names, with the id of the one that applications use
/// most.
const ALIASES: &[(&str, &str)] = &[
    ("storage", "blob"),
    ("vault", "keyvault"),
    ("cosmosdb", "cosmos"),
    ("registry", "acr"),
    ("gateway", "apim"),
];

/// The parts of an application: those that `typed` and `with` name, then those of its variables,
/// then the account's other names.
///
/// # Errors
///
/// [`PartError`].
pub fn parts(
    typed: &[String],
    with: &[With],
    environment: &Environment,
) -> Result<Vec<Part>, PartError> {
    let mut parts = Parts::default();
    for name in typed {
        let target = Target::parse(name, None);
        let problem = |e| PartError::Target("the account".to_owned(), e);
        let target = target.map_err(problem)?;
        match target.service() {
            Some(_) => parts.add(target, None, Origin::CommandLine),
            // A gateway of one's own in front of the account.
            None => {
                let target = Target::parse(name, Some(variables::ACCOUNT)).map_err(problem)?;
                parts.add(target, Some(variables::ACCOUNT), Origin::CommandLine);
            }
        }
    }
    let typed_parts = parts.list.len();
    // The siblings are in the cloud of the account.
    let variables = variables::named(environment);
    let accounts = variables.iter().filter(|found| found.variable.is_account());
    if typed.is_empty() {
        for found in accounts {
            parts.add_variable(found, Cloud::Public)?;
        }
    }
    if !parts.list.iter().any(|part| part.is_account() || part.gateway()) {
        return Err(PartError::NoAccount(variables::other_account(environment)));
    }
    let cloud = parts.list.iter().find_map(|part| part.target.seen.cloud.as_deref());
    let cloud = cloud.and_then(Cloud::named).unwrap_or(Cloud::Public);
    for With { kind, name } in with {
        let (target, service) = sibling(kind, name, cloud)?;
        parts.add(target, service, Origin::CommandLine);
    }
    for found in variables.iter().filter(|found| !found.variable.is_account()) {
        parts.add_variable(found, cloud)?;
    }
    let anchors = parts.anchors(typed_parts);
    for part in &mut parts.list {
        part.is_own = anchors.iter().any(|anchor| is_same_account(anchor, &part.target));
    }
    parts.add_other_names();
    Ok(parts.list)
}

/// The part of a host that gives tokens, `https://host[:port]`.
///
/// # Errors
///
/// [`PartError::Target`].
pub fn token_part(url: &str, origin: Origin) -> Result<Part, PartError> {
    let target = Target::parse(url, None);
    let target = target.map_err(|e| PartError::Target("the login host".to_owned(), e))?;
    let label = LOGIN.to_owned();
    Ok(Part { label, target, service: None, origin, is_own: false, credential: None })
}

/// The cloud of an application's account.
#[must_use]
pub fn cloud(parts: &[Part]) -> Cloud {
    parts.first().map_or(Cloud::Public, |part| part.target.cloud())
}

/// A service that was named: `kind` is its id or a short word for it.
fn sibling(
    kind: &str,
    name: &str,
    cloud: Cloud,
) -> Result<(Target, Option<&'static str>), PartError> {
    let id = ALIASES.iter().find(|(word, _)| *word == kind).map_or(kind, |(_, id)| id);
    let service = services::by_id(id).ok_or_else(|| {
        let mut kinds: Vec<&str> = services::all().map(|service| service.id).collect();
        kinds.extend(ALIASES.iter().map(|(word, _)| *word));
        sorting::ascending(&mut kinds);
        PartError::Kind(kind.to_owned(), kinds.join(", "))
    })?;
    // What was typed may hold a secret, and is not repeated.
    let place = || format!("--with {kind}=...");
    let host = match variables::host_part(name).contains(['.', '[']) || name.contains('@') {
        true => name.to_owned(),
        false => {
            bare(name, &place())?;
            host_of(service, name, cloud).ok_or_else(|| PartError::Suffix {
                kind: kind.to_owned(),
                name: name.to_owned(),
                cloud: cloud.words(),
            })?
        }
    };
    // A name of the service's own shows it; any other name is believed to lead to it.
    let target = Target::parse(&host, None).map_err(|e| PartError::Target(place(), e))?;
    if target.service() == Some(service) {
        return Ok((target, None));
    }
    let target = Target::parse(&host, Some(id)).map_err(|e| PartError::Target(place(), e))?;
    Ok((target, Some(service.id)))
}

/// Refuses the name of a resource that is none, and may be a key in its place: it would be looked up.
fn bare(name: &str, place: &str) -> Result<(), PartError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain || name.is_empty() {
        return Err(PartError::NoName(place.to_owned()));
    }
    let mixed = name.bytes().any(|byte| byte.is_ascii_digit())
        && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    let error = match Target::parse(name, None) {
        // The lengths of the keys of services; the forms of an account's are known there.
        Ok(_) if mixed && KEY_LENGTHS.contains(&name.len()) && !name.contains('-') => {
            TargetError::Key
        }
        Ok(_) | Err(TargetError::Command(_)) => return Ok(()),
        Err(error) => error,
    };
    Err(PartError::Target(place.to_owned(), error))
}

/// Characters of the keys of services.
const KEY_LENGTHS: &[usize] = &[32, 52, 84];

/// Whether a target is a name of the account of `anchor`, or the same gateway.
fn is_same_account(anchor: &Target, target: &Target) -> bool {
    let is_account = |target: &Target| target.service().is_some_and(Service::is_account);
    let account = |target: &Target| target.seen.account.clone();
    let (one, other) = (&anchor.seen, &target.seen);
    if (&one.host, one.port, &one.base_path) == (&other.host, other.port, &other.base_path) {
        return true;
    }
    is_account(anchor)
        && is_account(target)
        && account(anchor).is_some()
        && account(anchor) == account(target)
        && anchor.cloud() == target.cloud()
}

/// The host of a service's resource in a cloud, where its suffix needs no region.
fn host_of(service: &Service, name: &str, cloud: Cloud) -> Option<String> {
    let endpoint = service.endpoints.iter().find(|endpoint| endpoint.cloud == cloud);
    let suffix = endpoint.map(|endpoint| endpoint.suffix).filter(|s| !s.contains('{'))?;
    Some(format!("{name}.{suffix}"))
}

/// Parts in order, each place once.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
}

impl Parts {
    fn add(&mut self, target: Target, service: Option<&'static str>, origin: Origin) {
        let place =
            |t: &Target| (t.service(), t.seen.host.clone(), t.seen.port, t.seen.base_path.clone());
        if self.list.iter().any(|part| place(&part.target) == place(&target)) {
            return;
        }
        let label = match target.service() {
            Some(service) => service.id.to_owned(),
            None => HOST.to_owned(),
        };
        let (is_own, credential) = (false, None);
        self.list.push(Part { label, target, service, origin, is_own, credential });
    }

    fn add_variable(&mut self, found: &variables::Found, cloud: Cloud) -> Result<(), PartError> {
        let name = found.variable.name;
        let problem = |error| PartError::Target(name.to_owned(), error);
        if found.value.starts_with(['"', '\'']) || found.value.ends_with(['"', '\'']) {
            return Err(problem(TargetError::Quotes));
        }
        // A URL says itself what it lacks: a scheme of its own, or a host without a domain.
        if found.is_bare && found.variable.is_account() && found.value.contains("://") {
            let bad = Target::parse(&found.value, None).err().filter(|e| e.is_of_url());
            return Err(bad.map_or_else(|| PartError::NoName(name.to_owned()), problem));
        }
        let host = match (found.is_bare, services::by_id(found.variable.service)) {
            (true, Some(service)) => {
                bare(&found.value, name)?;
                match &found.suffix {
                    Some(suffix) => Some(format!("{}.{suffix}", found.value)),
                    None => host_of(service, &found.value, cloud),
                }
            }
            _ => None,
        };
        let host = host.unwrap_or_else(|| found.value.clone());
        let named = |target: Target| {
            let target = target.named_by(name);
            match &found.whole {
                Some(value) => target.with_value(name, value),
                None => target,
            }
        };
        let target = Target::parse(&host, None).map_err(problem)?;
        // The name of an account does not show which of its APIs is called.
        let api = services::by_id(found.variable.service).filter(|s| s.kind == Kind::Api);
        if let (Some(api), true) = (api, target.service().is_some_and(Service::is_account)) {
            let target = Target::parse(&host, Some(api.id)).map_err(problem)?;
            self.add(named(target), Some(api.id), Origin::Variable(name));
            return Ok(());
        }
        let is_shown = target.service().is_some_and(|s| s.id == found.variable.service);
        if found.variable.form == variables::Form::Name && !is_shown {
            return Err(PartError::NoName(name.to_owned()));
        }
        // A gateway of one's own in front of a service has a name that shows nothing.
        let behind = target.service().is_none() && found.variable.form == variables::Form::Endpoint;
        if behind {
            let service = found.variable.service;
            let target = Target::parse(&host, Some(service)).map_err(problem)?;
            self.add(named(target), Some(service), Origin::Variable(name));
        } else {
            self.add(named(target), None, Origin::Variable(name));
        }
        Ok(())
    }

    /// The targets that are the account: the first `typed`, which the command line names, else that
    /// of its own variable, else the first account.
    fn anchors(&self, typed: usize) -> Vec<Target> {
        let leads = |part: &&Part| part.is_account() || part.gateway();
        let own = |part: &&Part| part.origin == Origin::Variable(variables::OWN);
        let anchors: Vec<&Part> = match typed {
            0 => {
                let own = self.list.iter().find(own);
                own.or_else(|| self.list.iter().find(leads)).into_iter().collect()
            }
            typed => self.list.iter().take(typed).filter(leads).collect(),
        };
        anchors.into_iter().map(|part| part.target.clone()).collect()
    }

    /// The names that an account has under the other suffixes (fact D4): each is resolved by a zone
    /// of its own, and an application's next version may use it (fact D69).
    fn add_other_names(&mut self) {
        let others: Vec<String> = self
            .list
            .iter()
            .filter(|part| {
                part.service.is_none()
                    && part.target.service().is_some_and(|service| service.kind == Kind::Account)
            })
            .filter_map(|part| {
                Some((part.target.seen.account.clone()?, part.target.seen.public_suffix.clone()?))
            })
            .flat_map(|(account, suffix)| {
                let others =
                    services::other_names(&suffix).map(|other| format!("{account}.{other}"));
                others.collect::<Vec<_>>()
            })
            .collect();
        for host in others {
            let known = self.list.iter().any(|part| part.target.seen.host == host);
            if let (false, Ok(target)) = (known, Target::parse(&host, None)) {
                self.add(target, None, Origin::Implied);
                if let Some(part) = self.list.last_mut() {
                    // No key goes to a name that is not configured.
                    part.credential = Some("none");
                }
            }
        }
    }
}
