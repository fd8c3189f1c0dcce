//! What Windows has configured for the resolution of names, as it is read and before it is
//! interpreted: plain values, so that recorded ones can be judged on any system.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

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
