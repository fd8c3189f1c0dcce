//! The inventory: which targets are checked again and again, and how.
//!
//! Text in, plain settings out. Nothing here opens a file, looks at the environment or
//! contacts anybody; a secret has no place in an inventory, only the place of one.

pub mod document;
mod read;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use crate::credential::ways::Machine;
use crate::credential::{Choice, Request};
use crate::target::Target;
use crate::walk::plan::{Plan, option};
use crate::world::{Detour, World};

pub use read::{Problem, read};

/// The JSON schema of an inventory: for editors, and to tell which keys there are. A test holds
/// that it is the one of [`document::Document`].
pub const SCHEMA: &str = include_str!("../../docs/inventory.schema.json");

/// The inventory that the package's services read.
pub const PACKAGED: &str = "/etc/aoai-probe/targets.toml";
/// Time from walk to walk.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// Targets of one inventory.
pub const MOST_TARGETS: usize = 20_000;

/// What a file says.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The targets, in the file's order; no two of one name.
    pub entries: Vec<Entry>,
    /// How `watch` judges and tells.
    pub watch: WatchSettings,
    /// How `serve` listens.
    pub serve: ServeSettings,
}

/// One target.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name in outputs, unlike any other's.
    pub name: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// The target.
    pub target: Target,
    /// How it is walked. The file of `ca_file` has not been read.
    pub plan: Plan,
    /// Where its credential is.
    pub credential: CredentialReference,
    /// Redirected connections.
    pub connect_to: Vec<Detour>,
    /// Labels in outputs.
    pub labels: BTreeMap<String, String>,
    /// Time from walk to walk.
    pub interval: Duration,
    /// Muted until then.
    pub muted_until: Option<SystemTime>,
}

impl Entry {
    /// The options of the same walk by hand.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let way = self.plan.way_options(&self.connect_to);
        way.into_iter().chain(self.credential.options()).chain(self.plan.call_options()).collect()
    }
}

/// Where a credential is: never the credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialReference {
    /// Which source.
    pub choice: Choice,
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
    /// The options that name the same credential by hand. A variable is not among them: what
    /// it holds is in the environment.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let choice = match &self.choice {
            Choice::Auto => None,
            Choice::None => Some("none"),
            Choice::Named(name) => Some(name.as_str()),
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

    /// What is asked of the catalogue of sources on this machine.
    #[must_use]
    pub fn request(&self, world: &World, patience: Duration) -> Request {
        Request {
            choice: self.choice.clone(),
            api_key_file: self.api_key_file.clone(),
            token_file: self.token_file.clone(),
            assertion_file: self.assertion_file.clone(),
            identity: self.identity.clone(),
            machine: Machine { azure: world.azure.answer, arc_agent: world.arc_agent },
            patience,
        }
    }
}

/// `[watch]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSettings {
    /// How many of the last walks are looked at.
    pub walks: u32,
    /// How many of them must be bad.
    pub bad: u32,
    /// Or for how long all of them must have been bad.
    pub within: Duration,
    /// Good walks in a row that end an incident.
    pub good_again: u32,
    /// Changes of state that make a target unstable,
    pub unstable_changes: u32,
    /// within this time.
    pub unstable_within: Duration,
    /// The heartbeat's file.
    pub heartbeat_file: Option<String>,
    /// Where the URL is that is called at each heartbeat.
    pub heartbeat_url: Option<WebhookPlace>,
    /// From beat to beat.
    pub heartbeat_every: Duration,
    /// Whom to tell.
    pub webhook: Option<WebhookSettings>,
    /// Where walks and incidents are kept.
    pub history_file: Option<String>,
    /// How long walks are kept.
    pub keep: Duration,
    /// Octets that the file may have.
    pub keep_octets: u64,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            walks: 5,
            bad: 3,
            within: Duration::from_secs(120),
            good_again: 2,
            unstable_changes: 6,
            unstable_within: Duration::from_secs(3600),
            heartbeat_file: None,
            heartbeat_url: None,
            heartbeat_every: Duration::from_secs(60),
            webhook: None,
            history_file: None,
            keep: Duration::from_secs(90 * 24 * 3600),
            keep_octets: 256 << 20,
        }
    }
}

/// `[watch.webhook]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where its URL is.
    pub url: WebhookPlace,
    /// The form of its body.
    pub shape: WebhookShape,
    /// Deadline of one try.
    pub timeout: Duration,
}

/// Where a secret URL is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookPlace {
    /// In this file.
    File(String),
    /// In this environment variable.
    Variable(String),
}

/// The form of a webhook's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebhookShape {
    /// The event as JSON.
    #[default]
    Generic,
    /// What Slack's incoming webhooks take.
    Slack,
    /// What Teams's workflows take: an adaptive card.
    Teams,
}

/// `[serve]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Walks at once.
    pub concurrency: usize,
    /// Probes that may wait for their turn.
    pub queue: usize,
    /// Names by which it may be asked, besides its addresses and localhost. With none a server
    /// beyond loopback may be asked by any.
    pub hosts: Vec<String>,
    /// A target that no scrape asks for is walked again after this time; none: never.
    pub refresh: Option<Duration>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9715),
            concurrency: 64,
            queue: 1024,
            hosts: Vec::new(),
            refresh: Some(Duration::from_secs(300)),
        }
    }
}
