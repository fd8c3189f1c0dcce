//! One TLS handshake: SNI and certificate against the original name, through a verifier that
//! records the presented chain and then decides. It fails closed: nothing above TLS is
//! written on a session that did not verify.

mod failure;
mod judged_chains;
mod recording_verifier;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, Error, NamedGroup};
use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::hello;
use super::metered::MeteredStream;
use super::roots::Roots;
use super::session::{Route, Verified};
use super::tls_request::{self, TlsRequest};
use crate::evidence::text::clean_bytes;
use crate::evidence::tls::{Negotiated, TlsHop, TlsOutcome, TlsVersion};
use crate::platform;
use crate::secret::Redactor;

use failure::outcome_of;
pub(super) use failure::{alert_of, ended};
pub(in crate::wire) use judged_chains::JudgedChains;
use recording_verifier::RecordingVerifier;

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
    let recorder = Arc::new(RecordingVerifier::new(request));
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
