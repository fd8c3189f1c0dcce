//! The forward proxy in the application's way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Observed;
use super::dns::DnsHop;
use super::http::Header;
use super::tcp::TcpHop;

/// The proxy hop: its own name and connection, then CONNECT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyHop {
    /// The proxy without its password, e.g. `http://proxy.corp:3128`.
    pub url: String,
    /// Its host name or address.
    pub host: String,
    /// Its port; 0 where the number may be a password and its name leads to no host.
    pub port: u16,
    /// What kind it is.
    pub scheme: ProxyScheme,
    /// Whether a password for it was configured.
    pub has_password: bool,
    /// Its name; not asked when it is an address.
    pub dns: Observed<DnsHop>,
    /// Connections to it.
    pub tcp: Observed<TcpHop>,
    /// The answer to CONNECT.
    pub connect: Observed<ConnectOutcome>,
}

/// The kind of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyScheme {
    /// Plain HTTP, CONNECT.
    Http,
    /// TLS to the proxy; named, not walked.
    Https,
    /// SOCKS; named, not walked.
    Socks,
}

/// How CONNECT ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ConnectOutcome {
    /// The proxy answered.
    Answered {
        /// Status code; 200 opens the tunnel, another 2xx for some clients alone.
        status: u16,
        /// The status 1xx of an informational answer that came before this one, the first of several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        informational: Option<u16>,
        /// Reason phrase.
        reason: String,
        /// The headers that tell who answered and why.
        headers: Vec<Header>,
        /// The words of the page that came in place of a tunnel, at most 300 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        page: Option<String>,
    },
    /// No answer within the deadline.
    Silent,
    /// Closed before an answer.
    Closed,
    /// Reset before an answer.
    Reset,
    /// The answer is not HTTP.
    NotHttp {
        /// What was wrong.
        message: String,
    },
    /// The answer begins as HTTP does, and strict clients cannot read it.
    Malformed {
        /// What was wrong.
        message: String,
    },
}

impl ConnectOutcome {
    /// Whether every client takes this as an open tunnel. Any 2xx is one (RFC 9110, section 9.3.6), and
    /// many clients go on after 200 alone, and after nothing that comes before it (fact P200).
    #[must_use]
    pub const fn opens_tunnel(&self) -> bool {
        matches!(self, Self::Answered { status: 200, informational: None, .. })
    }
}

impl ProxyHop {
    /// Whether the tunnel stands.
    #[must_use]
    pub fn tunnel_stands(&self) -> bool {
        self.connect.value().is_some_and(ConnectOutcome::opens_tunnel)
    }
}
