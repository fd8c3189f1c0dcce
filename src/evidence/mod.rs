//! What a walk saw, as plain data.
//!
//! This module imports no stage: it may not resolve, connect, judge or print. A saved
//! report holds exactly these types, so that `diagnose` can judge it again offline.
//! Everything that came from the network is bounded and has its control characters
//! escaped before it is put here.

#[macro_use]
mod named;

pub mod address;
pub mod azure;
pub mod dns;
pub mod experiment;
pub mod http;
pub mod identity;
pub mod proxy;
pub mod repeat;
mod target;
pub mod tcp;
pub mod text;
pub mod tls;
pub mod tunnel;
pub mod vantage;

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{
    AZURE_DNS, AddressClass, class_ranges, classify, is_mesh_pool, is_synthetic_pool,
};

pub use target::{BeyondBase, RepairedValue, TargetInfo, TargetKind, ValueFault};

/// A stage of the path, in the order in which an application's call passes them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Who and where we are: resolvers, hosts file, proxy variables, clock.
    Vantage,
    /// Name to address.
    Dns,
    /// Connection to port 443.
    Tcp,
    /// The forward proxy that the environment puts in the way.
    Proxy,
    /// Handshake and certificate, against the original name.
    Tls,
    /// Key or token: who is calling.
    Identity,
    /// The authenticated call.
    Http,
}

impl Hop {
    /// Every hop, in walk order.
    pub const ALL: [Hop; 7] =
        [Hop::Vantage, Hop::Dns, Hop::Tcp, Hop::Proxy, Hop::Tls, Hop::Identity, Hop::Http];

    /// The word used in output, ids and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hop::Vantage => "vantage",
            Hop::Dns => "dns",
            Hop::Tcp => "tcp",
            Hop::Proxy => "proxy",
            Hop::Tls => "tls",
            Hop::Identity => "identity",
            Hop::Http => "http",
        }
    }
}

/// One observation, or the reason why there is none: silence has a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Observed<T> {
    /// It was done.
    Done {
        /// Start, in milliseconds since the walk began.
        started_ms: f64,
        /// Time taken, in milliseconds.
        took_ms: f64,
        /// What was seen.
        value: T,
    },
    /// An earlier hop ended the walk.
    NotReached {
        /// The hop that ended it.
        stopped_at: Hop,
    },
    /// A choice of the user, or of the plan, left it out.
    NotAsked {
        /// Which choice.
        reason: SkipReason,
    },
    /// This machine or this build cannot do it.
    NotPossible {
        /// Why, in words for the operator.
        message: String,
    },
}

impl<T> Observed<T> {
    /// What was seen, if it was done.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Observed::Done { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Time taken in milliseconds, if it was done.
    #[must_use]
    pub const fn took_ms(&self) -> Option<f64> {
        match self {
            Observed::Done { took_ms, .. } => Some(*took_ms),
            _ => None,
        }
    }
}

/// Why something was left out on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// No proxy variable or option applies to this target.
    NoProxyApplies,
    /// The application's path goes through a proxy, so the direct one is not the path.
    ProxyApplies,
    /// The direct path leads to a public address; `--direct` was not given.
    DirectPathIsPublic,
    /// No authenticated call is known for this service.
    ServiceHasNoCall,
    /// TLS begins inside the service's own protocol, which is not spoken.
    TlsInsideProtocol,
    /// The answer did not make this question necessary.
    NotNeeded,
    /// The user's option says so.
    Option,
    /// `--resolver` names the answer that counts; the system's was not asked.
    ResolverGiven,
    /// Redirected connections (`--connect-to`) do not tell about this.
    ConnectTo,
}

/// The evidence of one walk to one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The target as it was understood.
    pub target: TargetInfo,
    /// What the user asked for, as far as a verdict depends on it.
    pub options: WalkOptions,
    /// Start of the walk, RFC 3339, UTC, by this machine's clock.
    pub started: String,
    /// Who and where we are.
    pub vantage: vantage::Vantage,
    /// Names and addresses.
    pub dns: dns::DnsHop,
    /// The proxy in the way, walked before `tcp` and `tls` mean anything.
    pub proxy: Observed<proxy::ProxyHop>,
    /// Connections to the target's addresses; not reached when a proxy carries the call.
    pub tcp: Observed<tcp::TcpHop>,
    /// The handshake that the application would get (inside the proxy, where one applies).
    pub tls: Observed<tls::TlsHop>,
    /// Key or token.
    pub identity: identity::IdentityHop,
    /// The calls made.
    pub http: Observed<http::HttpHop>,
    /// The direct path, walked beside a proxied one as far as TLS.
    pub direct: Observed<DirectPath>,
    /// The walk to the original name as far as TLS, where a privatelink name was given.
    pub original: Option<Box<Evidence>>,
    /// The walk to the host behind a gateway (`--backend`), from this machine and without a
    /// credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<Box<Evidence>>,
    /// Counter-experiments; none in a healthy walk.
    #[serde(default)]
    pub experiments: experiment::Experiments,
    /// What Azure Resource Manager says of the target; null where it was not asked (`--azure`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<Box<azure::AzureEvidence>>,
    /// What the walk cost the network.
    pub cost: Cost,
    /// Why the walk was not made, or not to its end: then no rule judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
}

/// What the user asked for, as far as a verdict depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WalkOptions {
    /// `--expect`.
    pub expect: Expect,
    /// Deployment to prove, if one was named.
    pub deployment: Option<String>,
    /// The dated api-version used for calls outside the v1 path.
    pub api_version: String,
    /// `--trust`.
    pub trust: Trust,
    /// Path of `--ca-file`, if given.
    pub ca_file: Option<String>,
    /// Whether `--resolver` named the answer that counts.
    pub resolver_given: bool,
    /// Whether `--connect-to` redirects connections of this walk.
    pub connect_to_given: bool,
    /// Deadline of one hop in milliseconds.
    pub timeout_ms: u64,
    /// Deadline of the whole walk in milliseconds.
    pub deadline_ms: u64,
    /// Limits of an inventory beyond which a path that works is at risk.
    #[serde(default, skip_serializing_if = "WalkLimits::is_empty")]
    pub limits: WalkLimits,
    /// What repeats this walk.
    #[serde(default, skip_serializing_if = "repeat::Repeat::is_empty")]
    pub repeat: repeat::Repeat,
}

/// Limits of an inventory beyond which a path that works is at risk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WalkLimits {
    /// Days that a certificate should have left; 14 where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_days: Option<u32>,
    /// Milliseconds to the first usable address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_ms: Option<f64>,
    /// Milliseconds of the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tcp_ms: Option<f64>,
    /// Milliseconds of the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<f64>,
    /// Milliseconds of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_ms: Option<f64>,
}

impl WalkLimits {
    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the address of the target should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expect {
    /// Private as soon as something says that there is a private endpoint, else public is fine.
    Auto,
    /// Private.
    Private,
    /// Public.
    Public,
    /// The public path must refuse.
    Closed,
    /// No expectation.
    Any,
    /// Inside these prefixes.
    Cidr {
        /// The prefixes, as given.
        prefixes: Vec<String>,
    },
}

impl Expect {
    /// Which addresses the call is expected to reach, in words; none where that is not said, or where no
    /// call is expected to succeed.
    #[must_use]
    pub const fn addresses(&self) -> Option<&'static str> {
        match self {
            Self::Private => Some("a private address"),
            Self::Public => Some("a public address"),
            Self::Cidr { .. } => Some("an address inside the prefixes of --expect"),
            Self::Auto | Self::Closed | Self::Any => None,
        }
    }

    /// Whether the prefixes of this expectation hold an address; none where it names none that
    /// can be read.
    #[must_use]
    pub fn prefixes_hold(&self, address: IpAddr) -> Option<bool> {
        let Expect::Cidr { prefixes } = self else { return None };
        let read = |text: &String| {
            text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        };
        let nets: Vec<IpNet> = prefixes.iter().filter_map(read).collect();
        (!nets.is_empty()).then(|| nets.iter().any(|net| net.contains(&address)))
    }

    /// The value of `--expect`; none for the default.
    #[must_use]
    pub fn as_option(&self) -> Option<String> {
        match self {
            Expect::Auto => None,
            Expect::Private => Some("private".to_owned()),
            Expect::Public => Some("public".to_owned()),
            Expect::Closed => Some("closed".to_owned()),
            Expect::Any => Some("any".to_owned()),
            Expect::Cidr { prefixes } => Some(prefixes.join(",")),
        }
    }
}

/// Which roots decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The built-in public roots and `--ca-file`.
    Public,
    /// The machine's own store and `--ca-file`.
    System,
}

/// The direct path beside a proxied one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DirectPath {
    /// Connections.
    pub tcp: Observed<tcp::TcpHop>,
    /// Handshake; nothing is sent after it.
    pub tls: Observed<tls::TlsHop>,
}

/// What a walk cost the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Wall time of the walk in milliseconds.
    pub took_ms: f64,
    /// UDP datagrams and ICMP echo requests that we sent (those of `getaddrinfo` are the system's, not
    /// counted).
    pub datagrams_sent: u32,
    /// TCP segments that we sent, repeats apart, by TCP_INFO; null where the OS does not say.
    pub segments_sent: Option<u32>,
    /// TCP segments that the kernel sent again.
    #[serde(default)]
    pub segments_repeated: u32,
    /// Addresses that we sent anything to, in order of first use.
    pub hosts: Vec<String>,
}

impl Cost {
    /// Adds what another walk beside this one sent; the time stays.
    pub fn add(&mut self, other: &Self) {
        self.datagrams_sent += other.datagrams_sent;
        self.segments_repeated += other.segments_repeated;
        self.segments_sent = self.segments_sent.zip(other.segments_sent).map(|(a, b)| a + b);
        for host in &other.hosts {
            if !self.hosts.contains(host) {
                self.hosts.push(host.clone());
            }
        }
    }
}
