//! A world: what differs from the healthy network, and what the tool must say of it.
//!
//! One strict TOML file a world, named after the operator's mistake.

mod answer;
mod proxy;
mod resolver;
mod server;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;

use super::azure::world::Azure;

pub use answer::{Answer, Named, Written};
pub use proxy::{LeadsTo, Proxy, ProxyDoes};
pub use resolver::{Resolver, ResolverDoes, Role, View};
pub use server::{Certificate, Port, Server, Tls};

/// The account that every world walks to, unless it says otherwise.
pub const TARGET: &str = "myacct.openai.azure.com";
/// The private endpoint's address.
pub const ENDPOINT: &str = "10.3.0.5";
/// The address of the service's public front.
pub const FRONT: &str = "20.62.58.5";
/// The address of the forward proxy.
pub const PROXY: &str = "10.2.0.8";

/// What differs from the healthy network.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The mistake, in a sentence.
    pub about: String,
    /// What the user types.
    #[serde(default = "target")]
    pub target: String,
    /// Options after it.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Whether the lab's root is given with `--ca-file`, as if it were a public one.
    #[serde(default = "yes")]
    pub ca_file: bool,
    /// Deadline of a hop; short where something stays silent.
    #[serde(default = "timeout")]
    pub timeout_ms: u64,
    /// The machine.
    #[serde(default)]
    pub machine: Machine,
    /// What is in its environment.
    #[serde(default)]
    pub credential: Credential,
    /// The resolvers; without any, one that sees the private zone.
    #[serde(default)]
    pub resolver: Vec<Resolver>,
    /// What `getaddrinfo` gives: addresses, an EAI code, or `stalls`. Without an entry: what the
    /// first resolver that answers gives.
    #[serde(default)]
    pub system: BTreeMap<String, System>,
    /// The private endpoint, at 10.3.0.5.
    #[serde(default)]
    pub private: Server,
    /// The service's public front, at 20.62.58.5.
    #[serde(default)]
    pub public: Server,
    /// Servers elsewhere.
    #[serde(default)]
    pub server: Vec<Server>,
    /// The forward proxy, at 10.2.0.8; its variable is set.
    pub proxy: Option<Proxy>,
    /// Azure: where it is, the tool is asked to read it.
    pub azure: Option<Azure>,
    /// What the tool must say.
    pub expect: Expect,
}

fn target() -> String {
    TARGET.to_owned()
}

const fn yes() -> bool {
    true
}

/// A healthy walk ends long before it.
const fn timeout() -> u64 {
    4000
}

/// The machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Machine {
    /// Whether it is Azure's.
    pub azure: bool,
    /// The hosts file.
    pub hosts: String,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether the corporate root is in its store.
    pub corporate_root: bool,
    /// How far its clock is ahead of everybody else's, in seconds.
    pub clock_ahead_s: i64,
    /// Nothing stands in resolv.conf.
    pub no_resolver: bool,
    /// resolv.conf may not be read.
    pub resolver_config_unreadable: bool,
    /// The system keeps its resolvers where the program does not look, as Windows does.
    pub resolver_config_not_read: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            azure: true,
            hosts: String::new(),
            environment: BTreeMap::new(),
            corporate_root: false,
            clock_ahead_s: 0,
            no_resolver: false,
            resolver_config_unreadable: false,
            resolver_config_not_read: false,
        }
    }
}

/// What is in the environment; each secret is a canary.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Credential {
    /// Which.
    pub kind: CredentialKind,
    /// Claims of the token that differ.
    pub claims: BTreeMap<String, toml::Value>,
    /// `exp`, from now.
    pub expires_in_s: Option<i64>,
    /// `nbf`, from now.
    pub not_before_in_s: Option<i64>,
}

/// Which secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// AZURE_OPENAI_API_KEY.
    #[default]
    Key,
    /// AZURE_OPENAI_AD_TOKEN, a JWT.
    Token,
    /// The key in AZURE_OPENAI_API_KEY with a line end after it.
    KeyWithLineEnd,
    /// A JWT in AZURE_OPENAI_API_KEY.
    TokenAsKey,
    /// An API key in AZURE_OPENAI_AD_TOKEN.
    KeyAsToken,
    /// AZURE_SEARCH_API_KEY.
    SearchKey,
    /// DOCUMENTINTELLIGENCE_API_KEY.
    DocumentKey,
    /// Neither.
    None,
}

/// What `getaddrinfo` gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum System {
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// Addresses that come later than the resolvers' own answers.
    Late {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// How long the lookup takes, in milliseconds.
        after_ms: u64,
    },
    /// An EAI code, or `stalls`.
    Word(String),
}

/// What the tool must say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `works`, `at_risk`, `broken`, `cannot_tell`.
    pub state: String,
    /// The hop that is broken.
    pub broken_hop: Option<String>,
    /// The finding that is the cause.
    pub cause: Option<String>,
    /// How sure it is: `proved`, `inferred`, `possible`.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub confidence: Option<String>,
    /// Every finding of the levels risk and broken, the explained ones too.
    pub findings: Vec<String>,
    /// Findings that must be among the notes.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether the secret must have reached a server in a request; else it must not have.
    pub credential_sent: bool,
}

impl World {
    /// Reads one world.
    ///
    /// # Errors
    /// The file cannot be read, or is no world.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Reads one world from its text.
    ///
    /// # Errors
    /// It is no world.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut world: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        if world.resolver.is_empty() && !world.machine.no_resolver {
            world.resolver.push(Resolver::default());
        }
        for resolver in &mut world.resolver {
            resolver.knows_azure = world.azure.is_some();
        }
        let fixed = [(&mut world.private, ENDPOINT), (&mut world.public, FRONT)];
        for (server, address) in fixed {
            if server.at.is_empty() {
                server.at.push(address.parse().map_err(|e| format!("{address}: {e}"))?);
            }
        }
        Ok(world)
    }
}
