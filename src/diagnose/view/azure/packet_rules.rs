//! What a network security group does to a packet: its rules in the order of their priority, the
//! first that matches decides.
//!
//! A service tag or an application security group stands for addresses that are not in the rule:
//! such a rule may match. `VirtualNetwork` is decided for addresses of the machine's own network
//! and of its peers, `Internet` for those outside them. What is decided here is inferred, since
//! the rules of a network manager do not show in a group (fact C46).

use std::net::IpAddr;

use super::here::prefix;
use crate::evidence::azure::NetworkRule;
use crate::evidence::classify;

/// What a group does to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Access {
    /// It lets it pass.
    Allow,
    /// It drops it.
    Deny,
    /// It depends on what a tag stands for.
    MayMatch,
}

/// A decision, with the rule that makes it; with [`Access::MayMatch`], the rule that may match.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct Decision<'a> {
    pub(in crate::diagnose) access: Access,
    pub(in crate::diagnose) rule: Option<&'a NetworkRule>,
}

/// The first packet of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct Packet<'a> {
    /// `Inbound` or `Outbound`.
    pub(in crate::diagnose) direction: &'static str,
    pub(in crate::diagnose) source: IpAddr,
    pub(in crate::diagnose) destination: IpAddr,
    pub(in crate::diagnose) port: u16,
    /// Prefixes that are in the tag `VirtualNetwork` for certain.
    pub(in crate::diagnose) virtual_network: &'a [String],
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    Maybe,
    Yes,
}

/// What the rules of one group do to the packet.
pub(in crate::diagnose) fn decide<'a>(
    rules: impl Iterator<Item = &'a NetworkRule>,
    packet: &Packet<'_>,
) -> Decision<'a> {
    let mut ordered: Vec<&NetworkRule> =
        rules.filter(|rule| rule.direction.eq_ignore_ascii_case(packet.direction)).collect();
    crate::sorting::by_key(&mut ordered, |rule| rule.priority);
    let mut doubtful: Vec<&NetworkRule> = Vec::new();
    for rule in ordered {
        match matches(rule, packet) {
            Match::No => {}
            Match::Maybe => doubtful.push(rule),
            Match::Yes => {
                let other = doubtful.iter().find(|one| denies(one) != denies(rule));
                let access = match (other, denies(rule)) {
                    (Some(_), _) => Access::MayMatch,
                    (None, true) => Access::Deny,
                    (None, false) => Access::Allow,
                };
                return Decision { access, rule: Some(other.copied().unwrap_or(rule)) };
            }
        }
    }
    Decision { access: Access::MayMatch, rule: doubtful.first().copied() }
}

/// What the rules in effect at an interface do to the packet: they are of up to two groups, and
/// each must let it pass.
pub(in crate::diagnose) fn decide_in_effect<'a>(
    rules: &'a [NetworkRule],
    packet: &Packet<'_>,
) -> Option<Decision<'a>> {
    let mut groups: Vec<&Option<_>> = Vec::new();
    for rule in rules {
        if !groups.contains(&&rule.group) {
            groups.push(&rule.group);
        }
    }
    let of_group = |group| decide(rules.iter().filter(|rule| &rule.group == group), packet);
    groups.into_iter().map(of_group).max_by_key(|decision| match decision.access {
        Access::Allow => 0,
        Access::MayMatch => 1,
        Access::Deny => 2,
    })
}

fn denies(rule: &NetworkRule) -> bool {
    rule.access.eq_ignore_ascii_case("Deny")
}

fn matches(rule: &NetworkRule, packet: &Packet<'_>) -> Match {
    let protocol = match rule.protocol.to_ascii_lowercase().as_str() {
        "tcp" | "6" | "*" | "all" | "any" => Match::Yes,
        _ => Match::No,
    };
    let port = match rule.destination_ports.iter().any(|range| in_range(range, packet.port)) {
        true => Match::Yes,
        false => Match::No,
    };
    // The port that a client's connection comes from is any of the high ones.
    let any_source = |range: &String| ["*", "0-65535"].contains(&range.as_str());
    let from = match rule.source_ports.is_empty() || rule.source_ports.iter().any(any_source) {
        true => Match::Yes,
        false => Match::Maybe,
    };
    protocol
        .min(port)
        .min(from)
        .min(any(&rule.sources, packet.source, packet.virtual_network))
        .min(any(&rule.destinations, packet.destination, packet.virtual_network))
}

/// Whether a port is in `443`, `400-500` or `*`.
fn in_range(range: &str, port: u16) -> bool {
    match range.split_once('-') {
        Some((low, high)) => match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
            (Ok(low), Ok(high)) => (low..=high).contains(&port),
            _ => false,
        },
        None => range == "*" || range.trim().parse() == Ok(port),
    }
}

/// Whether the address is in one of the prefixes and tags; a rule without any names application
/// security groups.
fn any(places: &[String], address: IpAddr, virtual_network: &[String]) -> Match {
    let one = |place: &String| matches_place(place, address, virtual_network);
    places.iter().map(one).max().unwrap_or(Match::Maybe)
}

fn matches_place(place: &str, address: IpAddr, virtual_network: &[String]) -> Match {
    let decided = |is: bool| if is { Match::Yes } else { Match::No };
    if let Some(net) = prefix(place) {
        return decided(net.contains(&address));
    }
    let in_network = super::here::holds(virtual_network, address);
    match place.to_ascii_lowercase().as_str() {
        "*" | "any" => Match::Yes,
        "virtualnetwork" if in_network => Match::Yes,
        "internet" => decided(classify(address).is_public() && !in_network),
        "azureloadbalancer" => Match::No,
        _ => Match::Maybe,
    }
}
