//! Redirected connections.

use std::net::IpAddr;

/// A redirected connection, as curl's `--connect-to HOST:PORT:ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConnectOverride {
    /// The host name, or the address that DNS gave; none matches any.
    pub host: Option<String>,
    /// The port; none matches any.
    pub port: Option<u16>,
    /// Where the connection goes; none leaves the address as it is.
    pub to_address: Option<IpAddr>,
    /// The port it goes to; none leaves the port as it is.
    pub to_port: Option<u16>,
}

impl std::fmt::Display for ConnectOverride {
    /// As `--connect-to` takes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bracketed = |text: &str| match text.contains(':') {
            true => format!("[{text}]"),
            false => text.to_owned(),
        };
        let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
        let host = self.host.as_deref().map(bracketed).unwrap_or_default();
        let address = self.to_address.map(|a| bracketed(&a.to_string())).unwrap_or_default();
        write!(f, "{host}:{}:{address}:{}", port(self.port), port(self.to_port))
    }
}
