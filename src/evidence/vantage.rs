//! Who and where we are.

mod platform;
mod proxy_choice;
mod proxy_script;
mod resolver_config;
mod route;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use platform::{AzureMachine, Platform, PlatformSign};
pub use proxy_choice::{
    ClientDecision, ClientProxy, NoProxyEntry, ProxyDecision, ProxyReason, ProxyVariable,
    SystemProxyEvidence, SystemProxySettings,
};
pub use proxy_script::{ScriptEvidence, ScriptOutcome, error_name};

pub use resolver_config::{
    NamePolicy, NameserverInterface, PolicyKind, PolicyMatch, ResolverConfig, Stub,
};

pub use route::{Interface, MarkedRoute, NeighbourState, Route, SourceTowards};

/// The vantage hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vantage {
    /// Host name.
    pub host: String,
    /// Operating system and architecture, e.g. `linux x86_64`.
    pub os: String,
    /// Whether this is an Azure machine, without a packet sent (fact T24).
    pub azure: AzureMachine,
    /// What this machine runs in or under, with the sign of each; a pod on an Azure machine
    /// with a service mesh has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<PlatformSign>,
    /// The gateways of this machine's default routes; empty where there is none, or where this
    /// OS cannot say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_gateways: Vec<IpAddr>,
    /// The resolver configuration.
    pub resolver_config: ResolverConfig,
    /// The hosts file, as far as it names a name of this walk.
    pub hosts: HostsFile,
    /// The `hosts:` line of nsswitch.conf, if there is one.
    pub nsswitch_hosts: Option<String>,
    /// What answers for `getaddrinfo`: `glibc 2.36`, `musl`, `winsock`, `mDNSResponder` (macOS).
    /// `glibc 2.36 (getent)` where the program `getent` asked it: the time of the lookup includes its
    /// start. Absent where it is not known, and in reports of older versions, which asked glibc on Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_by: Option<String>,
    /// Proxy variables and which of them applies.
    pub proxy: ProxyDecision,
    /// Our source address and interface towards each address of this walk.
    pub sources: Vec<SourceTowards>,
    /// This machine's own addresses among the senders of ICMP messages about its connections: the
    /// kernel sends its own from an interface's primary address, which need not be the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_senders: Vec<IpAddr>,
    /// The TTL with which this machine's IPv4 packets start, where one of them ran out of it on
    /// the way, or a connection got no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop_limit: Option<u8>,
    /// Tunnel interfaces of this machine that are down, when no address took a connection.
    #[serde(default)]
    pub tunnels_down: Vec<String>,
    /// Our clock minus the peer's `Date` header in seconds; null when there was none.
    pub clock_ahead_s: Option<i64>,
    /// What the walk had of the processors; absent where the OS does not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<ProcessorTime>,
}

/// The processor time of a walk's thread, as the kernel counted it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessorTime {
    /// Milliseconds for which it ran.
    pub ran_ms: f64,
    /// Milliseconds for which it was ready to run and got no processor: others used them, or the CPU
    /// limit of its container was reached.
    pub waited_ms: f64,
}

/// The end of [`Vantage::lookup_by`] where `getent` asked the library.
pub const BY_GETENT: &str = " (getent)";

impl Vantage {
    /// A machine of which only the system is known.
    #[must_use]
    pub const fn unknown(os: String) -> Self {
        Self {
            host: String::new(),
            os,
            azure: AzureMachine { answer: None, signs: Vec::new() },
            platforms: Vec::new(),
            default_gateways: Vec::new(),
            resolver_config: ResolverConfig::not_read(),
            hosts: HostsFile { path: String::new(), state: FileState::NotRead, lines: Vec::new() },
            nsswitch_hosts: None,
            lookup_by: None,
            proxy: ProxyDecision {
                variables: Vec::new(),
                applies: None,
                reason: ProxyReason::NotConfigured,
                no_proxy: Vec::new(),
                misspelt: Vec::new(),
                clients: Vec::new(),
                system: None,
            },
            sources: Vec::new(),
            own_senders: Vec::new(),
            hop_limit: None,
            tunnels_down: Vec::new(),
            clock_ahead_s: None,
            processor: None,
        }
    }

    /// Whether another program looked the name up: a short time then shows nothing.
    #[must_use]
    pub fn looked_up_by_program(&self) -> bool {
        self.lookup_by.as_deref().is_some_and(|by| by.ends_with(BY_GETENT))
    }

    /// Whether this machine runs in or under `platform`.
    #[must_use]
    pub fn is_on(&self, platform: Platform) -> bool {
        self.platforms.iter().any(|seen| seen.platform == platform)
    }
}

/// Whether a file could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FileState {
    /// It was read.
    Read,
    /// There is none.
    Missing,
    /// This system keeps it elsewhere, where this program does not look.
    NotRead,
    /// It is there and cannot be read.
    Unreadable {
        /// Why.
        message: String,
    },
}

/// The hosts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsFile {
    /// Where it was read.
    pub path: String,
    /// Whether it could be read.
    pub state: FileState,
    /// Lines that name a name of this walk.
    pub lines: Vec<HostsLine>,
}

/// A line of the hosts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostsLine {
    /// Line number, from 1.
    pub number: u32,
    /// Its address.
    pub address: IpAddr,
    /// The name of this walk that it pins.
    pub name: String,
    /// Other names that the line holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}
