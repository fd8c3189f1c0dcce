//! Counter-experiments: one more question to the network, with two possible answers.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dns::Exchange;
use super::http::HttpOutcome;
use super::tcp::{Icmp, TcpInfo, TcpOutcome};
use super::tls::{TlsOutcome, TlsVersion};

/// The counter-experiments of a walk, each list in the order in which they began; all empty in
/// a healthy walk. No secret is ever sent in one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Experiments {
    /// The handshake done again with one thing changed.
    pub handshakes: Vec<HandshakeExperiment>,
    /// Questions to resolvers in addition to the walk's own.
    pub questions: Vec<QuestionExperiment>,
    /// Connections in addition to the walk's own: to another address, or with a limited TTL.
    pub connections: Vec<ConnectionExperiment>,
    /// What answers on the way, by limited life (TTL, hop limit).
    pub traces: Vec<Trace>,
    /// What an ordinary client gets.
    pub clients: Vec<ClientCall>,
    /// Experiments that were due and were not made.
    pub skipped: Vec<SkippedExperiment>,
}

/// The handshake at an address of the walk, with one thing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandshakeExperiment {
    /// Its id in the catalogue, e.g. `segment-size`.
    pub id: String,
    /// The address that it was tried at.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// The one thing that was changed.
    pub variation: Variation,
    /// Start, in whole milliseconds since the walk began.
    pub started_ms: u64,
    /// Time taken in milliseconds.
    pub took_ms: u64,
    /// The connection.
    pub tcp: TcpOutcome,
    /// The handshake, where the connection stood.
    pub tls: Option<HandshakeResult>,
}

/// The one thing that an experiment changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Variation {
    /// TCP segments of at most this size, TCP options included, both ways (RFC 9293, MSS).
    SegmentSize {
        /// Bytes; an IPv4 packet is 40 larger.
        bytes: u16,
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
    TlsVersion {
        /// The version.
        #[schemars(with = "String")]
        version: TlsVersion,
    },
    /// Of the ClientHello only the first byte was sent; once it was acknowledged the stream
    /// was ended, which a live peer answers by ending its own.
    FirstByte,
    /// The address: another one of the same name.
    OtherAddress {
        /// The address.
        address: IpAddr,
    },
}

/// How the handshake of an experiment went; nothing is sent after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HandshakeResult {
    /// The outcome.
    pub outcome: TlsOutcome,
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// TCP_INFO when it ended (Linux, Windows, macOS).
    pub tcp_info: Option<TcpInfo>,
}

/// One question to a resolver, in addition to the walk's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionExperiment {
    /// Its id in the catalogue, e.g. `root-servers`.
    pub id: String,
    /// The resolver.
    #[schemars(with = "String")]
    pub resolver: SocketAddr,
    /// Whether it was asked with EDNS (RFC 6891).
    #[serde(default = "with_edns")]
    pub edns: bool,
    /// Start, in whole milliseconds since the walk began.
    pub started_ms: u64,
    /// Time taken in milliseconds.
    pub took_ms: u64,
    /// The question and what came back.
    pub exchange: Exchange,
}

/// Questions of a report that does not say so were asked as the walk asks.
const fn with_edns() -> bool {
    true
}

/// One connection in addition to the walk's own; closed as soon as it is established.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionExperiment {
    /// Its id in the catalogue, e.g. `unallocated-address`.
    pub id: String,
    /// Where to.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The life of its packets (TTL, hop limit), where it was limited.
    pub ttl: Option<u8>,
    /// Start, in whole milliseconds since the walk began.
    pub started_ms: u64,
    /// Time taken in milliseconds.
    pub took_ms: u64,
    /// How it ended.
    pub outcome: TcpOutcome,
}

/// What answers on the way to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// Its id in the catalogue, e.g. `trace-syn`.
    pub id: String,
    /// What was sent with a limited life.
    pub probe: TraceProbe,
    /// Where to; an ICMP echo request is sent to no port.
    #[schemars(with = "String")]
    pub towards: SocketAddr,
    /// One entry for each life tried, rising.
    pub hops: Vec<TraceHop>,
}

/// What a trace sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceProbe {
    /// SYN segments.
    Syn,
    /// UDP datagrams.
    Udp,
    /// ICMP echo requests, where the system traces by no datagrams (Windows). Firewalls and hosts treat
    /// them otherwise than TCP.
    Echo,
    /// The ClientHello, on connections that stand.
    ClientHello,
}

/// What came back to a packet of limited life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceHop {
    /// The life (TTL, hop limit).
    pub ttl: u8,
    /// What came back.
    pub result: TraceResult,
    /// After how many milliseconds.
    pub took_ms: u64,
}

/// What came back to a packet of limited life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TraceResult {
    /// Its life ended there: a router that says so.
    Expired {
        /// The router.
        from: Option<IpAddr>,
    },
    /// Another ICMP error.
    Icmp {
        /// The message.
        icmp: Icmp,
    },
    /// The peer took it: SYN-ACK, an echo reply, or an answer to the ClientHello.
    Answered,
    /// RST, or the connection was closed.
    Reset,
    /// Nothing.
    Silent,
    /// It could not be sent.
    NotSent {
        /// Why.
        message: String,
    },
}

/// The call as an ordinary client makes it, without a credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClientCall {
    /// Its id in the catalogue, e.g. `reference-client`.
    pub id: String,
    /// The client, e.g. `reqwest`.
    pub client: String,
    /// The proxy that it went through, without password; null for none.
    pub proxy: Option<String>,
    /// The peer of its connection, where it says so.
    pub peer: Option<String>,
    /// Start, in whole milliseconds since the walk began.
    pub started_ms: u64,
    /// Time taken in milliseconds.
    pub took_ms: u64,
    /// How it ended.
    pub outcome: HttpOutcome,
}

/// An experiment that was due and was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedExperiment {
    /// Its id in the catalogue.
    pub id: String,
    /// Why.
    pub reason: ExperimentSkipReason,
}

/// Why an experiment was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExperimentSkipReason {
    /// `--deep` was not given.
    NeedsDeep,
    /// `--no-experiments` was given.
    Option,
    /// This machine or this build cannot do it.
    NotPossible {
        /// Why.
        message: String,
    },
}

impl Experiments {
    /// Whether none was made, and none was due.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the experiment was due and was left out because it wants `--deep`.
    #[must_use]
    pub fn needs_deep(&self, id: &str) -> bool {
        self.skipped.iter().any(|one| one.id == id && one.reason == ExperimentSkipReason::NeedsDeep)
    }
}

impl TraceProbe {
    /// Its name in a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syn => "SYN",
            Self::Udp => "UDP",
            Self::Echo => "ICMP echo",
            Self::ClientHello => "ClientHello",
        }
    }
}

impl TraceResult {
    /// Whether the packet came to the end of the path, `address`: it answered there, or the
    /// address itself refused it.
    #[must_use]
    pub fn reached(&self, address: IpAddr) -> bool {
        match self {
            Self::Answered | Self::Reset => true,
            Self::Icmp { icmp } => icmp.from == Some(address),
            Self::Expired { .. } | Self::Silent | Self::NotSent { .. } => false,
        }
    }
}

impl HandshakeExperiment {
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
