//! What each resolver answered, and what applications get.

mod answer;
mod chain;
mod contradiction;
mod exchange;
mod failure;
mod types;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answer::{Answer, ExtendedError, Record, Soa};
pub use chain::{Chain, is_privatelink, is_within, record_and_zone, shows_endpoint};
pub use contradiction::Contradiction;
pub use exchange::{DnsOutcome, Exchange, LateAnswer, Stray, StrayReason, Transport};
pub use failure::{CODE_CRASHES, CODE_NOT_CALLED, CODE_NOT_SHOWN, LookupFailure};
pub use types::{QuestionType, Rcode, RecordType};

use super::address::{embedded_ipv4, translations};
use super::{AddressClass, Observed, classify};

/// The DNS hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DnsHop {
    /// The name.
    pub name: String,
    /// Each resolver, asked separately, in the order of the configuration or of the options.
    pub resolvers: Vec<ResolverEvidence>,
    /// `getaddrinfo`: what applications get.
    pub system: Observed<SystemAnswer>,
    /// The addresses that were walked, in order; may be empty.
    pub selected: Vec<SelectedAddress>,
    /// Time from the walk's start to the first usable address, in milliseconds.
    pub first_address_ms: Option<f64>,
}

/// An address that was walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SelectedAddress {
    /// The address.
    pub address: IpAddr,
    /// Its class.
    pub class: AddressClass,
    /// Whether `getaddrinfo` gave it (or the user's `--resolver` did, which then counts).
    pub effective: bool,
}

/// One resolver's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverEvidence {
    /// Its address and port.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The interface of a link-local address (RFC 4007, section 11), as the configuration has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Why it was asked.
    pub role: ResolverRole,
    /// The A question.
    pub a: Observed<Exchange>,
    /// The AAAA question.
    pub aaaa: Observed<Exchange>,
    /// The SOA question for the service's privatelink zone, which shows which zone the resolver
    /// sees.
    pub zone_soa: Observed<Exchange>,
    /// How it served other walks of the same round, where it did not answer this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<QueryCounts>,
}

/// How one resolver served the walks of a round, including this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueryCounts {
    /// Walks that asked it in the last 30 s.
    pub asked: u32,
    /// The number of those that it answered.
    pub answered: u32,
}

/// Why a resolver was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResolverRole {
    /// A `nameserver` of the system's configuration.
    Configured,
    /// The real upstream behind a loopback stub.
    StubUpstream,
    /// `--resolver`.
    Given,
    /// None is configured: 127.0.0.1 is asked, as glibc does.
    Assumed,
}

/// The result of `getaddrinfo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SystemAnswer {
    /// Addresses, in the order in which an application would try them.
    Addresses {
        /// The addresses.
        addresses: Vec<IpAddr>,
    },
    /// A definite failure.
    Failed {
        /// The code by its name: `EAI_NONAME`, `EAI_AGAIN`, …; of Winsock `WSAHOST_NOT_FOUND`, …
        code: String,
    },
    /// No answer within the deadline; an application would still be waiting.
    Stalled,
}

impl ResolverEvidence {
    /// The address as people write it: with the port only when it is not 53.
    #[must_use]
    pub fn label(&self) -> String {
        match self.address.port() {
            53 => self.host(),
            _ => self.address.to_string(),
        }
    }

    /// The address without its port, with the interface of a link-local one: `fe80::1%eth0`.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.scope {
            Some(scope) => format!("{}%{scope}", self.address.ip()),
            None => self.address.ip().to_string(),
        }
    }

    /// The A question's message.
    #[must_use]
    pub fn a_answer(&self) -> Option<&Answer> {
        self.a.value().and_then(Exchange::answer)
    }

    /// Addresses from both questions, A first.
    #[must_use]
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        [&self.a, &self.aaaa]
            .into_iter()
            .filter_map(|o| o.value().and_then(Exchange::answer))
            .flat_map(|answer| answer.chain(name).addresses)
            .collect()
    }

    /// The aliases of the answer that holds addresses; without one, of the first that has any.
    #[must_use]
    pub fn aliases(&self, name: &str) -> Vec<String> {
        let chains = self.chains(name);
        let addressed = chains.iter().find(|chain| !chain.addresses.is_empty());
        let shown = addressed.or_else(|| chains.iter().find(|chain| !chain.aliases.is_empty()));
        shown.map(|chain| chain.aliases.clone()).unwrap_or_default()
    }

    /// The chains of both answers, A first.
    #[must_use]
    pub fn chains(&self, name: &str) -> Vec<Chain> {
        let answers = [&self.a, &self.aaaa].into_iter().filter_map(Observed::value);
        answers.filter_map(Exchange::answer).map(|answer| answer.chain(name)).collect()
    }

    /// The first alias inside a `privatelink.` zone, on the way to the addresses.
    #[must_use]
    pub fn privatelink_alias(&self, name: &str) -> Option<String> {
        self.aliases(name).into_iter().find(|alias| is_privatelink(alias))
    }

    /// The first alias inside a `privatelink.` zone in the answer for either address family.
    #[must_use]
    pub fn any_privatelink_alias(&self, name: &str) -> Option<String> {
        let aliases = self.chains(name).into_iter().flat_map(|chain| chain.aliases);
        { aliases }.find(|alias| is_privatelink(alias))
    }
}

impl DnsHop {
    /// Whether an answer of a resolver or the system shows a private endpoint: a privatelink alias
    /// that is there for one alone, or a private address.
    #[must_use]
    pub fn private_endpoint_seen(&self) -> bool {
        self.resolvers.iter().any(|r| {
            r.any_privatelink_alias(&self.name).is_some_and(|alias| shows_endpoint(&alias))
                || r.addresses(&self.name).iter().any(|a| self.class(*a).is_private())
        }) || self.system_addresses().iter().any(|a| self.class(*a).is_private())
    }

    /// The class of an address of the name: one that DNS64 made is judged by the IPv4 address in it.
    #[must_use]
    pub fn class(&self, address: IpAddr) -> AddressClass {
        classify(self.made_from(address).map_or(address, IpAddr::V4))
    }

    /// The IPv4 address that an IPv6 address was made from: inside NAT64's well-known prefix, or under
    /// a network's own prefix (RFC 6052, section 2.2), where it is an IPv4 address that the name has.
    #[must_use]
    pub fn made_from(&self, address: IpAddr) -> Option<Ipv4Addr> {
        let IpAddr::V6(v6) = address else { return None };
        if v6.to_ipv4_mapped().is_some() {
            return None;
        }
        let known = embedded_ipv4(address);
        known.or_else(|| {
            translations(v6).into_iter().find(|inner| {
                let has =
                    |r: &ResolverEvidence| r.addresses(&self.name).contains(&IpAddr::V4(*inner));
                self.resolvers.iter().any(has)
            })
        })
    }

    /// The addresses that `getaddrinfo` gave.
    #[must_use]
    pub fn system_addresses(&self) -> &[IpAddr] {
        match self.system.value() {
            Some(SystemAnswer::Addresses { addresses }) => addresses,
            _ => &[],
        }
    }

    /// The resolvers that applications ask, with their places: the first of `--resolver`, else the
    /// configured ones. A stub's upstreams and further `--resolver`s are only compared.
    pub fn deciding(&self) -> impl Iterator<Item = (usize, &ResolverEvidence)> {
        let given = self.resolvers.iter().position(|r| r.role == ResolverRole::Given);
        self.resolvers.iter().enumerate().filter(move |(index, r)| match given {
            Some(first) => *index == first,
            None => matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed),
        })
    }

    /// Whether applications get the answer of this resolver.
    #[must_use]
    pub fn decides(&self, resolver: &ResolverEvidence) -> bool {
        self.deciding().any(|(_, one)| std::ptr::eq(one, resolver))
    }

    /// The effective addresses: those that applications get, or those of `--resolver`.
    ///
    /// While `getaddrinfo` is still waiting, or where it was not asked, these are the addresses
    /// that the resolvers gave.
    #[must_use]
    pub fn effective(&self) -> Vec<IpAddr> {
        let counting: Vec<IpAddr> =
            self.selected.iter().filter(|w| w.effective).map(|w| w.address).collect();
        // `--resolver` names the effective answer, even if it is empty.
        let given = self.resolvers.iter().any(|r| r.role == ResolverRole::Given);
        if !counting.is_empty() || given {
            return counting;
        }
        match self.system.value() {
            Some(SystemAnswer::Addresses { addresses }) => addresses.clone(),
            Some(SystemAnswer::Failed { .. }) => Vec::new(),
            Some(SystemAnswer::Stalled) | None => {
                self.selected.iter().map(|walked| walked.address).collect()
            }
        }
    }
}
