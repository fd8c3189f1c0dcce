//! Private zones, their links and records, against the addresses that the account's endpoints have.
//! Facts only, no judgement.

use std::net::IpAddr;

use crate::evidence::azure::{
    Answer, Connection, ConnectionStatus, DomainList, ForwardingRule, Interface, IpConfiguration,
    PrivateEndpoint, PrivateZone, ResolverPolicy, ResolverPolicyRule, ResourceId, Ruleset,
    ZoneLink,
};
use crate::evidence::dns::is_privatelink;
use crate::sorting;

use super::AzureView;
use super::owner::Owner;

/// How a zone is linked to a network.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Link<'a> {
    /// The link is complete.
    Done(&'a ZoneLink),
    /// The link is being made.
    InProgress(&'a ZoneLink),
    /// The whole list of links was read, and has none to the network.
    Missing,
    /// The links could not be read, or not all of them.
    Unknown,
}

/// What a zone has for the target, compared with the endpoints' addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnose) enum Record {
    /// An address that an endpoint of the account has for the name.
    Right(Vec<IpAddr>),
    /// Addresses that no endpoint of the account has: all of its endpoints were read.
    Wrong(Vec<IpAddr>),
    /// Addresses, and it is not known whether they are right.
    Given(Vec<IpAddr>),
    /// None (404).
    Absent,
    /// It could not be read.
    Unknown,
}

/// A zone as a network and the endpoints see it.
#[derive(Debug, Clone)]
pub(in crate::diagnose) struct ZoneState<'a> {
    /// The zone.
    pub(in crate::diagnose) zone: &'a PrivateZone,
    /// Its place below `/evidence/azure`.
    pub(in crate::diagnose) pointer: String,
    /// Its link to the network that was asked about.
    pub(in crate::diagnose) link: Link<'a>,
    /// Its record of the target.
    pub(in crate::diagnose) record: Record,
}

/// An address of one of the account's approved endpoints.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct EndpointAddress<'a> {
    /// The endpoint.
    pub(in crate::diagnose) endpoint: &'a PrivateEndpoint,
    /// Its interface.
    pub(in crate::diagnose) interface: &'a Interface,
    /// The address.
    pub(in crate::diagnose) address: IpAddr,
}

/// A forwarding rule that takes the questions for a name.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct Forwarded<'a> {
    /// Its ruleset.
    pub(in crate::diagnose) ruleset: &'a Ruleset,
    /// The rule.
    pub(in crate::diagnose) rule: &'a ForwardingRule,
}

/// A rule of a DNS security policy that blocks a name, or may.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) struct Block<'a> {
    /// The policy.
    pub(in crate::diagnose) policy: &'a ResolverPolicy,
    /// The rule.
    pub(in crate::diagnose) rule: &'a ResolverPolicyRule,
    /// The list.
    pub(in crate::diagnose) list: &'a DomainList,
    /// The domain of the list that holds the name; none where the list's domains are not shown.
    pub(in crate::diagnose) domain: Option<&'a str>,
}

impl<'a> AzureView<'a> {
    /// The zones of this name, each with its link to `network`.
    pub(in crate::diagnose) fn zones_named(
        &self,
        name: &str,
        network: Option<&ResourceId>,
    ) -> Vec<ZoneState<'a>> {
        let all = self.estate().zones.items().iter().enumerate();
        all.filter(|(_, zone)| zone.name.eq_ignore_ascii_case(name))
            .map(|(index, zone)| ZoneState {
                zone,
                pointer: format!("/estate/zones/value/{index}"),
                link: network.map_or(Link::Unknown, |network| link(zone, network)),
                record: self.record(zone),
            })
            .collect()
    }

    /// The addresses of the account's approved endpoints for the target's name, as their interfaces
    /// have them (fact C18).
    pub(in crate::diagnose) fn right_addresses(&self) -> Vec<EndpointAddress<'a>> {
        let host = &self.walk.dns.name;
        let mut all = Vec::new();
        for endpoint in self.estate().endpoints.items() {
            if !self.is_approved(endpoint) {
                continue;
            }
            for interface in self.interfaces_of(endpoint) {
                for ip in &interface.ip_configurations {
                    let names = ip.fqdns.iter().any(|name| is_name_of(name, host));
                    all.push((names, EndpointAddress { endpoint, interface, address: ip.address }));
                }
            }
        }
        // An endpoint may have an address for each of the account's names.
        let named = all.iter().any(|(names, _)| *names);
        all.into_iter().filter(|(names, _)| *names || !named).map(|(_, one)| one).collect()
    }

    /// Of these addresses, those whose interface names the target, or no name at all: what a record
    /// of the target may be corrected to.
    pub(in crate::diagnose) fn addresses_to_write(&self) -> Vec<EndpointAddress<'a>> {
        let host = &self.walk.dns.name;
        let mut all = self.right_addresses();
        all.retain(|one| {
            one.interface.ip_configurations.iter().any(|ip| {
                let names = &ip.fqdns;
                ip.address == one.address
                    && (names.is_empty() || names.iter().any(|name| is_name_of(name, host)))
            })
        });
        all
    }

    /// The account's approved connections, where all connections were read.
    pub(in crate::diagnose) fn approved(&self) -> Option<Vec<&'a Connection>> {
        let all = self.estate().connections.proved()?;
        Some(all.iter().filter(|one| one.status == ConnectionStatus::Approved).collect())
    }

    /// The private endpoint of another resource that has the address, where this machine's packets
    /// reach it for certain, and every endpoint that the account has is seen.
    pub(in crate::diagnose) fn endpoint_of_another(
        &self,
        address: IpAddr,
    ) -> Option<(&'a ResourceId, &'a IpConfiguration)> {
        match self.owner(address) {
            Owner::OtherEndpoint(id, configuration)
                if self.owner_is_certain(address) && self.sees_every_endpoint() =>
            {
                Some((id, configuration))
            }
            _ => None,
        }
    }

    fn sees_every_endpoint(&self) -> bool {
        let seen = |connection: &Connection| {
            connection.endpoint.as_ref().is_some_and(|id| self.endpoint(id).is_some())
        };
        self.estate().connections.proved().is_some_and(|all| all.iter().all(seen))
    }

    /// The forwarding rule of the network's rulesets for the name, by the longest suffix.
    pub(in crate::diagnose) fn forwarded(
        &self,
        network: &ResourceId,
        name: &str,
    ) -> Option<Forwarded<'a>> {
        let linked = self.rulesets_of(network);
        let rules = linked.flat_map(|ruleset| {
            ruleset.rules.items().iter().map(move |rule| Forwarded { ruleset, rule })
        });
        rules
            .filter(|one| one.rule.enabled && holds(&one.rule.domain, name))
            .max_by_key(|one| one.rule.domain.len())
    }

    /// The rulesets that are linked to the network.
    pub(in crate::diagnose) fn rulesets_of(
        &self,
        network: &ResourceId,
    ) -> impl Iterator<Item = &'a Ruleset> {
        let all = self.estate().rulesets.items().iter();
        all.filter(|ruleset| ruleset.networks.items().contains(network))
    }

    /// The enabled rules of policies linked to the network that block the name, first those whose
    /// list shows it.
    pub(in crate::diagnose) fn blocks(&self, network: &ResourceId, name: &str) -> Vec<Block<'a>> {
        let policies = self.estate().resolver_policies.items().iter();
        let mut all = Vec::new();
        for policy in policies.filter(|policy| policy.networks.contains(network)) {
            for rule in policy.rules.items() {
                let blocks =
                    rule.action.as_deref().is_some_and(|a| a.eq_ignore_ascii_case("block"));
                for list in rule.lists.iter().filter(|_| blocks && rule.enabled) {
                    let mut domains = list.domains.iter().flatten();
                    let domain = domains.find(|domain| holds(domain, name));
                    if domain.is_some() || list.domains.is_none() {
                        let domain = domain.map(String::as_str);
                        all.push(Block { policy, rule, list, domain });
                    }
                }
            }
        }
        sorting::by_key(&mut all, |block| block.domain.is_none());
        all
    }

    fn interfaces_of(&self, endpoint: &'a PrivateEndpoint) -> impl Iterator<Item = &'a Interface> {
        let all = self.estate().interfaces.items().iter();
        all.filter(|one| {
            endpoint.interfaces.contains(&one.id)
                || one.private_endpoint.as_ref() == Some(&endpoint.id)
        })
    }

    /// Whether the account itself has approved the endpoint; where its connections are not known,
    /// the endpoint's own word counts (fact C19).
    fn is_approved(&self, endpoint: &PrivateEndpoint) -> bool {
        match self.approved() {
            Some(all) => all.iter().any(|one| one.endpoint.as_ref() == Some(&endpoint.id)),
            None => matches!(endpoint.status, None | Some(ConnectionStatus::Approved)),
        }
    }

    fn record(&self, zone: &PrivateZone) -> Record {
        let set = match &zone.record {
            Answer::Read { value } | Answer::Listed { value } => value,
            Answer::Absent => return Record::Absent,
            _ => return Record::Unknown,
        };
        let given = set.addresses.clone();
        let right = self.right_addresses();
        let is_right = |address: &IpAddr| right.iter().any(|one| one.address == *address);
        let by_azure = self.estate().interfaces.proved().is_some()
            || !right.is_empty() && right.iter().all(|one| one.interface.read);
        if zone.record.proved().is_none() || !by_azure {
            Record::Given(given)
        } else if !given.is_empty() && given.iter().all(is_right) {
            Record::Right(given)
        } else if self.knows_every_address() {
            Record::Wrong(given)
        } else {
            Record::Given(given)
        }
    }
}

/// How a zone is linked to a network.
pub(in crate::diagnose) fn link<'a>(zone: &'a PrivateZone, network: &ResourceId) -> Link<'a> {
    let found = zone.links.items().iter().find(|link| link.network.as_ref() == Some(network));
    match found {
        Some(link)
            if link.state.as_deref().is_some_and(|s| s.eq_ignore_ascii_case("InProgress")) =>
        {
            Link::InProgress(link)
        }
        Some(link) => Link::Done(link),
        None if zone.links.proved().is_some() => Link::Missing,
        None => Link::Unknown,
    }
}

/// Whether a link falls back to the internet where the zone lacks a record.
pub(in crate::diagnose) fn falls_back(link: &ZoneLink) -> bool {
    link.resolution_policy.as_deref().is_some_and(|p| p.eq_ignore_ascii_case("NxDomainRedirect"))
}

/// Whether a domain is the name or above it; the empty domain is the root.
fn holds(domain: &str, name: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    domain.is_empty() || name == domain || name.ends_with(&format!(".{domain}"))
}

/// Whether a name that an endpoint serves is the host, or its privatelink name.
fn is_name_of(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    let without = |name: &str| name.replacen(".privatelink.", ".", 1);
    name == host
        || ((is_privatelink(&name) || is_privatelink(&host)) && without(&name) == without(&host))
}
