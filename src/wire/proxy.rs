//! CONNECT through a forward proxy (RFC 9110, section 9.3.6).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::rt::TokioIo;

use super::connect::Connection;
use super::http::{AGENT, kept_headers, outcome_of, read_body, reader};
use super::metered::{MeteredStream, TrafficCounter};
use super::session::{Peer, Route};
use super::tls::Stream;
use super::{page, redacted, redacted_start, without_link_values};
use crate::evidence::http::HttpOutcome;
use crate::evidence::proxy::ConnectOutcome;
use crate::panics::Helper;
use crate::secret::{Redactor, Secret};

/// How an answer begins.
const HTTP: &[u8] = b"HTTP/";
/// Bytes of one header field of an answer to CONNECT that curl reads (fact P202).
const LONGEST_FIELD: usize = 16 << 10;
/// How long a refusal's page is waited for: it comes with its head.
const PAGE_WAIT: Duration = Duration::from_millis(500);
/// Bytes of it that are read.
const PAGE_LIMIT: usize = 16 << 10;

/// Asks the proxy for a tunnel to `authority` (`host:port`). The stream is returned when the
/// tunnel stands. `authorization` is the proxy's own password, ready for its header.
pub async fn tunnel(
    connection: Connection,
    authority: &str,
    authorization: Option<&Secret>,
    redactor: &Redactor<'_>,
    timeout: Duration,
) -> (ConnectOutcome, Option<Route>) {
    let proxy = really_at(&connection);
    let stream = Box::new(connection.stream);
    let end = tokio::time::Instant::now() + timeout;
    let asked = ask(stream, authority, authorization, redactor, end);
    match tokio::time::timeout_at(end, asked).await {
        Ok((outcome, stream)) => {
            (outcome, stream.map(|stream| Route { peer: Peer::Proxy(proxy), stream }))
        }
        Err(_) => (ConnectOutcome::Silent, None),
    }
}

/// Where a connection really went: a second one goes there as well.
#[must_use]
pub fn really_at(connection: &Connection) -> SocketAddr {
    let peer = connection.socket.peer_addr().ok().and_then(|address| address.as_socket());
    peer.unwrap_or(connection.address)
}

async fn ask(
    stream: Box<dyn Stream>,
    authority: &str,
    authorization: Option<&Secret>,
    redactor: &Redactor<'_>,
    end: tokio::time::Instant,
) -> (ConnectOutcome, Option<Box<dyn Stream>>) {
    let mut request = Request::builder()
        .method("CONNECT")
        .uri(authority)
        .header(HOST, authority)
        .header(USER_AGENT, AGENT);
    if let Some(secret) = authorization
        && let Ok(mut value) = HeaderValue::from_str(secret.expose())
    {
        value.set_sensitive(true);
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    let mut request = match request.body(Empty::<Bytes>::new()) {
        Ok(request) => request,
        Err(error) => return (ConnectOutcome::NotHttp { message: error.to_string() }, None),
    };
    let informational = Arc::new(AtomicU16::new(0));
    let noted = Arc::clone(&informational);
    hyper::ext::on_informational(&mut request, move |head| {
        let _ = noted.compare_exchange(0, head.status().as_u16(), Relaxed, Relaxed);
    });
    let (tap, meter) = MeteredStream::new(stream);
    let failed = |error: &hyper::Error| failed(error, &meter, redactor);
    let (mut sender, connection) = match reader().handshake(TokioIo::new(tap)).await {
        Ok(both) => both,
        Err(error) => return (failed(&error), None),
    };
    let helper = Helper::spawn(async move {
        let _ = connection.with_upgrades().await;
    });
    let response = sender.send_request(request).await;
    helper.check();
    let response = match response {
        Ok(response) => response,
        Err(error) => return (failed(&error), None),
    };
    if !meter.read().first.starts_with(HTTP) {
        let message = "an empty line comes before its status line".to_owned();
        return (ConnectOutcome::Malformed { message }, None);
    }
    let longest = response.headers().values().map(HeaderValue::len).max().unwrap_or_default();
    if longest > LONGEST_FIELD {
        let message = format!("a header field of {longest} bytes: curl reads 16 KB, Python 64 KB");
        return (ConnectOutcome::Malformed { message }, None);
    }
    let status = response.status();
    let outcome = ConnectOutcome::Answered {
        status: status.as_u16(),
        informational: Some(informational.load(Relaxed)).filter(|status| *status > 0),
        reason: response
            .extensions()
            .get::<hyper::ext::ReasonPhrase>()
            .map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned())
            .or_else(|| status.canonical_reason().map(str::to_owned))
            .map(|reason| redacted(&reason, 100, redactor))
            .unwrap_or_default(),
        headers: kept_headers(response.headers(), redactor),
        page: None,
    };
    if outcome.opens_tunnel() {
        return match hyper::upgrade::on(response).await {
            Ok(upgraded) => (outcome, Some(Box::new(TokioIo::new(upgraded)))),
            Err(error) => (failed(&error), None),
        };
    }
    // What 2xx brings is the tunnel's, and no page.
    if status.is_success() {
        return (outcome, None);
    }
    // A page that does not end costs the answer nothing, also one that came late.
    let now = tokio::time::Instant::now();
    let until = now + PAGE_WAIT.min(end.saturating_duration_since(now) / 2);
    let (_, body, _) = read_body(response, until, PAGE_LIMIT).await;
    helper.check();
    (with_page(outcome, &body, redactor), None)
}

/// The outcome with the words of the page that came with it.
fn with_page(outcome: ConnectOutcome, body: &[u8], redactor: &Redactor<'_>) -> ConnectOutcome {
    match outcome {
        ConnectOutcome::Answered { status, informational, reason, headers, .. } => {
            let text = page::words(&String::from_utf8_lossy(body));
            let text = without_link_values(&text);
            let text = redacted_start(&text, body.len() >= PAGE_LIMIT, 300, redactor);
            let page = Some(text).filter(|text| !text.is_empty());
            ConnectOutcome::Answered { status, informational, reason, headers, page }
        }
        other => other,
    }
}

/// The kind of a failure. Bytes that came and are no HTTP say more than how it ended.
fn failed(error: &hyper::Error, meter: &TrafficCounter, redactor: &Redactor<'_>) -> ConnectOutcome {
    let traffic = meter.read();
    let first = &traffic.first;
    if !first.is_empty() && !first.starts_with(HTTP) {
        let text = String::from_utf8_lossy(first);
        let first = redacted_start(&text, traffic.is_cut(), 40, redactor);
        return ConnectOutcome::NotHttp { message: format!("it says {first}") };
    }
    match outcome_of(error) {
        HttpOutcome::Closed => ConnectOutcome::Closed,
        HttpOutcome::Reset => ConnectOutcome::Reset,
        HttpOutcome::Silent => ConnectOutcome::Silent,
        HttpOutcome::Malformed { message, .. } if first.starts_with(HTTP) => {
            ConnectOutcome::Malformed { message }
        }
        HttpOutcome::Malformed { message, .. } | HttpOutcome::NotMade { message } => {
            ConnectOutcome::NotHttp { message }
        }
        HttpOutcome::Answered { .. } => ConnectOutcome::NotHttp { message: String::new() },
    }
}
