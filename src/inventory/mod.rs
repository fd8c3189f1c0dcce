//! The inventory: which targets are checked repeatedly, and how.
//!
//! Text in, plain settings out. Nothing here opens a file, reads the environment or contacts a host;
//! an inventory does not contain a secret, only the place of one.

pub mod document;
mod read;
mod settings;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::credential::Host;
use crate::credential::{CredentialOptions, SourceChoice};
use crate::target::Target;
use crate::walk::plan::{Plan, option};
use crate::world::{ConnectOverride, World};

pub use read::{Problem, is_name, read};
pub use settings::{
    AZURE_INTERVAL, CERTIFICATE_DAYS, INTERVAL, ServeSettings, WatchSettings, WebhookPlace,
    WebhookSettings, WebhookShape,
};

/// The JSON schema of an inventory: for editors, and for unknown keys. A test checks that it is the
/// one of [`document::Document`].
pub const SCHEMA: &str = include_str!("../../docs/inventory.schema.json");

/// The inventory of the package's services.
pub const PACKAGED: &str = "/etc/aoai-probe/targets.toml";
/// Targets of one inventory.
pub const MAX_TARGETS: usize = 20_000;

/// The content of a file.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The targets, in the order of the file; their names are unique.
    pub entries: Vec<Entry>,
    /// How `watch` confirms and reports.
    pub watch: WatchSettings,
    /// How `serve` listens.
    pub serve: ServeSettings,
}

/// One target.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its unique name in outputs.
    pub name: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// The target.
    pub target: Target,
    /// How it is walked. The file of `ca_file` has not been read.
    pub plan: Plan,
    /// The place of its credential.
    pub credential: CredentialReference,
    /// Redirected connections.
    pub connect_to: Vec<ConnectOverride>,
    /// Labels in outputs.
    pub labels: BTreeMap<String, String>,
    /// Time between walks.
    pub interval: Duration,
    /// Time between questions to Azure Resource Manager in `watch` and `serve`; none: it is not
    /// asked.
    pub azure: Option<Duration>,
    /// Muted until then.
    pub muted_until: Option<SystemTime>,
}

impl Entry {
    /// The options that make the same walk by hand.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let way = self.plan.way_options(&self.connect_to);
        let azure = self.azure.map(|_| "--azure".to_owned());
        let own = self.credential.options().into_iter().chain(self.plan.call_options());
        let service = self.target.forced_service();
        let service = service.map(|service| option("--service", service.id));
        way.into_iter().chain(service).chain(own).chain(azure).collect()
    }

    /// The words that would be looked up, sent or shown.
    #[must_use]
    pub fn typed_words(&self) -> Vec<&str> {
        let labels = self.labels.values().map(String::as_str);
        self.target.typed().chain(self.plan.typed()).chain(labels).chain([&*self.name]).collect()
    }
}

/// The place of a credential, never the credential itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialReference {
    /// Which source.
    pub choice: SourceChoice,
    /// File of an API key.
    pub api_key_file: Option<String>,
    /// Environment variable of an API key.
    pub api_key_variable: Option<String>,
    /// File of an Entra token.
    pub token_file: Option<String>,
    /// File of an assertion.
    pub assertion_file: Option<String>,
    /// A user-assigned managed identity.
    pub identity: Option<String>,
}

impl CredentialReference {
    /// The options that name the same credential by hand. A variable is not among them: its value is
    /// in the environment.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let choice = match &self.choice {
            SourceChoice::Auto => None,
            SourceChoice::None => Some("none"),
            SourceChoice::Named(name) => Some(name.as_str()),
        };
        [
            ("--credential", choice),
            ("--api-key-file", self.api_key_file.as_deref()),
            ("--token-file", self.token_file.as_deref()),
            ("--assertion-file", self.assertion_file.as_deref()),
            ("--identity", self.identity.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(option(name, value?)))
        .collect()
    }

    /// The request to the catalogue of credential sources, on this machine.
    #[must_use]
    pub fn request(&self, world: &World, pipe_timeout: Duration) -> CredentialOptions {
        CredentialOptions {
            service: None,
            choice: self.choice.clone(),
            api_key_file: self.api_key_file.clone(),
            token_file: self.token_file.clone(),
            assertion_file: self.assertion_file.clone(),
            identity: self.identity.clone(),
            key_variable: self.api_key_variable.clone(),
            host: Host { azure: world.azure.answer, arc_agent: world.arc_agent },
            pipe_timeout,
        }
    }
}
