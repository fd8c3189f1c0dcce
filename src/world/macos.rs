//! How macOS resolves names, concluded from what the platform read of the dynamic store and of
//! `/etc/resolver`. Plain functions, so that the settings of a recorded machine are judged on any system.
//!
//! A question goes to the resolver with the longest domain that the name is in, as configd orders them
//! and mDNSResponder chooses (fact D160); those of one interface are for connections bound to it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::evidence::dns::ResolverRole;
use crate::evidence::text::clean;
use crate::evidence::vantage::{FileState, NamePolicy, PolicyKind, PolicyMatch, ResolverConfig};
use crate::platform::{self, ScopedResolver, ScopedResolvers};
use crate::sorting;

/// Where the evidence says that the configuration was read.
const PATH: &str = "SystemConfiguration";

/// Nameservers that the evidence keeps at most, and those that are asked.
const MOST: usize = 16;
/// Servers of a rule that are kept.
const MOST_OF_RULE: usize = 8;

/// The resolver configuration, and the resolvers that macOS asks for a name without a resolver of its own:
/// services for every name in their order, then the primary one.
#[must_use]
pub fn resolvers(settings: &ScopedResolvers) -> (ResolverConfig, Vec<(SocketAddr, ResolverRole)>) {
    let mut for_all: Vec<(u32, &ScopedResolver)> = settings
        .services
        .iter()
        .flat_map(|one| one.domains.iter().map(move |domain| (domain, one)))
        .filter(|((domain, _), _)| domain.is_empty())
        .map(|((_, order), one)| (*order, one))
        .collect();
    sorting::by_key(&mut for_all, |(order, _)| *order);
    let asked = for_all.into_iter().map(|(_, one)| one).chain(&settings.primary);
    let mut list: Vec<(SocketAddr, String)> = Vec::new();
    for server in asked.flat_map(servers) {
        if list.len() < MOST && !list.iter().any(|(known, _)| *known == server.0) {
            list.push(server);
        }
    }
    let search = settings.primary.iter().flat_map(|primary| &primary.search);
    let config = ResolverConfig {
        path: PATH.to_owned(),
        state: match &settings.unreadable {
            Some(message) => FileState::Unreadable { message: clean(message, 200) },
            None => FileState::Read,
        },
        nameservers: list.iter().map(|(_, text)| text.clone()).collect(),
        ignored_nameservers: not_asked(settings, &list),
        search: search.take(32).map(|domain| clean(domain.trim_matches('.'), 255)).collect(),
        ..ResolverConfig::not_read()
    };
    let list = list.into_iter().map(|(server, _)| (server, ResolverRole::Configured)).collect();
    (config, list)
}

/// Servers of services that are for connections of their interface alone.
fn not_asked(settings: &ScopedResolvers, list: &[(SocketAddr, String)]) -> Vec<String> {
    let scoped = settings.services.iter().filter(|service| service.domains.is_empty());
    let mut others: Vec<String> = Vec::new();
    for (server, text) in scoped.flat_map(servers) {
        let known = list.iter().any(|(asked, _)| asked.ip() == server.ip());
        if !known && !others.contains(&text) && others.len() < MOST {
            others.push(text);
        }
    }
    others
}

/// The servers of a resolver, each with its text for the evidence. What is no address is passed over.
fn servers(resolver: &ScopedResolver) -> impl Iterator<Item = (SocketAddr, String)> {
    let port = resolver.port.unwrap_or(53);
    resolver.servers.iter().filter_map(move |server| read(server, port))
}

/// A server as it is written: `10.1.0.10`, `fe80::1%en0`, and in a file `127.0.0.1.5300`.
fn read(server: &str, port: u16) -> Option<(SocketAddr, String)> {
    let (address, scope) = match server.split_once('%') {
        Some((address, scope)) => (address, Some(scope)),
        None => (server, None),
    };
    let (ip, port) = match (address.parse::<IpAddr>(), address.rsplit_once('.')) {
        (Ok(ip), _) => (ip, port),
        (Err(_), Some((ip, port))) => (ip.parse().ok()?, port.parse().ok()?),
        (Err(_), None) => return None,
    };
    let bare = match (ip, scope) {
        (IpAddr::V6(v6), Some(scope)) => format!("{v6}%{}", clean(scope, 20)),
        _ => ip.to_string(),
    };
    let text = match (port, ip) {
        (53, _) => bare,
        (port, IpAddr::V6(_)) => format!("[{bare}]:{port}"),
        (port, IpAddr::V4(_)) => format!("{bare}:{port}"),
    };
    Some((with_scope(ip, scope, port), text))
}

fn with_scope(ip: IpAddr, scope: Option<&str>, port: u16) -> SocketAddr {
    match (ip, scope) {
        (IpAddr::V6(address), Some(scope)) if is_link_local(address) => {
            let index = scope.parse().ok().or_else(|| platform::interface_index(scope));
            SocketAddrV6::new(address, port, 0, index.unwrap_or(0)).into()
        }
        _ => SocketAddr::new(ip, port),
    }
}

const fn is_link_local(address: Ipv6Addr) -> bool {
    address.is_unicast_link_local()
}

/// The resolver that decides for `name`, and one that is about its privatelink name alone: that one is
/// asked when the lookup comes to the alias.
#[must_use]
pub fn policies(
    settings: &ScopedResolvers,
    name: &str,
    privatelink_name: Option<&str>,
) -> Vec<NamePolicy> {
    let own = applies(settings, name, PolicyMatch::Name);
    let alias = privatelink_name
        .and_then(|alias| applies(settings, alias, PolicyMatch::PrivatelinkName))
        .filter(|other| {
            own.as_ref()
                .is_none_or(|own| (&own.rule, &own.namespace) != (&other.rule, &other.namespace))
        });
    own.into_iter().chain(alias).collect()
}

/// The servers that are asked for `name` by a rule of its own, with their ports.
#[must_use]
pub fn servers_for(settings: &ScopedResolvers, name: &str) -> Vec<SocketAddr> {
    let best = best(settings, name);
    best.map_or_else(Vec::new, |(.., resolver)| servers(resolver).map(|(at, _)| at).collect())
}

fn applies(settings: &ScopedResolvers, name: &str, matches: PolicyMatch) -> Option<NamePolicy> {
    let (kind, domain, resolver) = best(settings, name)?;
    let interface = resolver.interface.as_ref().filter(|_| kind == PolicyKind::NetworkService);
    Some(NamePolicy {
        kind,
        rule: clean(interface.unwrap_or(&resolver.source), 80),
        namespace: clean(domain, 255),
        servers: servers(resolver).map(|(_, text)| text).take(MOST_OF_RULE).collect(),
        direct_access: false,
        matches,
    })
}

/// The resolver with the longest domain that the name is in; of several, the first by its order, and a
/// service's before a file's.
fn best<'a>(
    settings: &'a ScopedResolvers,
    name: &str,
) -> Option<(PolicyKind, &'a str, &'a ScopedResolver)> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let services = settings.services.iter().map(|one| (PolicyKind::NetworkService, one));
    let files = settings.files.iter().map(|one| (PolicyKind::ResolverFile, one));
    let all = services.chain(files).filter(|(_, one)| servers(one).next().is_some());
    let fitting = all.flat_map(|(kind, one)| {
        one.domains.iter().map(move |(domain, order)| (kind, domain.as_str(), *order, one))
    });
    let fitting = fitting.filter(|(_, domain, ..)| !domain.is_empty() && is_in(&name, domain));
    let (kind, domain, _, one) = fitting.min_by_key(|(kind, domain, order, _)| {
        let labels = domain.split('.').count();
        (std::cmp::Reverse(labels), *kind == PolicyKind::ResolverFile, *order)
    })?;
    Some((kind, domain, one))
}

/// Whether a name is the domain, or lies below it.
fn is_in(name: &str, domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    name.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "myacct.openai.azure.com";
    const ALIAS: &str = "myacct.privatelink.openai.azure.com";

    fn resolver(source: &str, servers: &[&str], domains: &[(&str, u32)]) -> ScopedResolver {
        ScopedResolver {
            source: source.to_owned(),
            servers: servers.iter().map(|server| (*server).to_owned()).collect(),
            domains: domains.iter().map(|(name, order)| ((*name).to_owned(), *order)).collect(),
            ..ScopedResolver::default()
        }
    }

    /// A laptop on Wi-Fi with a split VPN and a telephone that shares its connection.
    fn laptop() -> ScopedResolvers {
        ScopedResolvers {
            primary: Some(ScopedResolver {
                search: vec!["home.example".to_owned()],
                ..resolver("primary", &["192.168.1.1", "fe80::1%7"], &[])
            }),
            services: vec![
                resolver("wifi", &["192.168.1.1"], &[]),
                ScopedResolver {
                    interface: Some("utun5".to_owned()),
                    ..resolver(
                        "vpn",
                        &["10.1.0.10", "10.1.0.11"],
                        &[("corp.example", 1), ("openai.azure.com", 2)],
                    )
                },
                resolver("telephone", &["172.20.10.1", "not an address"], &[]),
            ],
            files: vec![resolver("/etc/resolver/lab", &["127.0.0.1.5300"], &[("lab", 0)])],
            unreadable: None,
        }
    }

    #[test]
    fn names_without_a_resolver_of_their_own_go_to_the_primary_one() {
        let (config, list) = resolvers(&laptop());
        assert_eq!(config.nameservers, ["192.168.1.1", "fe80::1%7"]);
        assert_eq!(config.ignored_nameservers, ["172.20.10.1"]);
        assert_eq!(config.search, ["home.example"]);
        assert_eq!(config.state, FileState::Read);
        let asked: Vec<String> = list.iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(asked, ["192.168.1.1:53", "[fe80::1%7]:53"]);
        assert!(policies(&laptop(), "myacct.search.windows.net", None).is_empty());
    }

    #[test]
    fn a_service_for_every_name_comes_before_the_primary_one() {
        let mut settings = laptop();
        settings.services.push(resolver("all", &["10.2.0.10"], &[("", 100_400)]));
        settings.services.push(resolver("first", &["10.2.0.11"], &[("", 100)]));
        let (config, _) = resolvers(&settings);
        assert_eq!(config.nameservers, ["10.2.0.11", "10.2.0.10", "192.168.1.1", "fe80::1%7"]);
    }

    #[test]
    fn the_longest_domain_decides() {
        let mut settings = laptop();
        let found = policies(&settings, NAME, Some(ALIAS));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, &*found[0].rule), (PolicyKind::NetworkService, "utun5"));
        assert_eq!(found[0].namespace, "openai.azure.com");
        assert_eq!(found[0].servers, ["10.1.0.10", "10.1.0.11"]);
        let at: Vec<String> =
            servers_for(&settings, NAME).iter().map(ToString::to_string).collect();
        assert_eq!(at, ["10.1.0.10:53", "10.1.0.11:53"]);
        // A file for the whole name is closer; one for the same domain is not.
        settings.files.push(resolver("same", &["10.0.0.1"], &[("openai.azure.com", 0)]));
        assert_eq!(policies(&settings, NAME, None)[0].rule, "utun5");
        settings.files.push(resolver("own", &["10.0.0.2"], &[("MyAcct.openai.azure.com", 0)]));
        let found = policies(&settings, NAME, None);
        assert_eq!((found[0].kind, &*found[0].rule), (PolicyKind::ResolverFile, "own"));
        // No label is cut in two.
        assert!(policies(&settings, "x.notlab", None).is_empty());
    }

    #[test]
    fn a_resolver_for_the_privatelink_zone_is_about_the_alias() {
        let settings = ScopedResolvers {
            files: vec![resolver("f", &["10.1.0.10"], &[("privatelink.openai.azure.com", 0)])],
            ..ScopedResolvers::default()
        };
        let found = policies(&settings, NAME, Some(ALIAS));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].matches, PolicyMatch::PrivatelinkName);
        assert!(servers_for(&settings, NAME).is_empty());
    }

    #[test]
    fn ports_and_scopes_are_kept() {
        let settings = ScopedResolvers {
            files: vec![ScopedResolver {
                port: Some(5353),
                ..resolver("f", &["127.0.0.1", "::1", "10.0.0.1.5300"], &[("azure.com", 0)])
            }],
            unreadable: Some("no session".to_owned()),
            ..ScopedResolvers::default()
        };
        let found = policies(&settings, NAME, None);
        assert_eq!(found[0].servers, ["127.0.0.1:5353", "[::1]:5353", "10.0.0.1:5300"]);
        assert_eq!(servers_for(&settings, NAME).len(), 3);
        let (config, list) = resolvers(&settings);
        assert_eq!(config.state, FileState::Unreadable { message: "no session".to_owned() });
        assert!(list.is_empty());
    }
}
