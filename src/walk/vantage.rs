//! Who and where we are: read from the world, no packet sent.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use hickory_resolver::Hosts;

use crate::evidence::Observed;
use crate::evidence::dns::{DnsHop, DnsOutcome};
use crate::evidence::experiment::QuestionExperiment;
use crate::evidence::tcp::{IcmpMeaning, TcpHop, TcpOutcome};
use crate::evidence::text::clean;
use crate::evidence::vantage::{
    HostsFile, HostsLine, ProxyDecision, ResolverConfig, SourceTowards, Vantage,
};
use crate::sorting;
use crate::target::Target;
use crate::world::{TextFile, World, interfaces};

/// The vantage before anything was contacted.
#[must_use]
pub(super) fn inspect_host(
    target: &Target,
    world: &World,
    proxy: ProxyDecision,
    proxy_host: Option<&str>,
) -> Vantage {
    let names: Vec<&str> =
        [Some(target.seen.host.as_str()), target.original_host.as_deref(), proxy_host]
            .into_iter()
            .flatten()
            .collect();
    Vantage {
        host: clean(&world.host, 255),
        azure: world.azure.clone(),
        platforms: world.platforms.clone(),
        default_gateways: world.default_gateways.clone(),
        resolver_config: ResolverConfig {
            policies: world.policies(&target.seen.host, target.private_name.as_deref()),
            ..world.resolver_config.clone()
        },
        hosts: hosts(&world.hosts, &names),
        nsswitch_hosts: world.nsswitch_hosts.clone(),
        lookup_by: world.lookup_by.clone(),
        proxy,
        ..Vantage::unknown(world.os.clone())
    }
}

/// Other names of a line of the hosts file that are kept.
const MOST_NAMES: usize = 8;

/// Lines of the hosts file that name one of `names`, each read by hickory's own parser.
pub(super) fn hosts(file: &TextFile, names: &[&str]) -> HostsFile {
    let lines = file
        .text
        .lines()
        .zip(1_u32..)
        .filter_map(|(line, number)| {
            let name = names.iter().find(|name| {
                line.split('#')
                    .next()
                    .unwrap_or_default()
                    .split_whitespace()
                    .skip(1)
                    .any(|word| word.trim_end_matches('.').eq_ignore_ascii_case(name))
            })?;
            let address = address_of(line, name)?;
            let words = line.split('#').next().unwrap_or_default().split_whitespace().skip(1);
            let also = words
                .filter(|word| !word.trim_end_matches('.').eq_ignore_ascii_case(name))
                .map(|word| clean(word, 255))
                .take(MOST_NAMES)
                .collect();
            Some(HostsLine { number, address, name: (*name).to_owned(), also })
        })
        .take(20)
        .collect();
    HostsFile { path: file.path.clone(), state: file.state.clone(), lines }
}

/// The address that a line has for `name`, where hickory accepts it. Its other names are left
/// out: a block list has lines of many thousand.
fn address_of(line: &str, name: &str) -> Option<IpAddr> {
    let address = line.split_whitespace().next()?;
    let mut one = Hosts::default();
    one.read_hosts_conf(format!("{address} {name}").as_bytes()).ok()?;
    address.parse().ok()
}

/// Our source address, its interface and the route towards each peer, from the routing table:
/// over netlink, or by connecting a UDP socket, which sends nothing.
#[must_use]
pub(super) fn sources(world: &World, peers: &[SocketAddr]) -> Vec<SourceTowards> {
    if peers.is_empty() {
        return Vec::new();
    }
    // Read again only for an address that this machine got since the world was read.
    let mut newer = None;
    peers
        .iter()
        .zip(world.routes.towards(peers))
        .map(|(peer, found)| {
            let towards = &peer.ip();
            let source = found.as_ref().and_then(|found| found.source);
            let source = source.or_else(|| source_towards(*towards));
            let interface = source.and_then(|source| {
                let known = interface_of(&world.interfaces, source);
                known.or_else(|| interface_of(newer.get_or_insert_with(interfaces), source))
            });
            SourceTowards {
                towards: *towards,
                source,
                interface,
                route: found.map(|found| found.route),
            }
        })
        .collect()
}

/// The addresses of this machine among the senders of ICMP messages about connections and questions,
/// with nothing read again where there is no such message.
#[must_use]
pub(super) fn own_senders<'a>(
    world: &World,
    hops: impl Iterator<Item = &'a TcpHop>,
    dns: &DnsHop,
    questions: &[QuestionExperiment],
) -> Vec<IpAddr> {
    let exchanges = dns.resolvers.iter().flat_map(|r| [&r.a, &r.aaaa]).filter_map(Observed::value);
    let exchanges = exchanges.chain(questions.iter().map(|tried| &tried.exchange));
    let mut senders: Vec<IpAddr> = exchanges
        .filter_map(|exchange| match &exchange.outcome {
            DnsOutcome::Unreachable { icmp } => icmp.from,
            _ => None,
        })
        .collect();
    senders.extend(hops.flat_map(|hop| &hop.attempts).filter_map(
        |attempt| match &attempt.outcome {
            TcpOutcome::Unreachable { icmp } => icmp.from,
            _ => None,
        },
    ));
    sorting::ascending(&mut senders);
    senders.dedup();
    senders.retain(|sender| interface_of(&world.interfaces, *sender).is_some());
    senders
}

fn interface_of(interfaces: &[(IpAddr, String)], address: IpAddr) -> Option<String> {
    interfaces.iter().find(|(own, _)| *own == address).map(|(_, name)| clean(name, 32))
}

/// The hop limit with which this machine's packets start, where one ran out on the way, or a
/// connection was not answered.
#[must_use]
pub(super) fn hop_limit<'a>(hops: impl Iterator<Item = &'a TcpHop>, dns: &DnsHop) -> Option<u8> {
    let attempts: Vec<_> = hops.flat_map(|hop| &hop.attempts).collect();
    let connections = attempts.iter().filter_map(|attempt| {
        let TcpOutcome::Unreachable { icmp } = &attempt.outcome else { return None };
        Some((attempt.address.ip(), icmp))
    });
    // Not every router reports it.
    let silent = attempts
        .iter()
        .any(|attempt| attempt.address.is_ipv4() && attempt.outcome == TcpOutcome::TimedOut);
    let questions = dns.resolvers.iter().flat_map(|r| {
        let exchanges = [&r.a, &r.aaaa].into_iter().filter_map(Observed::value);
        exchanges.filter_map(|exchange| match &exchange.outcome {
            DnsOutcome::Unreachable { icmp } => Some((r.address.ip(), icmp)),
            _ => None,
        })
    });
    // That of IPv6 comes from routers and from routes.
    let expired = connections
        .chain(questions)
        .any(|(to, icmp)| to.is_ipv4() && icmp.meaning == IcmpMeaning::TimeExceeded);
    let socket = (expired || silent).then(|| UdpSocket::bind("0.0.0.0:0").ok()).flatten()?;
    u8::try_from(socket.ttl().ok()?).ok()
}

fn source_towards(address: IpAddr) -> Option<IpAddr> {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(SocketAddr::new(address, 443)).ok()?;
    socket.local_addr().ok().map(|a| a.ip())
}

#[cfg(test)]
mod tests {
    use crate::evidence::vantage::FileState;

    use super::*;

    #[test]
    fn a_line_of_a_block_list_is_read_for_the_name_that_is_asked_alone() {
        let mut text = "0.0.0.0".to_owned();
        for n in 0..200_000 {
            text.push_str(&format!(" ads{n}.example"));
        }
        text.push_str("\n10.3.0.5 other.example MyAcct.openai.azure.com. # myacct\n");
        text.push_str("10.3.0.300 myacct.openai.azure.com\n# 10.3.0.6 myacct.openai.azure.com\n");
        let file = TextFile { path: "hosts".to_owned(), state: FileState::Read, text: text.into() };
        let found = hosts(&file, &["myacct.openai.azure.com", "ads7.example"]).lines;
        let found: Vec<(u32, String, &str)> =
            found.iter().map(|l| (l.number, l.address.to_string(), l.name.as_str())).collect();
        assert_eq!(
            found,
            [
                (1, "0.0.0.0".to_owned(), "ads7.example"),
                (2, "10.3.0.5".to_owned(), "myacct.openai.azure.com")
            ]
        );
    }
}
