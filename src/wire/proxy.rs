//! CONNECT through a forward proxy (RFC 9110, section 9.3.6).

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::Empty;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::rt::TokioIo;

use super::connect::Connection;
use super::http::{AGENT, kept_headers, outcome_of};
use super::metered::{MeteredStream, TrafficCounter};
use super::session::{Peer, Route};
use super::tls::Stream;
use super::{redacted, redacted_start};
use crate::evidence::http::HttpOutcome;
use crate::evidence::proxy::{ConnectOutcome, opens_tunnel};
use crate::panics::Helper;
use crate::secret::{Redactor, Secret};

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
    match tokio::time::timeout(timeout, ask(stream, authority, authorization, redactor)).await {
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
    let request = match request.body(Empty::<Bytes>::new()) {
        Ok(request) => request,
        Err(error) => return (ConnectOutcome::NotHttp { message: error.to_string() }, None),
    };
    let builder = http1::Builder::new().max_buf_size(64 << 10).max_headers(200).to_owned();
    let (tap, meter) = MeteredStream::new(stream);
    let failed = |error: &hyper::Error| failed(error, &meter, redactor);
    let (mut sender, connection) = match builder.handshake(TokioIo::new(tap)).await {
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
    let status = response.status();
    let outcome = ConnectOutcome::Answered {
        status: status.as_u16(),
        reason: response
            .extensions()
            .get::<hyper::ext::ReasonPhrase>()
            .map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned())
            .or_else(|| status.canonical_reason().map(str::to_owned))
            .map(|reason| redacted(&reason, 100, redactor))
            .unwrap_or_default(),
        headers: kept_headers(response.headers(), redactor),
    };
    if !opens_tunnel(status.as_u16()) {
        return (outcome, None);
    }
    match hyper::upgrade::on(response).await {
        Ok(upgraded) => (outcome, Some(Box::new(TokioIo::new(upgraded)))),
        Err(error) => (failed(&error), None),
    }
}

/// The kind of a failure. Bytes that came and are no HTTP say more than how it ended.
fn failed(error: &hyper::Error, meter: &TrafficCounter, redactor: &Redactor<'_>) -> ConnectOutcome {
    let traffic = meter.read();
    let first = &traffic.first;
    if !first.is_empty() && !first.starts_with(b"HTTP/") {
        let text = String::from_utf8_lossy(first);
        let first = redacted_start(&text, traffic.is_cut(), 40, redactor);
        return ConnectOutcome::NotHttp { message: format!("it says {first}") };
    }
    match outcome_of(error) {
        HttpOutcome::Closed => ConnectOutcome::Closed,
        HttpOutcome::Reset => ConnectOutcome::Reset,
        HttpOutcome::Silent => ConnectOutcome::Silent,
        HttpOutcome::Malformed { message } | HttpOutcome::NotMade { message } => {
            ConnectOutcome::NotHttp { message }
        }
        HttpOutcome::Answered { .. } => ConnectOutcome::NotHttp { message: String::new() },
    }
}
