//! The call as a standard HTTP client makes it: reqwest, on a connection of its own. Never
//! with a credential; redirects are not followed; time and size are bounded.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use super::http::{AGENT, BODY_LIMIT, answer, outcome_of, read_body};
use super::roots::Roots;
use crate::evidence::http::HttpOutcome;
use crate::evidence::text::clean;
use crate::secret::Redactor;

/// One call.
#[derive(Debug)]
pub struct Request<'a> {
    /// The name in the URL.
    pub host: &'a str,
    /// The port in the URL.
    pub port: u16,
    /// Path and query.
    pub path: &'a str,
    /// Header fields of the service's own.
    pub headers: &'a [(&'static str, String)],
    /// What the name resolves to; not used where a proxy carries the call.
    pub addresses: &'a [SocketAddr],
    /// The proxy, without a password.
    pub proxy: Option<&'a str>,
    /// What verifies the chain, by the policy of the walk.
    pub roots: &'a Roots,
    /// The TLS provider of the walk.
    pub provider: &'a Arc<CryptoProvider>,
    /// This machine's clock.
    pub now: SystemTime,
    /// For the whole call.
    pub timeout: Duration,
    /// The secrets of the walk: not sent, and redacted in the answer all the same.
    pub redactor: &'a Redactor<'a>,
}

/// Makes it; the outcome, and the peer of its connection where there was one.
pub async fn call(request: &Request<'_>) -> (HttpOutcome, Option<String>) {
    let end = tokio::time::Instant::now() + request.timeout;
    let client = match client(request) {
        Ok(client) => client,
        Err(message) => return (HttpOutcome::NotMade { message: clean(&message, 200) }, None),
    };
    let authority = match request.port {
        443 => request.host.to_owned(),
        port => format!("{}:{port}", request.host),
    };
    let url = format!("https://{authority}{}", request.path);
    let mut sending = client.get(url).header("accept", "application/json");
    for (name, value) in request.headers {
        sending = sending.header(*name, value);
    }
    let sending = sending.send();
    match tokio::time::timeout_at(end, sending).await {
        Err(_) => (HttpOutcome::Silent, None),
        Ok(Err(error)) => (failed(&error), None),
        Ok(Ok(response)) => {
            let peer = response.remote_addr().map(|peer| peer.to_string());
            let response: hyper::Response<reqwest::Body> = response.into();
            let (head, body, complete) = read_body(response, end, BODY_LIMIT).await;
            let answer = answer(&head, &body, complete, request.redactor);
            (HttpOutcome::Answered { answer }, peer)
        }
    }
}

fn client(request: &Request<'_>) -> Result<reqwest::Client, String> {
    let verifier = request.roots.policy().verifier.clone().ok_or("no root to trust")?;
    let clock = request.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let clock = Arc::new(Clock(UnixTime::since_unix_epoch(clock)));
    let mut config = ClientConfig::builder_with_details(Arc::clone(request.provider), clock)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .map_err(|e| e.to_string())?
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .user_agent(AGENT)
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .timeout(request.timeout)
        .resolve_to_addrs(request.host, request.addresses);
    if let Some(proxy) = request.proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|e| e.to_string())?);
    }
    builder.build().map_err(|e| e.to_string())
}

/// The clock of the walk.
#[derive(Debug)]
struct Clock(UnixTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// The kind of a failure, by type.
fn failed(error: &reqwest::Error) -> HttpOutcome {
    if error.is_timeout() {
        return HttpOutcome::Silent;
    }
    let mut last = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if !error.is_connect()
            && let Some(error) = cause.downcast_ref::<hyper::Error>()
        {
            return outcome_of(error);
        }
        last = cause.to_string();
        source = cause.source();
    }
    HttpOutcome::NotMade { message: clean(&last, 200) }
}
