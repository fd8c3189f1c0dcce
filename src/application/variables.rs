//! Variables in which applications keep the names of what they call. No list of them is
//! official: these are the ones of Microsoft's samples and of the SDKs' quickstarts.

use url::Url;

use super::unread::{Unread, unread};
use crate::target::Target;
use crate::world::Environment;

/// A variable with a name in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The id of the service that it names.
    pub service: &'static str,
    /// What its value is.
    pub form: Form,
}

/// What the value of a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A URL or a host, which may be a gateway of one's own in front of the service.
    Endpoint,
    /// A URL or a host that is the service's only where its name shows it: other products have variables
    /// of that name, or the service has hosts of another kind.
    Shown,
    /// The name of a resource, before its suffix.
    Name,
    /// A connection string, of which the value of this key is read, and no other: it holds a secret.
    Connection(&'static str),
    /// A connection string of a storage account: its endpoint, else its name and suffix.
    Storage,
}

impl Variable {
    /// Whether it names the account.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.service == ACCOUNT || self.service == FOUNDRY
    }
}

/// The variable that names the account itself.
pub(super) const OWN: &str = "AZURE_OPENAI_ENDPOINT";
/// The id of the account's service.
pub(super) const ACCOUNT: &str = "openai";
const FOUNDRY: &str = "aiservices";

const fn endpoint(name: &'static str, service: &'static str) -> Variable {
    Variable { name, service, form: Form::Endpoint }
}

const fn shown(name: &'static str, service: &'static str) -> Variable {
    Variable { name, service, form: Form::Shown }
}

const fn name(name: &'static str, service: &'static str) -> Variable {
    Variable { name, service, form: Form::Name }
}

const fn connection(name: &'static str, service: &'static str, key: &'static str) -> Variable {
    Variable { name, service, form: Form::Connection(key) }
}

/// Each of them; the first ones come first where several name the same host.
pub const VARIABLES: &[Variable] = &[
    endpoint(OWN, ACCOUNT),
    shown("AZURE_AI_PROJECT_ENDPOINT", FOUNDRY),
    shown("FOUNDRY_PROJECT_ENDPOINT", FOUNDRY),
    shown("PROJECT_ENDPOINT", FOUNDRY),
    endpoint("AZURE_SEARCH_ENDPOINT", "search"),
    endpoint("AZURE_AI_SEARCH_ENDPOINT", "search"),
    endpoint("AZURE_SEARCH_SERVICE_ENDPOINT", "search"),
    name("AZURE_SEARCH_SERVICE", "search"),
    name("AZURE_SEARCH_SERVICE_NAME", "search"),
    endpoint("AZURE_STORAGE_BLOB_ENDPOINT", "blob"),
    endpoint("AZURE_STORAGE_ACCOUNT_URL", "blob"),
    name("AZURE_STORAGE_ACCOUNT", "blob"),
    name("AZURE_STORAGE_ACCOUNT_NAME", "blob"),
    Variable { name: "AZURE_STORAGE_CONNECTION_STRING", service: "blob", form: Form::Storage },
    endpoint("AZURE_KEY_VAULT_ENDPOINT", "keyvault"),
    endpoint("AZURE_KEY_VAULT_URL", "keyvault"),
    endpoint("AZURE_KEYVAULT_URL", "keyvault"),
    name("AZURE_KEY_VAULT_NAME", "keyvault"),
    name("KEY_VAULT_NAME", "keyvault"),
    endpoint("AZURE_COSMOS_ENDPOINT", "cosmos"),
    endpoint("AZURE_COSMOSDB_ENDPOINT", "cosmos"),
    shown("COSMOS_ENDPOINT", "cosmos"),
    name("AZURE_COSMOSDB_ACCOUNT", "cosmos"),
    endpoint("AZURE_APPCONFIG_ENDPOINT", "appconfig"),
    endpoint("AZURE_APPCONFIGURATION_ENDPOINT", "appconfig"),
    endpoint("AZURE_DOCUMENTINTELLIGENCE_ENDPOINT", "documentintelligence"),
    shown("DOCUMENTINTELLIGENCE_ENDPOINT", "documentintelligence"),
    shown("CONTENT_SAFETY_ENDPOINT", "contentsafety"),
    endpoint("AZURE_LANGUAGE_ENDPOINT", "language"),
    shown("AZURE_TRANSLATOR_ENDPOINT", "translator"),
    shown("VISION_ENDPOINT", "vision"),
    shown("AZURE_CONTAINER_REGISTRY_ENDPOINT", "acr"),
    connection(INSIGHTS, "monitor", INGESTION),
];

const INSIGHTS: &str = "APPLICATIONINSIGHTS_CONNECTION_STRING";
const INGESTION: &str = "IngestionEndpoint";
/// What a storage account's connection string without a suffix means in every SDK.
const STORAGE_SUFFIX: &str = "core.windows.net";

/// A variable that is set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Which.
    pub(super) variable: &'static Variable,
    /// The name in it; nothing else of its value is kept.
    pub(super) value: String,
    /// Whether that is the name of a resource, without its suffix.
    pub(super) is_bare: bool,
    /// The suffix of that name, where the variable has one.
    pub(super) suffix: Option<String>,
    /// The whole value of the variable that names the account itself: clients get it as it stands.
    pub(super) whole: Option<String>,
}

/// The variables that are set, with the names in them.
pub(super) fn named(environment: &Environment) -> Vec<Found> {
    let one = |variable: &'static Variable| {
        let whole = environment.get(variable.name)?;
        let value = whole.trim();
        let (value, suffix) = match variable.form {
            Form::Endpoint | Form::Shown | Form::Name => (value, None),
            Form::Connection(key) => (of_connection(value, key)?, None),
            Form::Storage => match of_connection(value, "BlobEndpoint") {
                Some(endpoint) => (endpoint, None),
                None => {
                    let suffix = of_connection(value, "EndpointSuffix").unwrap_or(STORAGE_SUFFIX);
                    let suffix = format!("{}.{suffix}", variable.service);
                    (of_connection(value, "AccountName")?, Some(suffix))
                }
            },
        };
        // What samples leave for their reader to fill in.
        if value.is_empty() || value.contains(['<', '>']) {
            return None;
        }
        // What has no dot is no host, and a key in its place must not become one.
        let is_bare = suffix.is_some() || !host_part(value).contains(['.', '[']);
        let value = if is_bare { value.to_owned() } else { without_path(value, variable) };
        let whole = (variable.name == OWN).then(|| whole.to_owned());
        Some(Found { variable, value, is_bare, suffix, whole })
    };
    VARIABLES.iter().filter_map(one).collect()
}

/// What names an account in a variable that no row has, for where nothing else names one.
pub(super) fn other_account(environment: &Environment) -> String {
    let all = unread(environment, &[]);
    let found = all.iter().find(|found| found.is_account());
    let words = |found: &Unread| {
        let Unread { name, host, .. } = found;
        format!(". {name} names one, and is not read: aoai-probe app {host}")
    };
    found.map(words).unwrap_or_default()
}

/// What is set and is not checked, a line each; `checked`: the hosts that are.
#[must_use]
pub fn notes(environment: &Environment, checked: &[String]) -> Vec<String> {
    let insights = environment.get(INSIGHTS).map(str::trim).filter(|text| text.contains('='));
    let lacks = insights.is_some_and(|text| of_connection(text, INGESTION).is_none());
    let note = || format!("{INSIGHTS}: no {INGESTION}; the default host is not checked");
    let unread = unread(environment, checked).into_iter().map(|found| {
        let Unread { name, host, service } = found;
        format!("{name} names {host}, which is not checked: --with {service}={host} adds it")
    });
    lacks.then(note).into_iter().chain(unread).collect()
}

/// The host of a URL or of `host[:port][/path]`, without judging it.
pub(super) fn host_part(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', ':', '?', '#']).next().unwrap_or_default()
}

/// The value of a key in a connection string, `key=value;key=value`.
fn of_connection<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    let value = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key));
    value.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// The endpoint of a sibling without query, which may hold a signature, and without the path, which
/// names one of its objects; an account's path names its project or the v1 path, and a gateway's
/// what is behind it.
fn without_path(value: &str, variable: &Variable) -> String {
    if variable.is_account() {
        return value.to_owned();
    }
    match Url::parse(value) {
        Ok(url) if url.has_host() => {
            let origin = url.origin().ascii_serialization();
            match Target::parse(&origin, None) {
                Ok(target) if target.service().is_none() => origin + url.path(),
                _ => origin,
            }
        }
        _ => value.to_owned(),
    }
}
