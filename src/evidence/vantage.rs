//! Who and where we are.

mod resolver_config;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use resolver_config::{
    NamePolicy, NameserverInterface, PolicyKind, PolicyMatch, ResolverConfig, Stub,
};

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
    /// What answers for `getaddrinfo`: `glibc 2.36`, `musl`, `winsock`, `mDNSResponder` (macOS). `glibc 2.36 (getent)`
    /// where the program `getent` asked it: the time of the lookup includes its start. Absent where it
    /// is not known, and in reports of older versions, which asked glibc on Linux.
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
    /// The TTL with which this machine's IPv4 packets start, where one of them ran out of it on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop_limit: Option<u8>,
    /// Tunnel interfaces of this machine that are down, when no address took a connection.
    #[serde(default)]
    pub tunnels_down: Vec<String>,
    /// Our clock minus the peer's `Date` header in seconds; null when there was none.
    pub clock_ahead_s: Option<i64>,
}

/// The end of [`Vantage::lookup_by`] where `getent` asked the library.
pub const BY_GETENT: &str = " (getent)";

impl Vantage {
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

/// A platform, and how it was recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformSign {
    /// The platform.
    pub platform: Platform,
    /// What shows it: the name of a variable or a file, an interface, an address.
    pub sign: String,
}

/// What a machine can run in or under, where that changes what its network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Azure App Service.
    AppService,
    /// Azure Functions.
    Functions,
    /// Azure Container Apps.
    ContainerApps,
    /// A pod of Kubernetes.
    Kubernetes,
    /// A container of Docker or Podman.
    Container,
    /// The Windows Subsystem for Linux.
    Wsl,
    /// A sidecar of a service mesh takes this process's connections.
    ServiceMesh,
    /// A zero-trust client answers names and connections on this machine.
    ZeroTrust,
    /// Compute of Databricks: a cluster, or serverless compute.
    Databricks,
    /// A machine outside Azure that Azure Arc manages: Azure does not keep its clock.
    Arc,
    /// A machine that its provider lends for a job or a session: a GitHub-hosted runner, a
    /// Microsoft-hosted agent of Azure Pipelines, a Codespace, a Cloud Shell.
    HostedMachine,
}

impl Platform {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppService => "App Service",
            Self::Functions => "Azure Functions",
            Self::ContainerApps => "Container Apps",
            Self::Kubernetes => "Kubernetes pod",
            Self::Container => "container",
            Self::Wsl => "WSL",
            Self::ServiceMesh => "service mesh",
            Self::ZeroTrust => "zero-trust client",
            Self::Databricks => "Databricks",
            Self::Arc => "Azure Arc machine",
            Self::HostedMachine => "hosted machine",
        }
    }
}

/// Whether this is an Azure machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AzureMachine {
    /// Yes, no, or the OS cannot say.
    pub answer: Option<bool>,
    /// The signs seen.
    pub signs: Vec<String>,
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

/// Which proxy applies to the target, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyDecision {
    /// The variables that are set, secrets masked.
    pub variables: Vec<ProxyVariable>,
    /// The proxy that applies, without its password; null for none.
    pub applies: Option<String>,
    /// Why, or why not.
    pub reason: ProxyReason,
    /// NO_PROXY, entry by entry, in order.
    pub no_proxy: Vec<NoProxyEntry>,
    /// Variables whose name looks misspelt, e.g. `HTTP_PORXY`.
    pub misspelt: Vec<String>,
    /// What each client would do with these variables and settings, whatever `--proxy` says; empty
    /// where none names a proxy.
    #[serde(default)]
    pub clients: Vec<ClientProxy>,
    /// The system's own proxy settings, which some clients read where no variable names a proxy
    /// (Windows, macOS); null where the system has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemProxyEvidence>,
}

/// The proxy settings that Windows and macOS have in addition to the variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemProxyEvidence {
    /// Those of this user (Windows: Internet Options, WinINET), or of the primary network service (macOS);
    /// null where they are not shown.
    pub user: Option<SystemProxySettings>,
    /// Those of services (Windows: `netsh winhttp`); null where they are not shown, and where the system has
    /// none of their own.
    pub services: Option<SystemProxySettings>,
}

/// Proxy settings of a user or of services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemProxySettings {
    /// Whether clients look for a script by DHCP and DNS (WPAD). It was not looked for.
    pub auto_detect: bool,
    /// The URL of a script that decides (PAC), without a query. It was not run.
    pub script: Option<String>,
    /// The proxy for https, without its password; null for none.
    pub proxy: Option<String>,
    /// What is asked directly, entry by entry.
    pub bypass: Vec<String>,
    /// The entry of those that exempts the target; null for none.
    pub exempted_by: Option<String>,
}

/// What one client would do with the proxy variables for a call to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientProxy {
    /// The client, e.g. `curl`.
    pub client: String,
    /// The version that this was tested against; null where it follows its sources alone.
    pub tested: Option<String>,
    /// The proxy that it would go through, without its password; null for none.
    pub proxy: Option<String>,
    /// What decides.
    pub decision: ClientDecision,
}

/// What decides whether a client goes through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientDecision {
    /// It does not read the variables.
    Ignores,
    /// None of the variables that it reads is set.
    NoVariable,
    /// This variable is set and empty, which takes the other spelling away.
    Cancelled {
        /// Its name.
        variable: String,
    },
    /// This variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// This entry of NO_PROXY exempts the target.
    Exempted {
        /// The name of the variable.
        variable: String,
        /// The entry.
        entry: String,
    },
    /// The system's proxy settings, since no variable is set.
    System,
    /// This entry of the system's proxy settings exempts the target.
    SystemExempted {
        /// The entry.
        entry: String,
    },
    /// A script of the system's proxy settings decides; it was not run.
    Script,
    /// It cannot make a call at all.
    Fails {
        /// Why.
        message: String,
    },
}

impl ClientProxy {
    /// Whether it reads the variables.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.decision != ClientDecision::Ignores
    }

    /// Which way it goes, and in brackets what decides.
    #[must_use]
    pub fn words(&self) -> String {
        let way = match (&self.proxy, &self.decision) {
            (Some(url), _) => format!("through {url}"),
            (None, ClientDecision::Script) => "by a script that was not run".to_owned(),
            (None, _) => "directly".to_owned(),
        };
        let why = match &self.decision {
            ClientDecision::Ignores => "it reads no variable".to_owned(),
            ClientDecision::NoVariable => "it reads none of the variables that are set".to_owned(),
            ClientDecision::Cancelled { variable } => {
                format!("{variable} is empty and cancels the other spelling")
            }
            ClientDecision::Variable { name } => name.clone(),
            ClientDecision::Exempted { variable, entry } => format!("{variable}: {entry}"),
            ClientDecision::System | ClientDecision::Script => {
                "the system's proxy settings".to_owned()
            }
            ClientDecision::SystemExempted { entry } => {
                format!("the system's proxy settings: {entry}")
            }
            ClientDecision::Fails { message } => message.clone(),
        };
        format!("{way} ({why})")
    }
}

/// A proxy variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyVariable {
    /// Its name as set.
    pub name: String,
    /// Its value, user name and password masked.
    pub value: String,
}

/// Why a proxy applies or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProxyReason {
    /// No variable is set.
    NotConfigured,
    /// `--proxy none`.
    OptionNone,
    /// `--proxy URL`.
    OptionUrl,
    /// This variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// This entry of NO_PROXY exempts the target.
    Exempted {
        /// The entry.
        entry: String,
    },
    /// The service is not reached by HTTP, and its clients read no proxy variable.
    NotHttp,
    /// No variable is set, and the system's proxy settings name it.
    System,
    /// No variable is set, and this entry of the system's proxy settings exempts the target.
    SystemExempted {
        /// The entry.
        entry: String,
    },
}

/// An entry of NO_PROXY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoProxyEntry {
    /// The entry.
    pub entry: String,
    /// Whether it exempts the target by the rules that reqwest and this tool follow.
    pub exempts: bool,
    /// Whether other clients read it otherwise (fact P4), in words; null when they agree.
    pub client_semantics: Option<String>,
}

/// Our source address towards one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceTowards {
    /// The address.
    pub towards: IpAddr,
    /// Our source address; null when there is no route.
    pub source: Option<IpAddr>,
    /// The interface that has it.
    pub interface: Option<String>,
    /// The kernel's own route; null where there is none, or where this OS cannot say.
    #[serde(default)]
    pub route: Option<Route>,
}

/// The route that this machine's kernel takes to an address, read at the walk's end (Linux,
/// Windows, macOS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The prefix of the entry that decides, e.g. `10.3.0.0/24`; `0.0.0.0/0` is the default.
    pub prefix: Option<String>,
    /// The next hop; null for an address on the link.
    pub gateway: Option<IpAddr>,
    /// Where packets leave.
    pub interface: Option<Interface>,
    /// What the kernel knows of the next hop, or of the address itself on the link.
    pub neighbour: Option<NeighbourState>,
    /// The port of the TCP connection that the route is for, with its source address: routing rules
    /// may select by them. Null where it was asked for by address alone (Windows, macOS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Other routes, for packets with a mark (fwmark) that a routing rule selects by. Whether the
    /// connection's packets get one is up to this machine's packet filter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkedRoute>,
}

/// The route that packets with a mark take, where it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkedRoute {
    /// The mark.
    pub mark: u32,
    /// Whether the kernel has no route for them, or one that discards them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_route: bool,
    /// The next hop; null for an address on the link.
    pub gateway: Option<IpAddr>,
    /// Where packets leave.
    pub interface: Option<Interface>,
    /// What the kernel knows of the next hop, or of the address itself on the link.
    pub neighbour: Option<NeighbourState>,
}

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its kind, as `ip -d link` has it (`bridge`, `tun`, `wireguard`), by its type in Windows
    /// (`ppp`, `tunnel`, `teredo`), by its name in macOS (`tun`, `ipsec`); null for plain devices.
    pub kind: Option<String>,
    /// Whether it is up and has a carrier.
    pub running: bool,
    /// Whether it is a bridge without a port that leaves this machine.
    pub is_local: bool,
}

/// The state of an entry of the neighbour table (ARP, RFC 4861).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeighbourState {
    /// It answered in the last minute.
    Reachable,
    /// It has been asked for and has not answered yet.
    Incomplete,
    /// It has been asked for several times and did not answer.
    Failed,
    /// The entry says nothing of the present.
    Other,
}

impl NeighbourState {
    /// Whether the neighbour was asked for in vain.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Incomplete | Self::Failed)
    }
}
