//! How a connection to a service begins: with TLS, or with something before it (facts D110, D112).

/// How a connection to a service begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// With TLS, and HTTP inside it: clients may use a proxy.
    Https,
    /// With TLS, and another protocol inside it.
    Tls,
    /// With this request for TLS, which comes once the peer has allowed it.
    Requested(&'static TlsRequest),
    /// With this protocol, in which TLS begins later.
    Protocol(&'static str),
    /// With this protocol, which has no TLS.
    Clear(&'static str),
}

/// How a protocol asks for TLS, where that takes one request before anything else.
#[derive(Debug, PartialEq, Eq)]
pub struct TlsRequest {
    /// The protocol.
    pub protocol: &'static str,
    /// What is sent.
    pub sends: &'static [u8],
    /// The byte that allows TLS; any other means that there is none.
    pub allows: u8,
    /// Its name for `openssl s_client -starttls`.
    pub starttls: &'static str,
}

/// PostgreSQL's SSLRequest, a length and a code (fact D112).
pub(super) const POSTGRESQL: &TlsRequest = &TlsRequest {
    protocol: "PostgreSQL",
    sends: &[0, 0, 0, 8, 4, 210, 22, 47],
    allows: b'S',
    starttls: "postgres",
};

impl Opening {
    /// The application protocols that a client of it names in TLS (ALPN). A client of another protocol
    /// than HTTP names none: it is the clients of HTTP that such a server may refuse (RFC 7301).
    #[must_use]
    pub const fn alpn(self) -> &'static [&'static str] {
        match self {
            Self::Https => &["http/1.1"],
            Self::Tls | Self::Requested(_) | Self::Protocol(_) | Self::Clear(_) => &[],
        }
    }

    /// How TLS is asked for, where it has to be.
    #[must_use]
    pub const fn tls_request(self) -> Option<&'static TlsRequest> {
        match self {
            Self::Requested(request) => Some(request),
            Self::Https | Self::Tls | Self::Protocol(_) | Self::Clear(_) => None,
        }
    }
}
