//! HTTP/1.1 on the very TLS session that was examined. Redirects are never followed; an
//! answer is bounded in size and time, and secrets are redacted wherever they are echoed.

mod answer;
mod outcome;
mod request;

use std::io;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::coding;
use super::metered::{MeteredStream, TrafficCounter};
use super::session::{Carrier, Releasable, Verified};
use super::tls;
use crate::evidence::http::{HttpCall, HttpOutcome};
use crate::panics::Helper;
use crate::secret::Redactor;

pub(crate) use answer::{KEPT_HEADERS, printed_answer};
pub(super) use answer::{answer, kept_headers};
pub(super) use outcome::outcome_of;
use outcome::{begun, malformed, unread_by_clients};
pub use request::{AGENT, Authentication, Call, SecretRequest};

pub use crate::evidence::http::BODY_LIMIT;

/// Bytes of an answer's head that are read: as many as curl reads (300 KB).
const HEAD_LIMIT: usize = 300 << 10;
/// Header fields that are read.
const MOST_FIELDS: usize = 1000;
/// Header fields of an answer that the sender of a request reads: those of a challenge, and those
/// that say when and where to go on.
const RAW_HEADERS: &[&str] = &[
    "www-authenticate",
    "metadata-flavor",
    "retry-after",
    "location",
    "x-ms-correlation-request-id",
];

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
    meter: TrafficCounter,
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
    let (session, meter) = MeteredStream::new(session);
    let (sender, connection) =
        reader().handshake(TokioIo::new(session)).await.map_err(|e| outcome_of(&e))?;
    // Ends with the connection; its error is seen by the request as well.
    let helper = Helper::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection { sender, host, alert: None, meter, helper })
}

/// What reads an answer, as leniently as curl and the clients of the SDKs.
pub(super) fn reader() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(HEAD_LIMIT)
        .max_headers(MOST_FIELDS)
        // Clients read a field that goes on in the next line (RFC 9112, section 5.2).
        .allow_obsolete_multiline_headers_in_responses(true);
    builder
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
        let request = match call.request(&self.host, authentication) {
            Ok(request) => request,
            Err(message) => return malformed(message),
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
                begun(outcome_of(&error), &self.meter.read().first)
            }
            Ok(Ok(response)) => {
                let first = self.meter.read().first;
                if let Some(unread) = unread_by_clients(response.headers(), &first) {
                    return unread;
                }
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
        let request = match raw.request(&self.host) {
            Ok(request) => request,
            Err(message) => return (malformed(message), None),
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
            Ok(Err(error)) => {
                return (begun(outcome_of(&error), &self.meter.read().first), None);
            }
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

/// How a body ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyEnd {
    /// Where its framing says.
    Whole,
    /// With the connection, which was closed without TLS's close_notify.
    WithoutNotify,
    /// Before that, or by our deadline or limit.
    Cut,
}

/// An answer's head, what was read of its body, and whether clients take that for the whole.
pub(super) async fn read_body<B>(
    response: Response<B>,
    end: tokio::time::Instant,
    limit: usize,
) -> (hyper::http::response::Parts, Vec<u8>, bool)
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let (mut head, body) = response.into_parts();
    let (bytes, ended) = read_bytes(body, end, limit).await;
    let framed = head.headers.contains_key(hyper::header::CONTENT_LENGTH)
        || head.headers.contains_key(hyper::header::TRANSFER_ENCODING);
    let read_to_its_end = ended != BodyEnd::Cut;
    let (bytes, decoded) = coding::decoded(&mut head.headers, bytes, read_to_its_end, limit);
    // Some servers close without close_notify. Where the answer states no length, clients take that for
    // its end, and a JSON text shows whether it is.
    let complete = match ended {
        BodyEnd::Whole => decoded,
        BodyEnd::WithoutNotify => decoded && !framed && is_json(&bytes),
        BodyEnd::Cut => false,
    };
    (head, bytes, complete)
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

async fn read_bytes<B>(mut body: B, end: tokio::time::Instant, limit: usize) -> (Vec<u8>, BodyEnd)
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout_at(end, body.frame()).await {
            Ok(None) => return (bytes, BodyEnd::Whole),
            Ok(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    let room = limit.saturating_sub(bytes.len());
                    bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        return (bytes, BodyEnd::Cut);
                    }
                }
            }
            Ok(Some(Err(error))) => {
                let ended = match io_kind(&error) {
                    Some(io::ErrorKind::UnexpectedEof) => BodyEnd::WithoutNotify,
                    _ => BodyEnd::Cut,
                };
                return (bytes, ended);
            }
            Err(_) => return (bytes, BodyEnd::Cut),
        }
    }
}

/// The kind of the error of input and output behind an error.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|cause| cause.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}
