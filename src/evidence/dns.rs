//! What each resolver answered, and what applications get beside it.

mod chain;
mod rcode;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use chain::{Chain, is_privatelink};
pub use rcode::Rcode;

use super::tcp::Icmp;
use super::{AddressClass, Observed, classify};

/// The DNS hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DnsHop {
    /// The name that was asked.
    pub name: String,
    /// Each resolver, asked by itself, in the order in which it is configured or was given.
    pub resolvers: Vec<ResolverSeen>,
    /// `getaddrinfo`: what applications get.
    pub system: Observed<SystemAnswer>,
    /// The addresses that were walked, in order; empty when there was none.
    pub walked: Vec<WalkedAddress>,
    /// Time from the walk's start to the first usable address, in milliseconds.
    pub first_address_ms: Option<f64>,
}

/// An address that was walked, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalkedAddress {
    /// The address.
    pub address: IpAddr,
    /// Its class.
    pub class: AddressClass,
    /// Whether `getaddrinfo` gave it (or the user's `--resolver` did, which then counts).
    pub counts: bool,
}

/// One resolver's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResolverSeen {
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
    /// The SOA question for the service's privatelink zone: which zone does it see?
    pub zone_soa: Observed<Exchange>,
    /// What it answered to other walks of the same round, where it did not answer this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundSeen>,
}

/// How one resolver served the walks of a round, this one among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoundSeen {
    /// Walks that asked it in the last half minute.
    pub asked: u32,
    /// Those of them that it answered.
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
    /// The type asked: `A`, `AAAA`, `SOA`, `NS`.
    pub kind: String,
    /// How the answer that counts came.
    pub transport: Transport,
    /// Datagrams sent (repeats included) before the outcome; segments, where it was asked over
    /// TCP from the start.
    pub sent: u32,
    /// TCP segments sent, where a truncated answer was asked for again over TCP.
    #[serde(default)]
    pub segments: u32,
    /// What came back.
    pub outcome: DnsOutcome,
    /// Datagrams that were not the answer: from another address, another id, garbage.
    pub stray: Vec<Stray>,
    /// Answers to the same question, from the same address and with its id, that came after the
    /// accepted one and differ from it; at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<LateAnswer>,
}

/// An answer after the accepted one, while the walk went on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LateAnswer {
    /// Milliseconds after the accepted answer.
    pub after_ms: f64,
    /// Datagrams that had put the question from this port: more than one may have an answer each.
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
    pub why: StrayReason,
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
    /// The resolver's port is closed (ICMP port unreachable, or TCP reset).
    PortRefused,
    /// The network says that the resolver cannot be reached.
    Unreachable {
        /// The ICMP message or the local error.
        icmp: Icmp,
    },
    /// Only garbage came back.
    Malformed,
    /// The answer was truncated and the repeat over TCP failed.
    TcpFailed {
        /// Why.
        says: String,
        /// The truncated answer.
        truncated: Answer,
    },
    /// The question could not be sent from here.
    LocalError {
        /// Why.
        says: String,
        /// The errno of this machine's kernel, where it was the one that refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<i32>,
    },
}

/// A DNS message, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Rcode by its IANA name: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, …
    #[schemars(with = "String")]
    pub rcode: Rcode,
    /// AA: the resolver says that it is an authority for the name.
    pub authoritative: bool,
    /// TC.
    pub truncated: bool,
    /// RA: the resolver offers recursion.
    pub recursion_available: bool,
    /// AD: the resolver says that it validated DNSSEC.
    pub authentic_data: bool,
    /// The answer section, in order, at most 64 records.
    pub records: Vec<Record>,
    /// Records of the answer section that were left out.
    pub records_left_out: u32,
    /// The SOA of the authority or answer section, if any.
    pub soa: Option<Soa>,
    /// Extended DNS errors (RFC 8914).
    pub extended_errors: Vec<ExtendedError>,
    /// Size of the message in octets.
    pub size: u32,
}

/// A record of the answer section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Owner name, without trailing dot.
    pub name: String,
    /// Type: `CNAME`, `A`, `AAAA`, …
    pub kind: String,
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

/// What `getaddrinfo` said.
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
        /// The EAI code by its name: `EAI_NONAME`, `EAI_AGAIN`, …
        code: String,
    },
    /// No answer while we waited; an application would still be waiting.
    Stalled,
}

impl Answer {
    /// Whether another message says the same: rcode and records, in whatever order and however
    /// long they last.
    #[must_use]
    pub fn same_answer(&self, other: &Self) -> bool {
        let records = |answer: &Self| -> BTreeSet<(String, String, String)> {
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
    /// A loop of CNAMEs ends the chain; [`Chain::looped`] says so.
    #[must_use]
    pub fn chain(&self, name: &str) -> Chain {
        chain::follow(name, self.records.iter())
    }
}

impl Exchange {
    /// A question that was not answered yet.
    #[must_use]
    pub fn unanswered(name: &str, kind: &str, transport: Transport) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            transport,
            sent: 0,
            segments: 0,
            outcome: DnsOutcome::TimedOut,
            stray: Vec::new(),
            late: Vec::new(),
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

impl ResolverSeen {
    /// The address in the form that people write: the port only when it is not 53.
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
        self.a.saw().and_then(Exchange::answer)
    }

    /// Addresses from both questions, A first.
    #[must_use]
    pub fn addresses(&self, name: &str) -> Vec<IpAddr> {
        [&self.a, &self.aaaa]
            .into_iter()
            .filter_map(|o| o.saw().and_then(Exchange::answer))
            .flat_map(|answer| answer.chain(name).addresses)
            .collect()
    }

    /// The aliases of the chain, from whichever question shows them.
    #[must_use]
    pub fn aliases(&self, name: &str) -> Vec<String> {
        [&self.a, &self.aaaa]
            .into_iter()
            .filter_map(|o| o.saw().and_then(Exchange::answer))
            .map(|answer| answer.chain(name).aliases)
            .find(|aliases| !aliases.is_empty())
            .unwrap_or_default()
    }

    /// The first alias inside a `privatelink.` zone.
    #[must_use]
    pub fn privatelink_alias(&self, name: &str) -> Option<String> {
        self.aliases(name).into_iter().find(|alias| is_privatelink(alias))
    }
}

impl DnsHop {
    /// Whether any resolver's answer or the addresses of the system say that a private
    /// endpoint exists: a privatelink alias, or a private address.
    #[must_use]
    pub fn private_endpoint_seen(&self) -> bool {
        self.resolvers.iter().any(|r| {
            r.privatelink_alias(&self.name).is_some()
                || r.addresses(&self.name).iter().any(|a| classify(*a).is_private())
        }) || self.system_addresses().iter().any(|a| classify(*a).is_private())
    }

    /// The addresses that `getaddrinfo` gave.
    #[must_use]
    pub fn system_addresses(&self) -> &[IpAddr] {
        match self.system.saw() {
            Some(SystemAnswer::Addresses { addresses }) => addresses,
            _ => &[],
        }
    }

    /// The resolvers whose answer applications get, with their places: the first of `--resolver`,
    /// else the configured ones. A stub's upstreams and further resolvers of the user are
    /// witnesses.
    pub fn deciding(&self) -> impl Iterator<Item = (usize, &ResolverSeen)> {
        let given = self.resolvers.iter().position(|r| r.role == ResolverRole::Given);
        self.resolvers.iter().enumerate().filter(move |(index, r)| match given {
            Some(first) => *index == first,
            None => matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed),
        })
    }

    /// The addresses that count: those that applications get, or those of `--resolver`.
    ///
    /// While `getaddrinfo` is still waiting, or where it was not asked, those are the addresses
    /// that the resolvers gave.
    #[must_use]
    pub fn effective(&self) -> Vec<IpAddr> {
        let counting: Vec<IpAddr> =
            self.walked.iter().filter(|w| w.counts).map(|w| w.address).collect();
        // `--resolver` names the answer that counts, also where it is none.
        let given = self.resolvers.iter().any(|r| r.role == ResolverRole::Given);
        if !counting.is_empty() || given {
            return counting;
        }
        match self.system.saw() {
            Some(SystemAnswer::Addresses { addresses }) => addresses.clone(),
            Some(SystemAnswer::Failed { .. }) => Vec::new(),
            Some(SystemAnswer::Stalled) | None => {
                self.walked.iter().map(|walked| walked.address).collect()
            }
        }
    }
}
