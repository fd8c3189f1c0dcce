//! The resolver configuration: which resolvers there are, and how they are asked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use resolv_conf::ScopedIp;

use super::nameservers::{self, ResolverLibrary};
use super::{Environment, TextFile};
use crate::evidence::dns::ResolverRole;
use crate::evidence::text::clean;
use crate::evidence::vantage::{ResolverConfig, Stub};
use crate::platform;

/// Nameservers that glibc uses (MAXNS in resolv.h); the rest are ignored.
const NAMESERVERS_USED: usize = 3;

/// Reads resolv.conf, and behind a loopback stub the file with its real upstreams.
#[must_use]
pub fn resolvers(
    file: &TextFile,
    upstreams: &TextFile,
    library: ResolverLibrary,
) -> (ResolverConfig, Vec<(SocketAddr, ResolverRole)>) {
    let (parsed, _) = resolv_conf::Config::parse_with_errors(file.text.as_bytes());
    let (all, passed_over) = nameservers::read(&file.text, library);
    let (used, ignored) = all.split_at(all.len().min(NAMESERVERS_USED));
    let mut list: Vec<(SocketAddr, ResolverRole)> =
        used.iter().map(|ip| (at_port_53(ip), ResolverRole::Configured)).collect();
    let stub = match used.iter().map(IpAddr::from).collect::<Vec<_>>().as_slice() {
        [address] if address.is_loopback() => {
            let (behind, _) = nameservers::read(&upstreams.text, library);
            let behind: Vec<IpAddr> =
                behind.iter().map(IpAddr::from).filter(|ip| !ip.is_loopback()).collect();
            let found = !behind.is_empty();
            list.extend(
                behind.iter().map(|ip| (SocketAddr::new(*ip, 53), ResolverRole::StubUpstream)),
            );
            Some(Stub {
                address: *address,
                upstreams: behind,
                read_from: found.then(|| upstreams.path.clone()),
            })
        }
        _ => None,
    };
    if list.is_empty() {
        // glibc's default when no nameserver is listed (resolv.conf(5)).
        list.push((SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53), ResolverRole::Assumed));
    }
    let config = ResolverConfig {
        path: file.path.clone(),
        state: file.state.clone(),
        nameservers: used.iter().map(|ip| clean(&ip.to_string(), 80)).collect(),
        ignored_nameservers: ignored.iter().map(|ip| clean(&ip.to_string(), 80)).collect(),
        search: parsed
            .get_last_search_or_domain()
            .map(|domain| clean(domain, 255))
            .take(32)
            .collect(),
        options: words_after(&file.text, "options"),
        environment_options: 0,
        bad_lines: bad_lines(&file.text, &passed_over),
        octal_lines: nameservers::in_octal(&file.text, library),
        stub,
        interfaces: Vec::new(),
        policies: Vec::new(),
    };
    (config, list)
}

/// Where a nameserver is asked. A link-local address is nothing without its interface: the kernel
/// refuses to send there.
fn at_port_53(ip: &ScopedIp) -> SocketAddr {
    match ip {
        ScopedIp::V6(address, Some(scope)) => {
            let index = scope.parse().ok().or_else(|| platform::interface_index(scope));
            SocketAddrV6::new(*address, 53, 0, index.unwrap_or(0)).into()
        }
        other => SocketAddr::new(other.into(), 53),
    }
}

/// The interface of a link-local nameserver, as the configuration or the number has it.
#[must_use]
pub fn scope(config: &ResolverConfig, address: SocketAddr) -> Option<String> {
    let SocketAddr::V6(v6) = address else { return None };
    let named = config.nameservers.iter().find_map(|server| {
        let (ip, scope) = server.split_once('%')?;
        (ip.parse() == Ok(*v6.ip())).then(|| scope.to_owned())
    });
    named.or_else(|| (v6.scope_id() != 0).then(|| v6.scope_id().to_string()))
}

/// What the environment changes of it (resolv.conf(5)): `RES_OPTIONS` comes behind the file's
/// options, and `LOCALDOMAIN` takes the place of the search list.
pub(super) fn by_environment(config: &mut ResolverConfig, environment: &Environment) {
    let words = |name: &str, longest: usize| -> Vec<String> {
        let value = environment.get(name).unwrap_or_default();
        value.split_whitespace().map(|word| clean(word, longest)).take(32).collect()
    };
    let options = words("RES_OPTIONS", 60);
    config.environment_options = options.len();
    config.options.extend(options);
    let domains = words("LOCALDOMAIN", 255);
    if !domains.is_empty() {
        config.search = domains;
    }
}

/// The words of every line that begins with `keyword`, as written.
fn words_after(text: &str, keyword: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            // The library knows a keyword at the line's beginning alone.
            let rest = line.strip_prefix(keyword)?;
            if !rest.starts_with([' ', '\t']) {
                return None;
            }
            let words = rest.split_whitespace();
            let rest = words.take_while(|word| !word.starts_with(['#', ';']));
            Some(rest)
        })
        .flatten()
        .map(|word| clean(word, 60))
        .take(32)
        .collect()
}

/// Numbers of the lines that are not valid: of nameservers those whose address is passed over.
fn bad_lines(text: &str, passed_over: &[u32]) -> Vec<u32> {
    let is_bad = |line: &str, number: u32| match nameservers::is_one(line) {
        true => passed_over.contains(&number),
        // The parser does not know this option (glibc 2.36).
        false => !parses(&line.replace("no-aaaa", "")),
    };
    text.lines()
        .zip(1..)
        .filter(|(line, number)| is_bad(line, *number))
        .map(|(_, number)| number)
        .take(32)
        .collect()
}

fn parses(line: &str) -> bool {
    resolv_conf::Config::parse_with_errors(line.as_bytes()).1.is_empty()
}

/// The sources of the `hosts:` line of nsswitch.conf.
#[must_use]
pub fn nsswitch_hosts(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("hosts:"))
        .map(|rest| clean(rest.trim(), 200))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::vantage::FileState;

    fn file(text: &str) -> TextFile {
        TextFile { path: "/etc/resolv.conf".to_owned(), state: FileState::Read, text: text.into() }
    }

    #[test]
    fn a_link_local_nameserver_keeps_its_interface() {
        let (config, list) = resolvers(
            &file("nameserver fe80::1%lo\nnameserver fe80::2%7\n"),
            &file(""),
            ResolverLibrary::Glibc,
        );
        assert_eq!(config.nameservers, ["fe80::1%lo", "fe80::2%7"]);
        let index = platform::interface_index("lo").unwrap_or(0);
        let asked: Vec<SocketAddr> = list.iter().map(|(address, _)| *address).collect();
        let at = |text: &str, index| SocketAddrV6::new(text.parse().unwrap(), 53, 0, index).into();
        assert_eq!(asked, [at("fe80::1", index), at("fe80::2", 7)]);
        assert_eq!(scope(&config, asked[0]).as_deref(), Some("lo"));
        assert_eq!(scope(&config, ([10, 1, 0, 10], 53).into()), None);
        assert_eq!(platform::interface_index("../net/lo"), None);
    }

    #[test]
    fn garbage_lines_lose_nothing_else() {
        let (config, list) = resolvers(
            &file(
                "nameserver 10.1.0.10\nnameserver not-an-address\n\u{1}\u{2}garbage\nsearch corp.example lab\noptions ndots:5 single-request no-aaaa\nnameserver 10.1.0.11\nnameserver 10.1.0.12\nnameserver 10.1.0.13\n",
            ),
            &file(""),
            ResolverLibrary::Glibc,
        );
        assert_eq!(config.nameservers, ["10.1.0.10", "10.1.0.11", "10.1.0.12"]);
        assert_eq!(config.ignored_nameservers, ["10.1.0.13"]);
        assert_eq!(config.search, ["corp.example", "lab"]);
        assert_eq!(config.options, ["ndots:5", "single-request", "no-aaaa"]);
        assert_eq!(config.bad_lines, [2, 3]);
        assert_eq!(list.len(), 3);
    }

    #[test]
    fn a_line_of_windows_names_no_nameserver_to_the_c_library() {
        let (config, list) = resolvers(
            &file("options timeout:2 # why\r\nnameserver 10.1.0.10\r\noptions rotate\r\n"),
            &file(""),
            ResolverLibrary::Glibc,
        );
        assert_eq!((config.nameservers.len(), config.bad_lines), (0, vec![2]));
        assert_eq!(config.options, ["timeout:2", "rotate"]);
        assert_eq!(list, [("127.0.0.1:53".parse().unwrap(), ResolverRole::Assumed)]);
        // Behind a space it does no harm, and musl passes over it.
        let (config, _) = resolvers(
            &file("nameserver 10.1.0.10 \r\nnameserver 10.1.0.11\t# hub\r\n"),
            &file(""),
            ResolverLibrary::Glibc,
        );
        assert_eq!(config.nameservers, ["10.1.0.10", "10.1.0.11"]);
    }

    #[test]
    fn the_environment_changes_options_and_search_list() {
        let (mut config, _) = resolvers(
            &file("search a.example\noptions ndots:1\n"),
            &file(""),
            ResolverLibrary::Glibc,
        );
        let pairs = [("RES_OPTIONS", "use-vc ndots:9"), ("LOCALDOMAIN", "b.example c.example")];
        let environment =
            Environment::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        by_environment(&mut config, &environment);
        assert_eq!(config.options, ["ndots:1", "use-vc", "ndots:9"]);
        assert_eq!(config.environment_options, 2);
        assert_eq!(config.search, ["b.example", "c.example"]);
    }

    #[test]
    fn a_stub_shows_its_upstreams_and_no_resolver_means_loopback() {
        let (config, list) = resolvers(
            &file("nameserver 127.0.0.53\n"),
            &file("nameserver 10.1.0.10\n"),
            ResolverLibrary::Glibc,
        );
        assert_eq!(config.stub.unwrap().upstreams, ["10.1.0.10".parse::<IpAddr>().unwrap()]);
        assert_eq!(list[1], ("10.1.0.10:53".parse().unwrap(), ResolverRole::StubUpstream));
        let (_, list) = resolvers(&file(""), &file(""), ResolverLibrary::Glibc);
        assert_eq!(list, [("127.0.0.1:53".parse().unwrap(), ResolverRole::Assumed)]);
    }
}
