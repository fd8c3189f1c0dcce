//! What each resolver answered, and what applications get.

mod chain;
mod contradiction;
mod failure;
mod types;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use chain::{Chain, is_privatelink};
pub use contradiction::Contradiction;
pub use failure::{CODE_NOT_SHOWN, LookupFailure};
pub use types::{QuestionType, Rcode, RecordType};

use super::tcp::Icmp;
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

/// One question and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The name asked.
    pub name: String,
    /// The type asked.
    pub kind: QuestionType,
    /// The transport of the accepted answer.
    pub transport: Transport,
    /// Datagrams sent (repeats included) before the outcome; segments, where it was asked over
    /// TCP from the start.
    pub sent: u32,
    /// TCP segments sent, where the question was repeated over TCP after a truncated answer.
    #[serde(default)]
    pub segments: u32,
    /// What came back.
    pub outcome: DnsOutcome,
    /// Datagrams that were not accepted: from another address, with another id, not DNS.
    pub stray: Vec<Stray>,
    /// Answers to the same question, from the same address and with its id, that came after the
    /// accepted one and differ from it; at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<LateAnswer>,
    /// The rcode with which the resolver declined the question with EDNS, where it then answered it
    /// without (RFC 6891, section 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub edns_declined: Option<Rcode>,
}

/// An answer that came after the accepted one, during the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LateAnswer {
    /// Milliseconds after the accepted answer.
    pub after_ms: f64,
    /// Datagrams with the question that were sent from this port: each may get an answer.
    pub asked: u32,
    /// The message.
    pub answer: Answer,
}

/// UDP or TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Over UDP.
    Udp,
    /// Over TCP, after a truncated answer over UDP (RFC 7766).
    Tcp,
}

/// A datagram that was received and not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stray {
    /// Who sent it.
    #[schemars(with = "String")]
    pub from: SocketAddr,
    /// Why it was not accepted.
    pub reason: StrayReason,
}

/// Why a datagram was not accepted as the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrayReason {
    /// It came from another address or port than the one asked.
    OtherAddress,
    /// Its id is not the question's.
    OtherId,
    /// It answers another question.
    OtherQuestion,
    /// It is not a DNS message.
    Malformed,
}

/// The outcome of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DnsOutcome {
    /// A message with any rcode.
    Answered {
        /// The message.
        answer: Answer,
    },
    /// Nothing acceptable within the deadline.
    TimedOut,
    /// The resolver's port is closed (its own ICMP port unreachable, or TCP reset).
    PortRefused,
    /// The network reports that the resolver cannot be reached.
    Unreachable {
        /// The ICMP message or the local error.
        icmp: Icmp,
    },
    /// Only bytes that are not a DNS message came back.
    Malformed,
    /// The answer was truncated and the repeat over TCP failed.
    TcpFailed {
        /// Why.
        message: String,
        /// The truncated answer.
        truncated: Answer,
    },
    /// This machine could not send the question.
    LocalError {
        /// Why.
        message: String,
        /// The errno, where this machine's kernel refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<i32>,
    },
}

/// A DNS message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Rcode by its IANA name: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, …
    #[schemars(with = "String")]
    pub rcode: Rcode,
    /// AA: the resolver claims to be an authority for the name.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// RA: the resolver offers recursion.
    pub recursion_available: bool,
    /// AD: the resolver claims to have validated DNSSEC.
    pub authentic_data: bool,
    /// The answer section, in order, at most 64 records.
    pub records: Vec<Record>,
    /// Records of the answer section that were left out.
    pub records_omitted: u32,
    /// The SOA of the authority or answer section, if any.
    pub soa: Option<Soa>,
    /// Extended DNS errors (RFC 8914).
    pub extended_errors: Vec<ExtendedError>,
    /// Size of the message in bytes.
    pub size: u32,
}

/// A record of the answer section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Owner name, without trailing dot.
    pub name: String,
    /// Type: `CNAME`, `A`, `AAAA`, …
    #[schemars(with = "String")]
    pub kind: RecordType,
    /// Time to live in seconds.
    pub ttl: u32,
    /// The data: a name without trailing dot, or an address.
    pub data: String,
}

/// A start of authority record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Soa {
    /// The zone: owner name of the record.
    pub zone: String,
    /// Primary name server.
    pub mname: String,
    /// Mailbox of the zone's owner.
    pub rname: String,
    /// Serial.
    pub serial: u32,
}

/// An extended DNS error (RFC 8914).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExtendedError {
    /// Info-code.
    pub code: u16,
    /// Extra text, bounded and escaped.
    pub text: String,
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

impl Answer {
    /// Whether another message has the same rcode and records, in any order and with any TTL.
    #[must_use]
    pub fn same_answer(&self, other: &Self) -> bool {
        let records = |answer: &Self| -> BTreeSet<(String, RecordType, String)> {
            let lower = |text: &str| text.to_ascii_lowercase();
            let all = answer.records.iter();
            all.map(|r| (lower(&r.name), r.kind.clone(), lower(&r.data))).collect()
        };
        self.rcode == other.rcode
            && self.truncated == other.truncated
            && records(self) == records(other)
    }

    /// The aliases from `name` on, in order, and the addresses at their end.
    ///
    /// A loop of CNAMEs ends the chain and sets [`Chain::looped`].
    #[must_use]
    pub fn chain(&self, name: &str) -> Chain {
        chain::follow(name, self.records.iter())
    }

    /// The addresses that a client finds which reads each record once, in order, as glibc does: an
    /// address that comes before the alias that leads to it is not among them.
    #[must_use]
    pub fn addresses_in_order(&self, name: &str) -> Vec<IpAddr> {
        chain::read_in_order(name, self.records.iter())
    }
}

impl Exchange {
    /// A question that was not answered yet.
    #[must_use]
    pub fn unanswered(name: &str, kind: QuestionType, transport: Transport) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            transport,
            sent: 0,
            segments: 0,
            outcome: DnsOutcome::TimedOut,
            stray: Vec::new(),
            late: Vec::new(),
            edns_declined: None,
        }
    }

    /// The message, if one was accepted.
    #[must_use]
    pub const fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            DnsOutcome::Answered { answer } => Some(answer),
            _ => None,
        }
    }
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
    /// Whether an answer of a resolver or the system shows a private endpoint: a privatelink alias,
    /// or a private address.
    #[must_use]
    pub fn private_endpoint_seen(&self) -> bool {
        self.resolvers.iter().any(|r| {
            r.any_privatelink_alias(&self.name).is_some()
                || r.addresses(&self.name).iter().any(|a| classify(*a).is_private())
        }) || self.system_addresses().iter().any(|a| classify(*a).is_private())
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
