//! HTTP/1.1 on the very TLS session that was examined. Redirects are never followed; an
//! answer is bounded in size and time, and secrets are redacted wherever they are echoed.

use std::io;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::session::{Carrier, Releasable, Verified};
use super::tls;
use super::{coding, payload};
use super::{error_body, redacted, redacted_start, xml};
use crate::evidence::http::{Header, HttpAnswer, HttpCall, HttpOutcome, Payload, Purpose};
use crate::evidence::text::clean;
use crate::panics::Helper;
use crate::secret::{Redactor, Secret};

/// What this tool calls itself.
pub const AGENT: &str = concat!("aoai-probe/", env!("CARGO_PKG_VERSION"));

/// Bytes of an answer's body that are read, unless the request says otherwise.
pub const BODY_LIMIT: usize = 2 << 20;
/// How many bytes of a body that is not JSON are read for its excerpt.
const BODY_EXCERPT: usize = 16 << 10;
/// Bytes of an answer's head that are read.
const HEAD_LIMIT: usize = 64 << 10;
/// Header fields kept as evidence.
const MOST_HEADERS: usize = 40;

/// Header fields that show who answered and why; others are not kept.
pub(crate) const KEPT_HEADERS: &[&str] = &[
    "apim-request-id",
    "azure-openai-deployment-utilization",
    "azureml-model-session",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "docker-distribution-api-version",
    "elapsed-time",
    "location",
    "microsoft-azure-api-management-correlation-id",
    "policy-id",
    "proxy-authenticate",
    "proxy-status",
    "retry-after",
    "retry-after-ms",
    "server",
    "strict-transport-security",
    "sync-token",
    "via",
    "www-authenticate",
    "x-azure-ref",
    "x-bluecoat-via",
    "x-cache",
    "x-content-type-options",
    "x-envoy-upstream-service-time",
    "x-litellm-call-id",
    "x-litellm-version",
    "x-ms-client-request-id",
    "x-ms-correlation-request-id",
    "x-ms-error-code",
    "x-ms-gatewayversion",
    "x-ms-keyvault-network-info",
    "x-ms-keyvault-region",
    "x-ms-region",
    "x-ms-request-id",
    "x-ms-version",
    "x-powered-by",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-request-id",
    "x-squid-error",
];

/// Header fields of an answer that the sender of a request reads: those of a challenge, and those
/// that say when and where to go on.
const RAW_HEADERS: &[&str] = &[
    "www-authenticate",
    "metadata-flavor",
    "retry-after",
    "location",
    "x-ms-correlation-request-id",
];

/// How a credential goes into a request.
#[derive(Debug, Clone, Copy)]
pub enum Authentication<'a> {
    /// Without one.
    None,
    /// In a header of the service's own, such as `api-key`.
    ApiKey(&'static str, &'a Secret),
    /// `Authorization: Bearer <token>`.
    Bearer(&'a Secret),
}

impl<'a> Authentication<'a> {
    const fn secret(self) -> Option<&'a Secret> {
        match self {
            Authentication::None => None,
            Authentication::ApiKey(_, secret) | Authentication::Bearer(secret) => Some(secret),
        }
    }
}

/// A request to make.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it proves.
    pub purpose: Purpose,
    /// Path and query.
    pub path: String,
    /// A JSON body makes it a POST.
    pub body: Option<String>,
    /// Header fields of the service's own.
    pub headers: Vec<(&'static str, String)>,
}

/// A request whose headers and body may be secret.
#[derive(Debug, Clone, Copy)]
pub struct SecretRequest<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Header fields.
    pub headers: &'a [(String, Secret)],
    /// The body.
    pub body: Option<&'a Secret>,
    /// Bytes of the answer's body that are read.
    pub body_limit: usize,
}

/// An answer as it came; its body may be a secret.
#[derive(Debug)]
pub struct UnredactedResponse {
    /// Status code.
    pub status: u16,
    /// [`RAW_HEADERS`], names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as the request's limit.
    pub body: zeroize::Zeroizing<Vec<u8>>,
}

/// An HTTP connection over a verified session. It has no way to send a secret.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    alert: Option<String>,
    helper: Helper,
}

/// An HTTP connection over which a secret may leave.
#[derive(Debug)]
pub struct SecretConnection(Connection);

/// Puts HTTP on a session, on which `port` the name that it verified for is.
///
/// # Errors
///
/// The outcome of the call, when the connection was lost meanwhile.
pub async fn open(session: Verified, port: u16) -> Result<Connection, HttpOutcome> {
    let (session, name) = session.into_parts();
    over(session, authority(name, port)).await
}

/// Puts HTTP on what was released for a secret.
///
/// # Errors
///
/// As [`open`].
pub async fn open_released(
    released: Releasable,
    port: u16,
) -> Result<SecretConnection, HttpOutcome> {
    let connection = match released.0 {
        Carrier::Session { session, server_name } => {
            over(session, authority(server_name, port)).await?
        }
        Carrier::Local { stream, host } => over(stream, host).await?,
    };
    Ok(SecretConnection(connection))
}

/// The value of the `Host` field.
fn authority(name: String, port: u16) -> String {
    match port {
        443 => name,
        port => format!("{name}:{port}"),
    }
}

pub(super) async fn over<S>(session: S, host: String) -> Result<Connection, HttpOutcome>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .max_headers(200)
        .handshake(TokioIo::new(session))
        .await
        .map_err(|e| outcome_of(&e))?;
    // Ends with the connection; its error is seen by the request as well.
    let helper = Helper::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection { sender, host, alert: None, helper })
}

impl Connection {
    /// The TLS alert that came in place of an answer. In TLS 1.3 the peer verifies the client's part of
    /// the handshake, above all its certificate, after the client has finished it (RFC 8446, section
    /// 4.4.2.4).
    #[must_use]
    pub fn alert(&self) -> Option<&str> {
        self.alert.as_deref()
    }

    /// Makes one call within `timeout`, without a credential. The secrets of the walk are redacted in
    /// the answer all the same: a peer may know one from elsewhere.
    pub async fn call(
        &mut self,
        call: &Call,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> HttpCall {
        self.call_with(call, Authentication::None, redactor, timeout).await
    }

    async fn call_with(
        &mut self,
        call: &Call,
        authentication: Authentication<'_>,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> HttpCall {
        let started = Instant::now();
        let outcome = self.exchange(call, authentication, redactor, timeout).await;
        self.helper.check();
        HttpCall {
            purpose: call.purpose,
            method: if call.body.is_some() { "POST" } else { "GET" }.to_owned(),
            path: call.path.clone(),
            credential_sent: authentication.secret().is_some(),
            outcome,
            took_ms: started.elapsed().as_secs_f64() * 1e3,
        }
    }

    async fn exchange(
        &mut self,
        call: &Call,
        authentication: Authentication<'_>,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> HttpOutcome {
        let request = match self.request(call, authentication) {
            Ok(request) => request,
            Err(message) => return HttpOutcome::Malformed { message },
        };
        let end = tokio::time::Instant::now() + timeout;
        let sending = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        match tokio::time::timeout_at(end, sending).await {
            Err(_) => HttpOutcome::Silent,
            Ok(Err(error)) => {
                self.alert = tls::alert_of(&error);
                outcome_of(&error)
            }
            Ok(Ok(response)) => {
                let (head, body, complete) = read_body(response, end, BODY_LIMIT).await;
                HttpOutcome::Answered { answer: answer(&head, &body, complete, redactor) }
            }
        }
    }

    async fn raw(
        &mut self,
        raw: &SecretRequest<'_>,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> (HttpOutcome, Option<UnredactedResponse>) {
        let request = match self.raw_request(raw) {
            Ok(request) => request,
            Err(message) => return (HttpOutcome::Malformed { message }, None),
        };
        let end = tokio::time::Instant::now() + timeout;
        let sending = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let sent = tokio::time::timeout_at(end, sending).await;
        self.helper.check();
        let response = match sent {
            Err(_) => return (HttpOutcome::Silent, None),
            Ok(Err(error)) => return (outcome_of(&error), None),
            Ok(Ok(response)) => response,
        };
        let (head, body, complete) = read_body(response, end, raw.body_limit).await;
        self.helper.check();
        let body = zeroize::Zeroizing::new(body);
        let shown = if head.status.is_success() { &[][..] } else { &body[..] };
        let mut answer = answer(&head, shown, complete, redactor);
        answer.body_bytes = body.len() as u64;
        let headers = RAW_HEADERS
            .iter()
            .filter_map(|name| {
                let value = head.headers.get(*name)?.to_str().ok()?;
                Some(((*name).to_owned(), value.chars().take(1000).collect()))
            })
            .collect();
        let status = head.status.as_u16();
        (HttpOutcome::Answered { answer }, Some(UnredactedResponse { status, headers, body }))
    }

    fn raw_request(&self, raw: &SecretRequest<'_>) -> Result<Request<Full<Bytes>>, String> {
        let mut builder = Request::builder().method(raw.method).uri(raw.path);
        let named = |name: &str| raw.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !named("host") {
            builder = builder.header(HOST, &self.host);
        }
        if !named("user-agent") {
            builder = builder.header(USER_AGENT, AGENT);
        }
        for (name, value) in raw.headers {
            // The length is counted from the body.
            if !name.eq_ignore_ascii_case("content-length") {
                builder = builder.header(name.as_str(), sensitive(value.expose())?);
            }
        }
        let body = raw.body.map(|body| body.expose().to_owned()).unwrap_or_default();
        builder.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())
    }

    fn request(
        &self,
        call: &Call,
        authentication: Authentication<'_>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let mut builder = Request::builder()
            .method(if call.body.is_some() { "POST" } else { "GET" })
            .uri(&call.path)
            .header(HOST, &self.host)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "application/json");
        if call.body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in &call.headers {
            builder = builder.header(*name, value);
        }
        match authentication {
            Authentication::None => {}
            Authentication::ApiKey(header, key) => {
                builder = builder.header(header, sensitive(key.expose())?);
            }
            Authentication::Bearer(token) => {
                // One allocation: a string that grows leaves copies behind.
                let token = token.expose();
                let mut value = zeroize::Zeroizing::new(String::with_capacity(7 + token.len()));
                value.push_str("Bearer ");
                value.push_str(token);
                builder = builder.header(AUTHORIZATION, sensitive(&value)?);
            }
        }
        let body = call.body.clone().unwrap_or_default();
        builder.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())
    }
}

impl SecretConnection {
    /// As [`Connection::alert`].
    #[must_use]
    pub fn alert(&self) -> Option<&str> {
        self.0.alert()
    }

    /// Makes one call within `timeout`, with a credential.
    pub async fn call(
        &mut self,
        call: &Call,
        authentication: Authentication<'_>,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> HttpCall {
        self.0.call_with(call, authentication, redactor, timeout).await
    }

    /// Sends a request whose headers and body may be secret, and gives back the answer as it
    /// came, with its evidence, which holds no body of an answer that gives something: a token
    /// is in there.
    pub async fn send_secret(
        &mut self,
        request: &SecretRequest<'_>,
        redactor: &Redactor<'_>,
        timeout: Duration,
    ) -> (HttpOutcome, Option<UnredactedResponse>) {
        self.0.raw(request, redactor, timeout).await
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, String> {
    let mut header = HeaderValue::from_str(value)
        .map_err(|_| "the credential cannot be put into a header".to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

/// The kind of a failure, by type.
pub(super) fn outcome_of(error: &hyper::Error) -> HttpOutcome {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe => HttpOutcome::Reset,
                io::ErrorKind::UnexpectedEof => HttpOutcome::Closed,
                _ if tls::alert_of(error).is_some() => HttpOutcome::Closed,
                io::ErrorKind::TimedOut => HttpOutcome::Silent,
                _ => HttpOutcome::Malformed { message: clean(&io.to_string(), 200) },
            };
        }
        source = cause.source();
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return HttpOutcome::Closed;
    }
    HttpOutcome::Malformed { message: clean(&error.to_string(), 200) }
}

pub(super) async fn read_body<B>(
    response: Response<B>,
    end: tokio::time::Instant,
    limit: usize,
) -> (hyper::http::response::Parts, Vec<u8>, bool)
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
{
    let (mut head, body) = response.into_parts();
    let (bytes, complete) = read_bytes(body, end, limit).await;
    let (bytes, complete) = coding::decoded(&mut head.headers, bytes, complete, limit);
    (head, bytes, complete)
}

async fn read_bytes<B>(mut body: B, end: tokio::time::Instant, limit: usize) -> (Vec<u8>, bool)
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
{
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout_at(end, body.frame()).await {
            Ok(None) => return (bytes, true),
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    let room = limit.saturating_sub(bytes.len());
                    bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        return (bytes, false);
                    }
                }
            }
            Ok(Some(Err(_))) | Err(_) => return (bytes, false),
        }
    }
}

/// The header fields that show who answered and why, redacted, escaped and bounded.
pub(super) fn kept_headers(headers: &hyper::HeaderMap, redactor: &Redactor<'_>) -> Vec<Header> {
    headers
        .iter()
        .filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()))
        .take(MOST_HEADERS)
        .map(|(name, value)| Header {
            name: name.as_str().to_owned(),
            value: redacted(&String::from_utf8_lossy(value.as_bytes()), 300, redactor),
        })
        .collect()
}

/// An answer that did not come over a connection of ours: a program printed it.
pub(crate) fn printed_answer(
    status: u16,
    headers: &[(String, String)],
    body: &str,
    redactor: &Redactor<'_>,
) -> HttpAnswer {
    let named = headers.iter().filter_map(|(name, value)| {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::BAD_REQUEST);
    head.headers.extend(named);
    answer(&head, body.as_bytes(), true, redactor)
}

pub(super) fn answer(
    head: &hyper::http::response::Parts,
    body: &[u8],
    complete: bool,
    redactor: &Redactor<'_>,
) -> HttpAnswer {
    // A parser may ignore the mark (RFC 8259, section 8.1), and clients do.
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let json: Option<Value> = serde_json::from_slice(text).ok();
    let xml = match json {
        Some(_) => None,
        None => std::str::from_utf8(body).ok().and_then(xml::read),
    };
    let models = json
        .as_ref()
        .and_then(|v| {
            ["data", "value", "filesystems", "items"].iter().find_map(|list| v.get(*list))
        })
        .and_then(Value::as_array)
        .map(|list| u32::try_from(list.len()).unwrap_or(u32::MAX))
        .or(xml.as_ref().and_then(|xml| xml.entries));
    let known = json.is_some() || xml.is_some();
    let excerpt = (!known && !body.is_empty()).then(|| {
        let text = String::from_utf8_lossy(&body[..body.len().min(BODY_EXCERPT)]);
        // The line ends of a page carry nothing: a space reads better.
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        redacted_start(&words.join(" "), body.len() > BODY_EXCERPT, 300, redactor)
    });
    HttpAnswer {
        status: head.status.as_u16(),
        headers: kept_headers(&head.headers, redactor),
        error: json
            .as_ref()
            .and_then(|v| error_body::of_json(v, redactor))
            .or_else(|| xml.as_ref().and_then(|xml| error_body::of_xml(xml, redactor))),
        models,
        payload: match &xml {
            Some(xml) => xml.entries.map(|_| Payload::Listing),
            None => json.as_ref().map(payload::of),
        },
        body_bytes: body.len() as u64,
        // A JSON text says itself where it ends; some servers close without close_notify.
        body_complete: complete || json.is_some(),
        body_excerpt: excerpt,
    }
}
