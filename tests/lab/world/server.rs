//! A server of a world: where it stands, how its port, its TLS and its certificate are.

use std::net::IpAddr;

use serde::Deserialize;

use super::Answer;

/// A server on port 443.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Its addresses, where it is none of the two that every world has.
    pub at: Vec<IpAddr>,
    /// Its port.
    pub port: Port,
    /// What it does when the client begins TLS.
    pub tls: Tls,
    /// What it presents.
    pub certificate: Certificate,
    /// What it answers.
    pub answer: Answer,
    /// What it answers to a deployment's call.
    pub deployment: Option<Answer>,
}

/// A TCP port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    /// It accepts.
    #[default]
    Open,
    /// It refuses.
    Closed,
    /// Its queue is full: nothing comes back.
    Silent,
}

/// What a server does when the client begins TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// The handshake.
    #[default]
    Handshake,
    /// The handshake, and the alert `no_application_protocol` to a client that names HTTP in it.
    OtherProtocol,
    /// Nothing.
    Silent,
    /// A reset after the ClientHello.
    Reset,
    /// A reset after a ClientHello of more than 1,000 bytes; the handshake with a smaller one.
    ResetLarge,
    /// A reset where the first segment of the ClientHello holds the account's name, else the
    /// handshake.
    ResetNameInFirstSegment,
    /// A close after the ClientHello.
    Close,
    /// An answer in plain HTTP.
    PlainHttp,
    /// Bytes that are nothing.
    Garbage,
    /// It speaks first, as sshd does.
    Greeting,
    /// The alert `unrecognized_name`.
    UnrecognizedName,
    /// The alert `protocol_version`.
    ProtocolVersion,
    /// The alert `handshake_failure`.
    HandshakeFailure,
}

impl Tls {
    /// The application protocol that it takes beside none.
    pub const fn alpn(self) -> &'static str {
        match self {
            Self::OtherProtocol => "redis",
            _ => "http/1.1",
        }
    }
}

/// What a server presents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// A leaf and its intermediate, under the root of `--ca-file`.
    #[default]
    Valid,
    /// Valid for years before and after, for programs that read the real clock.
    LongLived,
    /// Past its end.
    Expired,
    /// Before its start.
    NotYetValid,
    /// Ends in five days.
    ExpiresSoon,
    /// For another name.
    OtherName,
    /// For the privatelink name alone.
    PrivatelinkName,
    /// Signed by itself.
    SelfSigned,
    /// The leaf without its intermediate.
    MissingIntermediate,
    /// Under the company's own root.
    Corporate,
    /// Under the company's root, by a known inspection product (fact S11).
    Zscaler,
    /// By the names of Azure's own authorities, without the root's copy that others know (X8).
    AzureTopMissing,
    /// Under an authority that is internal to Microsoft by its names (X9).
    MicrosoftInternal,
    /// By an authority that has the name of one of Azure's, under the company's root.
    NamedAsAzure,
    /// A chain of a hundred.
    HundredLong,
    /// Names full of terminal escapes beside the right one.
    Escapes,
    /// Names full of terminal escapes, and not the right one.
    EscapesOtherName,
}
