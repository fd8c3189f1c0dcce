//! One TLS handshake: SNI and certificate against the original name, through a verifier that
//! records the presented chain and then decides. It fails closed: nothing above TLS is
//! written on a session that did not verify.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, NamedGroup,
    SignatureScheme,
};
use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::certificate;
use super::hello;
use super::metered::{MeteredStream, TrafficCounter};
use super::roots::{RootVerifier, Roots};
use super::session::{Route, Verified};
use super::tls_request::{self, TlsRequest};
use super::{redacted, redacted_start, words};
use crate::evidence::text::{clean, clean_bytes};
use crate::evidence::tls::{
    BundleVerdict, CertificateFault, Negotiated, Store, StoreVerdict, TlsHop, TlsOutcome,
    TlsVersion,
};
use crate::platform;
use crate::secret::Redactor;

/// Certificates of a chain that are kept as evidence.
const CERTIFICATES_KEPT: usize = 10;

/// A byte stream that a session can run over: TCP, or a tunnel through a proxy.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A session; only [`Verified`] proves that it is the right one.
pub(super) type Session = TlsStream<MeteredStream<Box<dyn Stream>>>;

/// The size of the ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// As today's larger clients send it: with a post-quantum key share, two segments.
    Full,
    /// With classical groups alone: one segment.
    Small,
}

/// The versions offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.3 and 1.2.
    Both,
    /// TLS 1.2 alone.
    Only12,
    /// TLS 1.3 alone.
    Only13,
}

/// The TLS provider of this build, the post-quantum group first where it has one, as
/// today's larger clients do (fact S15a).
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(made_provider())))
}

fn made_provider() -> CryptoProvider {
    #[cfg(feature = "aws_lc_rs")]
    {
        let mut provider = rustls::crypto::aws_lc_rs::default_provider();
        let hybrid = rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
        provider.kx_groups.retain(|group| group.name() != hybrid.name());
        provider.kx_groups.insert(0, hybrid);
        provider
    }
    #[cfg(all(feature = "ring", not(feature = "aws_lc_rs")))]
    rustls::crypto::ring::default_provider()
}

#[cfg(not(any(feature = "aws_lc_rs", feature = "ring")))]
compile_error!("choose a TLS provider: the feature `aws_lc_rs` (default) or `ring`");

/// Everything that one handshake needs.
#[derive(Debug)]
pub struct Handshake<'a> {
    /// The name for SNI and certificate: always the original one.
    pub server_name: &'a str,
    /// What verifies the chain.
    pub roots: Arc<Roots>,
    /// The provider.
    pub provider: Arc<CryptoProvider>,
    /// The walk's time, for validity.
    pub now: SystemTime,
    /// The hop's deadline.
    pub timeout: Duration,
    /// The size of the ClientHello.
    pub hello: Hello,
    /// The versions offered.
    pub versions: Versions,
    /// The application protocols offered (ALPN); none: a server that insists on one of its own takes
    /// the client all the same (RFC 7301, section 3.2).
    pub alpn: &'static [&'static str],
    /// How TLS is asked for first; none: it begins at once.
    pub first: Option<TlsRequest>,
    /// The secrets of the walk: a peer behind a proxy may know the proxy's password.
    pub redactor: Redactor<'a>,
}

impl Handshake<'_> {
    /// The same with another deadline.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self {
            server_name: self.server_name,
            roots: Arc::clone(&self.roots),
            provider: Arc::clone(&self.provider),
            timeout,
            redactor: self.redactor.clone(),
            ..*self
        }
    }
}

/// Does the handshake. The session is returned only when chain and name verified.
pub async fn handshake(
    route: Route,
    socket: Option<&Socket>,
    request: &Handshake<'_>,
) -> (TlsHop, Option<Verified>) {
    let end = tokio::time::Instant::now() + request.timeout;
    let Route { peer, mut stream } = route;
    let mut hop = TlsHop {
        server_name: request.server_name.to_owned(),
        outcome: TlsOutcome::Silent,
        chain: Vec::new(),
        chain_length: 0,
        verdicts: Vec::new(),
        bundles: Vec::new(),
        accepted_by: None,
        negotiated: None,
        bytes_sent: 0,
        bytes_received: 0,
        tcp_info: None,
    };
    let Ok(name) = ServerName::try_from(request.server_name.to_owned()) else {
        hop.outcome =
            TlsOutcome::Incompatible { message: "the name cannot be sent as SNI".to_owned() };
        return (hop, None);
    };
    let recorder = Arc::new(RecordingVerifier {
        roots: Arc::clone(&request.roots),
        provider: Arc::clone(&request.provider),
        now: request.now,
        seen: Mutex::default(),
    });
    let config = match config(request, Arc::clone(&recorder)) {
        Ok(config) => config,
        Err(error) => {
            hop.outcome = TlsOutcome::Incompatible { message: error.to_string() };
            return (hop, None);
        }
    };
    if let Some(first) = request.first
        && let Err(outcome) = tls_request::ask(&mut stream, first, end).await
    {
        hop.outcome = outcome;
        return (hop, None);
    }
    let (metered, meter) = MeteredStream::new(stream);
    let config = Arc::new(config);
    let connector = TlsConnector::from(Arc::clone(&config));
    let connecting = connector.connect_with(name.clone(), metered, |connection| {
        hello::keep_name_in_first_segment(connection, &config, &name, socket);
    });
    let result = tokio::time::timeout_at(end, connecting).await;
    let traffic = meter.read();
    hop.bytes_sent = traffic.sent;
    hop.bytes_received = traffic.received;
    hop.tcp_info = socket.and_then(platform::tcp_info);
    recorder.report(request, &mut hop);
    match result {
        Err(_) => (hop, None),
        Ok(Err(error)) => {
            hop.outcome = outcome_of(&error, &meter, &request.redactor);
            hop.accepted_by = None;
            (hop, None)
        }
        Ok(Ok(session)) => {
            hop.outcome = TlsOutcome::Verified;
            let connection = session.get_ref().1;
            hop.negotiated = Some(Negotiated {
                version: match connection.protocol_version() {
                    Some(rustls::ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
                    Some(rustls::ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
                    other => TlsVersion::Other(format!("{other:?}")),
                },
                cipher_suite: connection
                    .negotiated_cipher_suite()
                    .map_or_else(String::new, |suite| format!("{:?}", suite.suite())),
                group: connection
                    .negotiated_key_exchange_group()
                    .map(|group| format!("{:?}", group.name())),
                alpn: connection.alpn_protocol().map(|p| clean_bytes(p, 20)),
            });
            let verified = Verified::new(peer, &hop, session);
            (hop, Some(verified))
        }
    }
}

fn config(
    request: &Handshake<'_>,
    recorder: Arc<RecordingVerifier>,
) -> Result<ClientConfig, Error> {
    let provider = match request.hello {
        Hello::Full => Arc::clone(&request.provider),
        Hello::Small => {
            let mut provider = CryptoProvider::clone(&request.provider);
            provider.kx_groups.retain(|group| group.name() != NamedGroup::X25519MLKEM768);
            Arc::new(provider)
        }
    };
    let versions: &[&rustls::SupportedProtocolVersion] = match request.versions {
        Versions::Both => rustls::DEFAULT_VERSIONS,
        Versions::Only12 => &[&rustls::version::TLS12],
        Versions::Only13 => &[&rustls::version::TLS13],
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    config.alpn_protocols = request.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    // A resumed session presents no certificate; a diagnosis wants it every time.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn outcome_of(error: &io::Error, meter: &TrafficCounter, redactor: &Redactor<'_>) -> TlsOutcome {
    let traffic = meter.read();
    let first = &traffic.first;
    let bytes = |bytes: &[u8], limit| {
        let cut = traffic.is_cut() && bytes.len() == first.len();
        redacted_start(&String::from_utf8_lossy(bytes), cut, limit, redactor)
    };
    let typed = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match typed {
        Some(Error::InvalidCertificate(fault)) => {
            TlsOutcome::CertificateRejected { fault: certificate_fault(fault) }
        }
        Some(Error::AlertReceived(description)) => {
            TlsOutcome::Alert { description: alert_name(*description) }
        }
        // A TLS record begins with its content type, 20 to 23 (RFC 8446, section 5.1).
        Some(_) if first.starts_with(b"HTTP/") || first.starts_with(b"<") => {
            let line = first.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or(first);
            TlsOutcome::PlainHttp { first_line: bytes(line, 80) }
        }
        Some(_) if first.first().is_some_and(|b| !(20..=23).contains(b)) => {
            TlsOutcome::NotTls { first_bytes: bytes(first, 40) }
        }
        Some(other) => TlsOutcome::Incompatible {
            message: redacted(&describe_alert(&other.to_string()), 200, redactor),
        },
        None => ended(error),
    }
}

/// How a connection ended under a handshake, or before it.
pub(super) fn ended(error: &io::Error) -> TlsOutcome {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => TlsOutcome::Closed,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => TlsOutcome::Reset,
        _ => TlsOutcome::ConnectionLost { errno: error.raw_os_error(), message: words(error) },
    }
}

/// The name of the alert that is the cause of an error, if one is.
pub(super) fn alert_of(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        if let Some(Error::AlertReceived(description)) = inner.and_then(|e| e.downcast_ref()) {
            return Some(alert_name(*description));
        }
        cause = error.source();
    }
    None
}

/// The alert's name as RFC 8446, section 6, spells it.
fn alert_name(description: AlertDescription) -> String {
    let name = match description {
        AlertDescription::UnrecognisedName => return "unrecognized_name".to_owned(),
        AlertDescription::Unknown(code) => return format!("alert {code}"),
        other => format!("{other:?}"),
    };
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && !out.is_empty()
            && !out.ends_with(|l: char| l.is_ascii_uppercase())
        {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// rustls's CamelCase names as words: `CaUsedAsEndEntity` is "ca used as end entity".
fn describe_alert(text: &str) -> String {
    let inside = text.trim_start_matches("Other(OtherError(").trim_end_matches("))");
    let mut out = String::new();
    for c in inside.chars() {
        let after_lower = out.ends_with(|l: char| l.is_ascii_lowercase() || l.is_ascii_digit());
        if c.is_ascii_uppercase() && after_lower {
            out.push(' ');
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

fn certificate_fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownIssuer,
        CertificateError::Revoked => CertificateFault::Revoked,
        CertificateError::BadSignature => CertificateFault::BadSignature,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            let message = "it may not be used by a server (extended key usage)".to_owned();
            CertificateFault::Other { message }
        }
        other => {
            CertificateFault::Other { message: clean(&describe_alert(&format!("{other:?}")), 200) }
        }
    }
}

/// Records the presented chain and the verdict of each set of roots; then the policy decides.
#[derive(Debug)]
struct RecordingVerifier {
    roots: Arc<Roots>,
    provider: Arc<CryptoProvider>,
    now: SystemTime,
    seen: Mutex<VerifierState>,
}

#[derive(Debug, Default)]
struct VerifierState {
    chain: Vec<CertificateDer<'static>>,
    verdicts: Vec<StoreVerdict>,
    bundles: Vec<BundleVerdict>,
    accepted_by: Option<Store>,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(since);
        let ask = |roots: &RootVerifier| match &roots.verifier {
            Some(verifier) => {
                verifier.verify_server_cert(leaf, intermediates, name, ocsp, now).map(drop)
            }
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        let mut verdicts: Vec<StoreVerdict> = Vec::new();
        let mut record = |roots: &RootVerifier, result: &Result<(), Error>| {
            if !verdicts.iter().any(|v| v.store == roots.store) {
                let fault = result.as_ref().err().map(|error| match error {
                    Error::InvalidCertificate(fault) => certificate_fault(fault),
                    other => CertificateFault::Other { message: clean(&other.to_string(), 200) },
                });
                verdicts.push(StoreVerdict { store: roots.store, anchors: roots.anchors, fault });
            }
        };
        let policy = self.roots.policy();
        let decision = ask(policy);
        record(policy, &decision);
        let mut accepted_by = decision.is_ok().then_some(policy.store);
        if policy.store != Store::Public {
            let public = self.roots.public();
            let result = ask(public);
            // What the public roots accept needs neither file nor machine.
            if result.is_ok() && accepted_by.is_some() {
                accepted_by = Some(Store::Public);
            }
            record(public, &result);
            if accepted_by == Some(Store::CaFile) {
                // What the machine's own store accepts alone does not need the file; where that
                // store is not trusted with a secret, it still shows which clients succeed.
                let system = self.roots.system();
                let result = ask(system);
                if result.is_ok() && self.roots.trusts_system() {
                    accepted_by = Some(Store::System);
                }
                record(system, &result);
            }
        }
        let mut decision = decision;
        if decision.is_err() && !self.roots.trusts_system() {
            let system = self.roots.system();
            let result = ask(system);
            record(system, &result);
            if result.is_ok() {
                // The session verifies, by the machine's own roots; the walk sees
                // `accepted_by` and keeps the secret back.
                accepted_by = Some(Store::System);
                decision = result;
            }
        }
        // The verdict of clients with roots of their own, where it may differ.
        let unknown = verdicts.iter().any(|verdict| {
            verdict.store == Store::Public && verdict.fault == Some(CertificateFault::UnknownIssuer)
        });
        let trusted = !matches!(accepted_by, None | Some(Store::System));
        let opened = match (unknown, trusted) {
            (true, false) => self.roots.bundles(false),
            // A file that replaces a client's roots may refuse what we accept (fact X22).
            (_, true) => self.roots.bundles(true),
            (false, false) => &[],
        };
        let bundles = opened
            .iter()
            .map(|opened| BundleVerdict {
                by: opened.bundle.by.to_owned(),
                path: clean(&opened.bundle.path, 200),
                anchors: opened.anchors,
                fault: match &opened.verifier {
                    None => Some(CertificateFault::UnknownIssuer),
                    Some(verifier) => verifier
                        .verify_server_cert(leaf, intermediates, name, ocsp, now)
                        .err()
                        .map(|error| match error {
                            Error::InvalidCertificate(fault) => certificate_fault(&fault),
                            other => {
                                CertificateFault::Other { message: clean(&other.to_string(), 200) }
                            }
                        }),
                },
            })
            .collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.bundles = bundles;
        seen.chain = std::iter::once(leaf)
            .chain(intermediates)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        seen.verdicts = verdicts;
        seen.accepted_by = accepted_by;
        decision.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl RecordingVerifier {
    /// Puts what was recorded into the evidence.
    fn report(&self, request: &Handshake<'_>, hop: &mut TlsHop) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        hop.chain_length = u32::try_from(seen.chain.len()).unwrap_or(u32::MAX);
        hop.chain = seen
            .chain
            .iter()
            .take(CERTIFICATES_KEPT)
            .filter_map(|der| certificate(der, request))
            .collect();
        hop.verdicts.clone_from(&seen.verdicts);
        hop.bundles.clone_from(&seen.bundles);
        hop.accepted_by = seen.accepted_by;
    }
}
