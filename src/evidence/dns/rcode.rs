//! Response codes of DNS.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A response code (RFC 1035, RFC 6895); in reports its IANA name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Rcode {
    /// The name exists.
    NoError,
    /// The server cannot read the question.
    FormErr,
    /// The server could not finish.
    ServFail,
    /// The name does not exist.
    NxDomain,
    /// The server does not know this kind of question.
    NotImp,
    /// The server declines by its own rules.
    Refused,
    /// The server is no authority for the zone.
    NotAuth,
    /// The server does not know this version of EDNS.
    BadVers,
    /// Any other, by its name.
    Other(String),
}

impl Rcode {
    /// Its name in the IANA registry.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::NoError => "NOERROR",
            Self::FormErr => "FORMERR",
            Self::ServFail => "SERVFAIL",
            Self::NxDomain => "NXDOMAIN",
            Self::NotImp => "NOTIMP",
            Self::Refused => "REFUSED",
            Self::NotAuth => "NOTAUTH",
            Self::BadVers => "BADVERS",
            Self::Other(name) => name,
        }
    }

    /// Whether the server did its work: the name exists, or does not.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        matches!(self, Self::NoError | Self::NxDomain)
    }
}

impl From<String> for Rcode {
    fn from(name: String) -> Self {
        match name.as_str() {
            "NOERROR" => Self::NoError,
            "FORMERR" => Self::FormErr,
            "SERVFAIL" => Self::ServFail,
            "NXDOMAIN" => Self::NxDomain,
            "NOTIMP" => Self::NotImp,
            "REFUSED" => Self::Refused,
            "NOTAUTH" => Self::NotAuth,
            "BADVERS" => Self::BadVers,
            _ => Self::Other(name),
        }
    }
}

impl From<Rcode> for String {
    fn from(rcode: Rcode) -> Self {
        rcode.as_str().to_owned()
    }
}

impl fmt::Display for Rcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
