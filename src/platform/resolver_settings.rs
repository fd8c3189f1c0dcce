//! What Windows or macOS has configured for the resolution of names, as it is read and before it is
//! interpreted: plain values, so that recorded ones can be judged on any system.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a system that does not keep its resolvers in `/etc/resolv.conf` has configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemResolvers {
    /// Windows.
    Windows(ResolverSettings),
    /// macOS.
    MacOs(ScopedResolvers),
}

/// The resolvers of macOS: those of its dynamic store (`scutil --dns` shows what it makes of them), and
/// the files of resolver(5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopedResolvers {
    /// The one for every name, which the system has made of its primary service.
    pub primary: Option<ScopedResolver>,
    /// Those of the network services, a VPN's among them, in the order in which the store lists them.
    pub services: Vec<ScopedResolver>,
    /// Those of files below `/etc/resolver`, by name.
    pub files: Vec<ScopedResolver>,
    /// Why the dynamic store could not be read.
    pub unreadable: Option<String>,
}

/// A resolver of macOS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopedResolver {
    /// Where it is configured: the id of a service, or a file.
    pub source: String,
    /// The interface of the service.
    pub interface: Option<String>,
    /// Its servers as they are written: an address, with `%` and an interface behind it; in a file with a
    /// dot and a port too.
    pub servers: Vec<String>,
    /// Their port, where it is another one than 53.
    pub port: Option<u16>,
    /// The domains that it is asked for, with the order of each; an empty one is every name.
    pub domains: Vec<(String, u32)>,
    /// Its search list.
    pub search: Vec<String>,
}

/// Network adapters and the registry's values on the resolution of names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResolverSettings {
    /// The adapters, in the order in which the system lists them.
    pub adapters: Vec<Adapter>,
    /// Why the adapters could not be listed.
    pub adapters_unreadable: Option<String>,
    /// `SearchList`, by group policy or else by hand.
    pub search_list: Option<String>,
    /// The machine's primary DNS suffix.
    pub domain: Option<String>,
    /// Rules of the Name Resolution Policy Table that group policy sets.
    pub group_rules: Vec<RegistryRule>,
    /// Those that are set on this machine.
    pub local_rules: Vec<RegistryRule>,
    /// Values that change how names are asked for, by name: `DoHPolicy`, `EnableMulticast`, ...
    pub values: Vec<(String, u32)>,
    /// `DataBasePath`, the folder of the hosts file, as it is written.
    pub database_path: Option<String>,
}

/// A network adapter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adapter {
    /// The name that people see: `Ethernet 2`.
    pub name: String,
    /// Its index, which a link-local address needs.
    pub index: u32,
    /// Whether it is up.
    pub up: bool,
    /// Whether it is the loopback.
    pub loopback: bool,
    /// Its metric for IPv4.
    pub metric_v4: u32,
    /// Its metric for IPv6.
    pub metric_v6: u32,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// Its DNS servers, in order.
    pub servers: Vec<IpAddr>,
    /// Servers for which it has settings of DNS over HTTPS.
    pub over_https: Vec<IpAddr>,
    /// Its connection-specific suffix.
    pub suffix: Option<String>,
}

/// A rule of the Name Resolution Policy Table, by its values in the registry ([MS-GPNRPT]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryRule {
    /// The name of its key.
    pub key: String,
    /// `Name`: its namespaces.
    pub name: Vec<String>,
    /// `ConfigOptions`: which kinds of setting it has.
    pub config_options: u32,
    /// `GenericDNSServers`, separated by semicolons.
    pub generic_dns_servers: Option<String>,
    /// `DirectAccessDNSServers`, separated by semicolons.
    pub direct_access_dns_servers: Option<String>,
}
