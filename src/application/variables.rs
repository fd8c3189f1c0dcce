//! Variables in which applications keep the names of what they call. No list of them is
//! official: these are the ones of Microsoft's samples and of the SDKs' quickstarts.

use url::Url;

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
    /// A URL or a host.
    Endpoint,
    /// The name of a resource, before its suffix.
    Name,
    /// A connection string, of which the value of this key is read, and no other: it holds a secret.
    Connection(&'static str),
}

impl Variable {
    /// Whether it names the account.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.service == ACCOUNT || self.service == FOUNDRY
    }
}

const ACCOUNT: &str = "openai";
const FOUNDRY: &str = "aiservices";

const fn endpoint(name: &'static str, service: &'static str) -> Variable {
    Variable { name, service, form: Form::Endpoint }
}

const fn name(name: &'static str, service: &'static str) -> Variable {
    Variable { name, service, form: Form::Name }
}

const fn connection(name: &'static str, service: &'static str, key: &'static str) -> Variable {
    Variable { name, service, form: Form::Connection(key) }
}

/// Each of them; the first ones come first where several name the same host.
pub const VARIABLES: &[Variable] = &[
    endpoint("AZURE_OPENAI_ENDPOINT", ACCOUNT),
    endpoint("AZURE_AI_PROJECT_ENDPOINT", FOUNDRY),
    endpoint("FOUNDRY_PROJECT_ENDPOINT", FOUNDRY),
    endpoint("PROJECT_ENDPOINT", FOUNDRY),
    endpoint("AZURE_SEARCH_ENDPOINT", "search"),
    endpoint("AZURE_AI_SEARCH_ENDPOINT", "search"),
    endpoint("AZURE_SEARCH_SERVICE_ENDPOINT", "search"),
    name("AZURE_SEARCH_SERVICE", "search"),
    name("AZURE_SEARCH_SERVICE_NAME", "search"),
    endpoint("AZURE_STORAGE_BLOB_ENDPOINT", "blob"),
    endpoint("AZURE_STORAGE_ACCOUNT_URL", "blob"),
    name("AZURE_STORAGE_ACCOUNT", "blob"),
    name("AZURE_STORAGE_ACCOUNT_NAME", "blob"),
    connection("AZURE_STORAGE_CONNECTION_STRING", "blob", "BlobEndpoint"),
    connection("AZURE_STORAGE_CONNECTION_STRING", "blob", "AccountName"),
    endpoint("AZURE_KEY_VAULT_ENDPOINT", "keyvault"),
    endpoint("AZURE_KEY_VAULT_URL", "keyvault"),
    endpoint("AZURE_KEYVAULT_URL", "keyvault"),
    name("AZURE_KEY_VAULT_NAME", "keyvault"),
    name("KEY_VAULT_NAME", "keyvault"),
    endpoint("AZURE_COSMOS_ENDPOINT", "cosmos"),
    endpoint("AZURE_COSMOSDB_ENDPOINT", "cosmos"),
    endpoint("COSMOS_ENDPOINT", "cosmos"),
    name("AZURE_COSMOSDB_ACCOUNT", "cosmos"),
    endpoint("AZURE_APPCONFIG_ENDPOINT", "appconfig"),
    endpoint("AZURE_APPCONFIGURATION_ENDPOINT", "appconfig"),
    endpoint("AZURE_DOCUMENTINTELLIGENCE_ENDPOINT", "cognitiveservices"),
    endpoint("AZURE_CONTAINER_REGISTRY_ENDPOINT", "acr"),
    connection("APPLICATIONINSIGHTS_CONNECTION_STRING", "monitor", "IngestionEndpoint"),
];

/// A variable that is set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Which.
    pub(super) variable: &'static Variable,
    /// The name in it; nothing else of its value is kept.
    pub(super) value: String,
    /// Whether that is the name of a resource, without its suffix.
    pub(super) is_bare: bool,
}

/// The variables that are set, with the names in them.
pub(super) fn named(environment: &Environment) -> Vec<Found> {
    let one = |variable: &'static Variable| {
        let value = environment.get(variable.name)?.trim();
        let value = match variable.form {
            Form::Endpoint | Form::Name => value,
            Form::Connection(key) => of_connection(value, key)?,
        };
        // What samples leave for their reader to fill in.
        if value.is_empty() || value.contains(['<', '>']) {
            return None;
        }
        let is_bare = !value.contains(['.', ':', '/']);
        Some(Found { variable, value: without_path(value, variable), is_bare })
    };
    VARIABLES.iter().filter_map(one).collect()
}

/// The value of a key in a connection string, `key=value;key=value`.
fn of_connection<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.trim())
}

/// The endpoint of a sibling without path and query, which may hold a signature; an account's path
/// names its project or the v1 path.
fn without_path(value: &str, variable: &Variable) -> String {
    if variable.is_account() {
        return value.to_owned();
    }
    match Url::parse(value) {
        Ok(url) if url.has_host() => url.origin().ascii_serialization(),
        _ => value.to_owned(),
    }
}
