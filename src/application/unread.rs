//! Variables that name a service of Azure and that no row of the table has: frameworks, gateways and samples
//! have names of their own for the account and what is next to it. Nothing is checked by them, since what
//! an application does with one is not known; the report names what they hold (fact H180).

use url::Url;

use super::variables::{ACCOUNT, VARIABLES, Variable, host_part};
use crate::services;
use crate::target::Target;
use crate::world::Environment;

/// Variables with the name of an account, before its suffix.
const NAMES: &[&str] = &[
    "AZURE_OPENAI_API_INSTANCE_NAME",
    "AZURE_OPENAI_SERVICE",
    "AZURE_OPENAI_SERVICE_NAME",
    "AZURE_OPENAI_RESOURCE",
    "AZURE_OPENAI_RESOURCE_NAME",
    "AZURE_RESOURCE_NAME",
];
/// How many are named at most.
const MOST: usize = 8;

/// What such a variable names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// The variable.
    pub(super) name: String,
    /// The host; nothing else of the value is kept.
    pub(super) host: String,
    /// The id of its service.
    pub(super) service: &'static str,
}

impl Unread {
    /// Whether it names an account.
    pub(super) fn is_account(&self) -> bool {
        services::by_id(self.service).is_some_and(services::Service::is_account)
    }
}

/// Those whose host is none of those that are `checked`, each host once.
pub(super) fn unread(environment: &Environment, checked: &[String]) -> Vec<Unread> {
    let is_plain = |name: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        name.bytes().all(fits) && !VARIABLES.iter().any(|variable| variable.name == *name)
    };
    let mut found: Vec<Unread> = Vec::new();
    for name in environment.names().filter(is_plain) {
        let Some(value) = environment.get(name) else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        let Some((host, service)) = (match NAMES.contains(&name) {
            true => of_name(value).or_else(|| of_url(value)),
            false => of_url(value),
        }) else {
            continue;
        };
        let is_known = checked.contains(&host) || found.iter().any(|other| other.host == host);
        if !is_known && found.len() < MOST {
            found.push(Unread { name: name.to_owned(), host, service });
        }
    }
    found
}

/// The host of the account of a name.
fn of_name(value: &str) -> Option<(String, &'static str)> {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let target = Target::parse(value, None).ok().filter(|_| plain)?;
    Some((target.seen.host, ACCOUNT))
}

/// The host in a URL, or the host that a value is, where its suffix shows a service that applications call.
fn of_url(value: &str) -> Option<(String, &'static str)> {
    let host = match value.contains("://") {
        true => Url::parse(value).ok()?.host_str()?.to_ascii_lowercase(),
        false if value.contains(['=', '@', ' ', ';', ',']) => return None,
        false => host_part(value).to_ascii_lowercase(),
    };
    let service = services::find(&host)?.service;
    let is_called = |variable: &Variable| variable.service == service.id;
    (service.is_account() || VARIABLES.iter().any(is_called)).then_some((host, service.id))
}
