//! How Windows resolves names, concluded from what the platform read of adapters and registry. Plain
//! functions, so that the settings of a recorded machine are judged on any system.

mod name_policy;

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

pub use name_policy::{policies, servers_for};

use super::Environment;
use crate::evidence::dns::ResolverRole;
use crate::evidence::text::clean;
use crate::evidence::vantage::{FileState, NameserverInterface, ResolverConfig};
use crate::platform::{Adapter, ResolverSettings};
use crate::sorting;

/// Where the evidence says that the configuration was read.
const PATH: &str = "network adapters";

/// Nameservers that the evidence keeps at most, and those that are asked.
const MOST: usize = 16;

/// The resolver configuration, and the resolvers that Windows asks for a name without a rule of its
/// own: those of each adapter that is up, by the adapters' metric.
#[must_use]
pub fn resolvers(settings: &ResolverSettings) -> (ResolverConfig, Vec<(SocketAddr, ResolverRole)>) {
    let mut adapters: Vec<&Adapter> = settings.adapters.iter().filter(|a| is_asked(a)).collect();
    sorting::by_key(&mut adapters, |adapter| metric(adapter));
    let mut list: Vec<(SocketAddr, &Adapter)> = Vec::new();
    for adapter in adapters {
        for server in adapter.servers.iter().filter(|server| !is_placeholder(**server)) {
            if list.len() < MOST && !list.iter().any(|(known, _)| known.ip() == *server) {
                list.push((at_port_53(*server, adapter.index), adapter));
            }
        }
    }
    let interfaces = list.iter().map(|(server, adapter)| NameserverInterface {
        address: server.ip(),
        interface: clean(&adapter.name, 80),
        metric: metric(adapter),
        over_https: adapter.over_https.contains(&server.ip()),
    });
    let config = ResolverConfig {
        path: PATH.to_owned(),
        state: match &settings.adapters_unreadable {
            Some(message) => FileState::Unreadable { message: clean(message, 200) },
            None => FileState::Read,
        },
        nameservers: list.iter().map(|(server, _)| written(*server)).collect(),
        ignored_nameservers: not_asked(settings, &list),
        search: search(settings),
        options: settings
            .values
            .iter()
            .map(|(name, value)| format!("{}={value}", clean(name, 60)))
            .take(32)
            .collect(),
        environment_options: 0,
        bad_lines: Vec::new(),
        octal_lines: Vec::new(),
        stub: None,
        interfaces: interfaces.collect(),
        policies: Vec::new(),
    };
    let list = list.iter().map(|(server, _)| (*server, ResolverRole::Configured)).collect();
    (config, list)
}

/// Whether the DNS client asks the servers of an adapter.
fn is_asked(adapter: &Adapter) -> bool {
    adapter.up && !adapter.loopback
}

/// The adapter's metric: the lower one, of the protocols that it has addresses of.
fn metric(adapter: &Adapter) -> u32 {
    let of = |version6: bool| adapter.addresses.iter().any(|a| a.is_ipv6() == version6);
    match (of(false), of(true)) {
        (true, false) => adapter.metric_v4,
        (false, true) => adapter.metric_v6,
        _ => adapter.metric_v4.min(adapter.metric_v6),
    }
}

/// The addresses that Windows lists for an interface with IPv6 and no server: no host has them.
fn is_placeholder(server: IpAddr) -> bool {
    let IpAddr::V6(server) = server else { return false };
    (1..=3).any(|last| server == Ipv6Addr::new(0xfec0, 0, 0, 0xffff, 0, 0, 0, last))
}

fn at_port_53(server: IpAddr, index: u32) -> SocketAddr {
    match server {
        IpAddr::V6(address) if address.is_unicast_link_local() => {
            SocketAddrV6::new(address, 53, 0, index).into()
        }
        address => SocketAddr::new(address, 53),
    }
}

fn written(server: SocketAddr) -> String {
    match server {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        other => other.ip().to_string(),
    }
}

/// Servers of adapters that are down.
fn not_asked(settings: &ResolverSettings, list: &[(SocketAddr, &Adapter)]) -> Vec<String> {
    let mut others: Vec<String> = Vec::new();
    for adapter in settings.adapters.iter().filter(|adapter| !is_asked(adapter)) {
        for server in adapter.servers.iter().filter(|server| !is_placeholder(**server)) {
            let text = server.to_string();
            let known = list.iter().any(|(asked, _)| asked.ip() == *server);
            if !known && !others.contains(&text) && others.len() < MOST {
                others.push(text);
            }
        }
    }
    others
}

/// The search list, or else the primary suffix and those of the adapters.
fn search(settings: &ResolverSettings) -> Vec<String> {
    let mut domains: Vec<String> = Vec::new();
    let mut add = |domain: &str| {
        let domain = clean(domain.trim().trim_matches('.'), 255);
        if !domain.is_empty() && !domains.contains(&domain) && domains.len() < 32 {
            domains.push(domain);
        }
    };
    match &settings.search_list {
        Some(list) => list.split([',', ' ', ';']).for_each(&mut add),
        None => {
            settings.domain.iter().for_each(|domain| add(domain));
            let adapters = settings.adapters.iter().filter(|adapter| is_asked(adapter));
            adapters.filter_map(|adapter| adapter.suffix.as_deref()).for_each(&mut add);
        }
    }
    domains
}

/// The hosts file: in the folder that `DataBasePath` names, or where Windows has it by itself.
#[must_use]
pub fn hosts_path(settings: &ResolverSettings, environment: &Environment) -> String {
    let usual = r"%SystemRoot%\System32\drivers\etc";
    let folder = settings.database_path.as_deref().unwrap_or(usual);
    format!(r"{}\hosts", expanded(folder, environment).trim_end_matches('\\'))
}

/// The text with the values of the variables that it names between percent signs, whose names have no
/// case. `SystemRoot` is where Windows is by default where it is not set.
fn expanded(text: &str, environment: &Environment) -> String {
    let value = |name: &str| {
        let own = environment.names().find(|own| own.eq_ignore_ascii_case(name));
        let set = own.and_then(|own| environment.get(own)).map(str::to_owned);
        let root = ["SystemRoot", "windir"].iter().any(|root| root.eq_ignore_ascii_case(name));
        set.or_else(|| root.then(|| r"C:\Windows".to_owned()))
    };
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(name) = parts.next() {
        match (parts.next(), value(name)) {
            (Some(after), Some(value)) => out.extend([value.as_str(), after]),
            (Some(after), None) => out.extend(["%", name, "%", after]),
            (None, _) => out.extend(["%", name]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A laptop on Wi-Fi with a VPN, in the form in which the platform reads it.
    const LAPTOP: &str = include_str!("../../fixtures/windows/laptop.json");

    fn laptop() -> ResolverSettings {
        serde_json::from_str(LAPTOP).unwrap()
    }

    #[test]
    fn adapters_that_are_up_are_asked_by_their_metric() {
        let (config, list) = resolvers(&laptop());
        assert_eq!(config.nameservers, ["10.1.0.10", "10.1.0.11", "fe80::1%17", "192.168.1.1"]);
        assert_eq!(config.path, "network adapters");
        let names: Vec<(&str, u32, bool)> =
            config.interfaces.iter().map(|i| (&*i.interface, i.metric, i.over_https)).collect();
        let (vpn, wifi) = ("Contoso VPN", "Wi-Fi");
        assert_eq!(names, [(vpn, 5, false), (vpn, 5, false), (wifi, 35, false), (wifi, 35, true)]);
        // The wired adapter is down, and no host has fec0:0:0:ffff::1.
        assert_eq!(config.ignored_nameservers, ["10.9.0.10"]);
        assert_eq!(config.search, ["corp.contoso.example", "home.example"]);
        assert_eq!(config.options, ["EnableAutoDoh=2"]);
        let asked: Vec<String> = list.iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(asked[2], "[fe80::1%17]:53");
        assert!(list.iter().all(|(_, role)| *role == ResolverRole::Configured));
    }

    #[test]
    fn a_search_list_takes_the_place_of_the_suffixes() {
        let settings = ResolverSettings {
            search_list: Some("corp.contoso.example, b.example,,".to_owned()),
            ..laptop()
        };
        assert_eq!(resolvers(&settings).0.search, ["corp.contoso.example", "b.example"]);
    }

    #[test]
    fn adapters_that_cannot_be_listed_are_said_to_be_unreadable() {
        let settings = ResolverSettings {
            adapters_unreadable: Some("error 5".to_owned()),
            ..ResolverSettings::default()
        };
        let (config, list) = resolvers(&settings);
        assert_eq!(config.state, FileState::Unreadable { message: "error 5".to_owned() });
        assert!(list.is_empty() && config.nameservers.is_empty());
    }

    #[test]
    fn the_hosts_file_is_where_the_registry_says() {
        let environment = |pairs: &[(&str, &str)]| {
            Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
        };
        let own = environment(&[("SYSTEMROOT", r"D:\Win")]);
        for (folder, path) in [
            (None, r"D:\Win\System32\drivers\etc\hosts"),
            (Some(r"%SystemRoot%\System32\drivers\etc"), r"D:\Win\System32\drivers\etc\hosts"),
            (Some(r"E:\etc\"), r"E:\etc\hosts"),
            (Some(r"%nope%\etc"), r"%nope%\etc\hosts"),
            (Some(r"E:\100%"), r"E:\100%\hosts"),
        ] {
            let settings = ResolverSettings {
                database_path: folder.map(str::to_owned),
                ..ResolverSettings::default()
            };
            assert_eq!(hosts_path(&settings, &own), path);
        }
        let none = hosts_path(&ResolverSettings::default(), &environment(&[]));
        assert_eq!(none, r"C:\Windows\System32\drivers\etc\hosts");
    }
}
