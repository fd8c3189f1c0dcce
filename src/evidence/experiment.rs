//! Counter-experiments: the same step done again with one thing changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tcp::{TcpInfo, TcpOutcome};
use super::tls::TlsOutcome;

/// One counter-experiment on the address of the walk. No secret is ever sent in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Experiment {
    /// Its id in the catalogue, e.g. `segment-size`.
    pub id: String,
    /// The one thing that was changed.
    pub changed: Changed,
    /// Start, in whole milliseconds since the walk began.
    pub started_ms: u64,
    /// Time taken in milliseconds.
    pub took_ms: u64,
    /// The connection.
    pub tcp: TcpOutcome,
    /// The handshake, where the connection stood.
    pub tls: Option<HandshakeSeen>,
}

/// The one thing that an experiment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Changed {
    /// TCP segments of at most this size, TCP options included, both ways (RFC 9293, MSS).
    SegmentSize {
        /// Octets; an IPv4 packet is 40 larger.
        octets: u16,
    },
    /// A ClientHello without the post-quantum key share: one segment.
    SmallHello,
    /// Nothing: the walk's own handshake, which failed, where the walk went on with the small
    /// ClientHello that was answered.
    Nothing,
    /// Another name in SNI.
    ServerName {
        /// The name.
        name: String,
    },
    /// One TLS version alone.
    OnlyVersion {
        /// `TLS 1.2` or `TLS 1.3`.
        version: String,
    },
}

/// How the handshake of an experiment went; nothing is sent after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandshakeSeen {
    /// The outcome.
    pub outcome: TlsOutcome,
    /// Octets written.
    pub bytes_sent: u64,
    /// Octets read.
    pub bytes_received: u64,
    /// TCP_INFO when it ended (Linux).
    pub tcp_info: Option<TcpInfo>,
}

impl Experiment {
    /// Whether a TLS peer answered with more than silence or a cut: a certificate, accepted or
    /// not, or an alert.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| {
            matches!(
                tls.outcome,
                TlsOutcome::Verified
                    | TlsOutcome::CertificateRejected { .. }
                    | TlsOutcome::Alert { .. }
            )
        })
    }
}
