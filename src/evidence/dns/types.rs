//! Response codes and record types of DNS.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

named! {
    /// A response code (RFC 1035, RFC 6895).
    Rcode {
        /// The name exists.
        "NOERROR" => NoError,
        /// The server cannot read the question.
        "FORMERR" => FormErr,
        /// The server could not finish.
        "SERVFAIL" => ServFail,
        /// The name does not exist.
        "NXDOMAIN" => NxDomain,
        /// The server does not know this kind of question.
        "NOTIMP" => NotImp,
        /// The server declines by its own rules.
        "REFUSED" => Refused,
        /// The server is not an authority for the zone.
        "NOTAUTH" => NotAuth,
        /// The server does not know this version of EDNS.
        "BADVERS" => BadVers,
    }
}

impl Rcode {
    /// Whether the server did its work: the name exists, or does not.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::NoError | Self::NxDomain)
    }
}

named! {
    /// The type of a record (RFC 1035, RFC 3596).
    RecordType {
        /// An IPv4 address.
        "A" => A,
        /// An IPv6 address.
        "AAAA" => Aaaa,
        /// An alias.
        "CNAME" => Cname,
        /// The start of a zone.
        "SOA" => Soa,
        /// A name server.
        "NS" => Ns,
    }
}

/// The type that a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum QuestionType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// The start of the zone.
    Soa,
    /// Name servers.
    Ns,
}

impl QuestionType {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Soa => "SOA",
            Self::Ns => "NS",
        }
    }
}

impl fmt::Display for QuestionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
