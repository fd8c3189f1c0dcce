//! Which nameservers the system has, and whom it asks for the name.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FileState;

/// The resolver configuration of the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverConfig {
    /// Where it was read, e.g. `/etc/resolv.conf`.
    pub path: String,
    /// Whether it could be read.
    pub state: FileState,
    /// Nameservers in order, as far as the system uses them (glibc: three).
    pub nameservers: Vec<String>,
    /// Nameservers that the system does not use.
    pub ignored_nameservers: Vec<String>,
    /// Search list; `LOCALDOMAIN` takes its place.
    pub search: Vec<String>,
    /// Options, as written, and behind them those of `RES_OPTIONS`.
    pub options: Vec<String>,
    /// How many of the options, the last ones, are those of `RES_OPTIONS`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub environment_options: usize,
    /// Lines that make no sense, by number.
    pub bad_lines: Vec<u32>,
    /// Numbers of the lines whose nameserver has a part with a leading zero, which the C library
    /// reads in octal: `010.1.0.10` is 8.1.0.10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub octal_lines: Vec<u32>,
    /// The real upstreams behind a loopback stub, where they can be read.
    pub stub: Option<Stub>,
    /// The interface of each nameserver, where the system has nameservers by interface (Windows).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<NameserverInterface>,
    /// Rules by name that are about the name, or about its privatelink name alone: of Windows' Name
    /// Resolution Policy Table (NRPT), or resolvers of macOS for a domain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<NamePolicy>,
}

impl ResolverConfig {
    /// That of a system that keeps it elsewhere: what is in it is not known, which is not the same as
    /// nothing.
    #[must_use]
    pub const fn not_read() -> Self {
        Self {
            path: String::new(),
            state: FileState::NotRead,
            nameservers: Vec::new(),
            ignored_nameservers: Vec::new(),
            search: Vec::new(),
            options: Vec::new(),
            environment_options: 0,
            bad_lines: Vec::new(),
            octal_lines: Vec::new(),
            stub: None,
            interfaces: Vec::new(),
            policies: Vec::new(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl ResolverConfig {
    /// The rule by name that decides whom the system asks for the name.
    #[must_use]
    pub fn policy(&self) -> Option<&NamePolicy> {
        self.policies.iter().find(|policy| policy.matches == PolicyMatch::Name)
    }

    /// Whether the option `rotate` is set: glibc then begins with any of its nameservers.
    #[must_use]
    pub fn rotates(&self) -> bool {
        self.options.iter().any(|option| option == "rotate")
    }

    /// The interface of a nameserver.
    #[must_use]
    pub fn interface_of(&self, address: IpAddr) -> Option<&NameserverInterface> {
        self.interfaces.iter().find(|one| one.address == address)
    }
}

/// Where a nameserver is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NameserverInterface {
    /// The nameserver.
    pub address: IpAddr,
    /// The interface that has it.
    pub interface: String,
    /// The metric of that interface: the lowest is asked first.
    pub metric: u32,
    /// Whether the interface has settings of DNS over HTTPS for it: the system then asks it so, and
    /// this tool asks it over UDP.
    #[serde(default)]
    pub over_https: bool,
}

/// A rule by name: of Windows' Name Resolution Policy Table, or a resolver of macOS for a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamePolicy {
    /// Where it is set.
    pub kind: PolicyKind,
    /// The name of its key; on macOS the interface of the network service, or the file.
    pub rule: String,
    /// The entry of its namespaces that matches: `.suffix`, a whole name, a host's label, or `.` for
    /// every name. On macOS a domain, which is about itself and all below it.
    pub namespace: String,
    /// The servers that it sends questions to, with a port that is not 53; none exempts the name: the
    /// interfaces' own are asked.
    pub servers: Vec<String>,
    /// Whether it also names servers of DirectAccess, which are asked outside the organisation's
    /// network; whether this machine is outside is not known.
    #[serde(default)]
    pub direct_access: bool,
    /// What it matches.
    pub matches: PolicyMatch,
}

impl NamePolicy {
    /// Whether it sends questions to the address.
    #[must_use]
    pub fn asks(&self, address: IpAddr) -> bool {
        self.servers.iter().any(|server| {
            let bare = server.split('%').next().and_then(|bare| bare.parse().ok());
            let of_pair = || server.parse::<SocketAddr>().ok().map(|pair| pair.ip());
            bare.or_else(of_pair) == Some(address)
        })
    }
}

/// Where a rule by name is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// By group policy. Where there is one, the local rules do not count.
    GroupPolicy,
    /// On this machine: `Add-DnsClientNrptRule`, a VPN client.
    Local,
    /// By a network service of macOS, mostly a VPN's (`SupplementalMatchDomains`).
    NetworkService,
    /// By a file of `/etc/resolver` (macOS).
    ResolverFile,
}

impl PolicyKind {
    /// What people call it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::GroupPolicy => "group policy",
            Self::Local => "local",
            Self::NetworkService => "network service",
            Self::ResolverFile => "/etc/resolver",
        }
    }

    /// What people call such a rule.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::GroupPolicy | Self::Local => "NRPT rule",
            Self::NetworkService | Self::ResolverFile => "resolver",
        }
    }

    /// The system that has it.
    #[must_use]
    pub const fn system(self) -> &'static str {
        match self {
            Self::GroupPolicy | Self::Local => "Windows",
            Self::NetworkService | Self::ResolverFile => "macOS",
        }
    }

    /// Whether the system asks it for the name of an alias too: macOS begins the lookup again there, in
    /// Windows the server that was asked follows it (facts D97, D160).
    #[must_use]
    pub const fn follows_aliases(self) -> bool {
        matches!(self, Self::NetworkService | Self::ResolverFile)
    }
}

/// What a rule by name matches. In Windows the name that is asked for decides, and the server follows
/// the aliases; macOS looks each alias up by the rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyMatch {
    /// The name that applications ask for.
    Name,
    /// Its privatelink name alone, for which no application asks.
    PrivatelinkName,
}

/// A loopback stub resolver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stub {
    /// The stub's address.
    pub address: IpAddr,
    /// Its upstreams.
    pub upstreams: Vec<IpAddr>,
    /// The file that names them.
    pub read_from: Option<String>,
}
