//! The handshake and the certificates, including rejected ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tcp::TcpInfo;
use super::text::unix_seconds;

/// The TLS hop: one handshake, SNI = the original name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TlsHop {
    /// The name sent as SNI and required in the certificate.
    pub server_name: String,
    /// The outcome.
    pub outcome: TlsOutcome,
    /// The chain as presented, leaf first, at most 10 certificates.
    pub chain: Vec<Certificate>,
    /// Number of certificates presented.
    pub chain_length: u32,
    /// The verdict of each trust store on the chain and the name.
    pub verdicts: Vec<StoreVerdict>,
    /// The verdicts of CA bundles: those that a variable names, and those that clients bring where
    /// no public root knows the issuer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundles: Vec<BundleVerdict>,
    /// The trust store that accepted the session; null when none did.
    pub accepted_by: Option<Store>,
    /// What was negotiated.
    pub negotiated: Option<Negotiated>,
    /// Bytes written to the connection during the handshake.
    pub bytes_sent: u64,
    /// Bytes read from the connection during the handshake.
    pub bytes_received: u64,
    /// TCP_INFO of the connection when the handshake ended (Linux, Windows, macOS).
    pub tcp_info: Option<TcpInfo>,
}

impl TlsHop {
    /// The certificates of the path from the leaf on, each with its place: its issuer, if that was sent,
    /// and so on. A server may send others, which no client uses.
    #[must_use]
    pub fn path(&self) -> Vec<(usize, &Certificate)> {
        let mut path: Vec<(usize, &Certificate)> = self.chain.iter().enumerate().take(1).collect();
        while let Some((_, last)) = path.last().filter(|(_, last)| !last.self_issued) {
            let used = |index| path.iter().any(|(at, _)| *at == index);
            let mut rest = self.chain.iter().enumerate().filter(|(index, _)| !used(*index));
            let Some(next) = rest.find(|(_, one)| one.subject == last.issuer) else { break };
            path.push(next);
        }
        path
    }
}

/// How a handshake ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TlsOutcome {
    /// Chain and name verified; see [`TlsHop::accepted_by`].
    Verified,
    /// The certificate was rejected; nothing was sent.
    CertificateRejected {
        /// The fault that decides: of the dates only where nothing else is wrong with the chain.
        fault: CertificateFault,
    },
    /// The peer sent a TLS alert.
    Alert {
        /// Its name in RFC 8446, e.g. `unrecognized_name`.
        description: String,
    },
    /// The peer closed the connection (FIN) before the handshake ended.
    Closed,
    /// The connection was reset (RST) before the handshake ended.
    Reset,
    /// Nothing more came within the deadline.
    Silent,
    /// The peer speaks plain HTTP on this port.
    PlainHttp {
        /// Its first line, bounded and escaped.
        first_line: String,
    },
    /// The peer speaks something that is not TLS.
    NotTls {
        /// The first bytes, printable ones as they are.
        first_bytes: String,
    },
    /// The peer broke the protocol, or has no version or suite in common with us.
    Incompatible {
        /// What, in rustls's terms.
        message: String,
    },
    /// ICMP or a local error ended the connection.
    ConnectionLost {
        /// Errno.
        errno: Option<i32>,
        /// Its text.
        message: String,
    },
}

/// The fault that a verifier found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CertificateFault {
    /// No path to a trusted root.
    UnknownIssuer,
    /// Past its `notAfter`; at another time it is accepted.
    Expired,
    /// Before its `notBefore`; at another time it is accepted.
    NotYetValid,
    /// The name is not among the subject alternative names.
    WrongName,
    /// Revoked.
    Revoked,
    /// A signature does not verify.
    BadSignature,
    /// Its purpose, encoding or an extension forbids it.
    Other {
        /// What, in the verifier's terms.
        message: String,
    },
}

impl CertificateFault {
    /// The fault in words.
    #[must_use]
    pub fn describe(&self) -> &str {
        match self {
            Self::UnknownIssuer => "no path to a trusted root",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::WrongName => "issued for another name",
            Self::Revoked => "revoked",
            Self::BadSignature => "a signature does not verify",
            Self::Other { message } => message,
        }
    }
}

/// A trust store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// The built-in public roots (Mozilla's).
    Public,
    /// The public roots (or the system's, with `--trust system`) and `--ca-file` together.
    CaFile,
    /// The machine's own store.
    System,
}

impl Store {
    /// A root of it, in words.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Public => "public root",
            Self::CaFile => "root of --ca-file",
            Self::System => "root of the system's store",
        }
    }

    /// The store in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Public => "public roots",
            Self::CaFile => "roots with --ca-file",
            Self::System => "this machine's store",
        }
    }
}

/// The verdict of one trust store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreVerdict {
    /// The store.
    pub store: Store,
    /// Trust anchors in it.
    pub anchors: u32,
    /// The fault, or null when it accepts.
    pub fault: Option<CertificateFault>,
}

/// The file of the machine's own store that holds all its roots.
pub const STORE_FILE: &str = "store-file";
/// What OpenSSL finds in it by its own defaults: a file where it has one, and the folder, in which it
/// looks a root up by the hash of its subject.
pub const STORE_OPENSSL: &str = "store-openssl";
/// A folder from which the store is built.
pub const STORE_SOURCE: &str = "store-source";

/// The verdict of a CA bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleVerdict {
    /// Its source: a variable such as `REQUESTS_CA_BUNDLE`, `certifi`, or a part of the machine's own
    /// store: [`STORE_FILE`], [`STORE_OPENSSL`], [`STORE_SOURCE`].
    pub by: String,
    /// Its path.
    pub path: String,
    /// Roots in it; 0 when it cannot be read.
    pub anchors: u32,
    /// Whether there is no such file or folder.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    /// The fault, or null when it accepts.
    pub fault: Option<CertificateFault>,
}

/// Seconds of a day.
const DAY_S: i64 = 24 * 3600;

/// A certificate's fields, escaped and bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// Subject, RFC 4514 order as printed by x509-parser.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Common name of the issuer, if it has one.
    pub issuer_common_name: Option<String>,
    /// Organisation of the issuer, if it has one.
    pub issuer_organization: Option<String>,
    /// DNS names and addresses of the subject alternative name extension, at most 50.
    pub names: Vec<String>,
    /// Number of names.
    pub names_count: u32,
    /// Start of validity, RFC 3339.
    pub not_before: String,
    /// End of validity, RFC 3339.
    pub not_after: String,
    /// Whole days from the walk's start to the expiry; negative after it.
    pub days_left: i64,
    /// Whether the walk's start is before `not_before`.
    pub not_yet_valid: bool,
    /// Whether the names cover the target (RFC 6125, one label a wildcard).
    pub covers_target: bool,
    /// Subject equals issuer.
    pub self_issued: bool,
    /// Basic constraints say CA.
    pub is_ca: bool,
    /// The URL of the issuer's certificate (authority information access).
    pub issuer_url: Option<String>,
    /// Where a client that checks revocation asks over HTTP: OCSP responders (authority information
    /// access) and CRL distribution points, at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revocation_urls: Vec<String>,
    /// What it lacks of RFC 5280's form, which clients ask for that verify strictly (fact S62).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<StrictForm>,
    /// SHA-256 of the DER form, in hex.
    pub sha256: String,
}

/// A part of a certificate's form that strict clients ask for (`X509_V_FLAG_X509_STRICT` of OpenSSL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrictForm {
    /// The authority key identifier, of a certificate that another one signed.
    AuthorityKeyIdentifier,
    /// The subject key identifier of an authority.
    SubjectKeyIdentifier,
    /// The key usage of an authority.
    KeyUsage,
    /// That the basic constraints of an authority are critical.
    CriticalBasicConstraints,
    /// That only an authority may sign certificates, by its key usage.
    KeyUsageOfALeaf,
    /// That the alternative names are critical where the subject is empty.
    CriticalNames,
}

impl Certificate {
    /// Its validity in seconds; `None` where a date cannot be read.
    #[must_use]
    pub fn lifetime_s(&self) -> Option<i64> {
        Some(unix_seconds(&self.not_after)? - unix_seconds(&self.not_before)?)
    }

    /// Whether more than a third of its validity is left. A leaf that an inspecting proxy signs for
    /// each session, or that is renewed automatically every week, always expires soon; few days
    /// left matter only in the last third.
    #[must_use]
    pub fn is_young(&self) -> bool {
        self.lifetime_s().is_some_and(|life| self.days_left.saturating_mul(3 * DAY_S) > life)
    }
}

named! {
    /// A version of TLS.
    TlsVersion {
        /// RFC 5246.
        "TLS 1.2" => Tls12,
        /// RFC 8446.
        "TLS 1.3" => Tls13,
    }
}

/// What was negotiated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Negotiated {
    /// The version.
    #[schemars(with = "String")]
    pub version: TlsVersion,
    /// Cipher suite by its IANA name.
    pub cipher_suite: String,
    /// Key exchange group.
    pub group: Option<String>,
    /// ALPN protocol, if the peer chose one.
    pub alpn: Option<String>,
}
