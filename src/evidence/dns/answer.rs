//! A DNS message, as far as it is kept.

use std::collections::BTreeSet;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chain::{self, Chain};
use super::types::{Rcode, RecordType};

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

impl Answer {
    /// Whether the resolver says that the answer is older than its TTL: Stale Answer, Stale NXDOMAIN
    /// Answer (RFC 8914, sections 4.4 and 4.20).
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.extended_errors.iter().any(|error| matches!(error.code, 3 | 19))
    }

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
