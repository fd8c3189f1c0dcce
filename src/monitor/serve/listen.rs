//! Connections: how many, how long, and how much each may send.
//!
//! The limits are hyper's own, which axum's listener does not reach, and hyper-util ends
//! connections gracefully. A limit of tower would count requests; what has to be bounded here is
//! connections, which hold a descriptor before they send anything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_io_timeout::TimeoutStream;

use super::metrics::ServerMetrics;
use super::stream::{self, Client};

/// Connections that wait in the kernel's queue to be accepted, as far as the kernel allows (4,096
/// by default, net.core.somaxconn). A client beyond it tries again, at growing intervals.
const BACKLOG: u32 = 16 * 1024;
/// Open connections, at most; more wait in the kernel's queue.
pub(super) const MAX_CONNECTIONS: usize = 2048;
/// How long a client may take to send the head of a request, including the pause before it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The same while other clients wait for a connection.
const IDLE_LIMIT_WHEN_FULL: Duration = Duration::from_secs(1);
/// How long a client may leave an answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Header fields of a request, at most.
const MAX_HEADERS: usize = 64;
/// How long open requests may continue after the server has been told to end.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(1500);
/// How long an answer may still be sent to a client that has closed its side.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(50);
/// The pause after a connection could not be accepted: descriptors become free with time.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// A listener at `address`.
///
/// # Errors
///
/// Those of the system.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // As tokio does: a server that restarts finds its port free. On Windows it would let another
    // program take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections, at most `limit` at a time, until `stop` is set; then lets open requests
/// finish within [`SHUTDOWN_GRACE`].
pub(super) async fn listen(
    listener: TcpListener,
    limit: usize,
    router: Router,
    metrics: Arc<ServerMetrics>,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(limit));
    let full = watch::Sender::new(false);
    let graceful = GracefulShutdown::new();
    loop {
        let accept = async {
            let accepted = listener.accept().await;
            // Every connection ends, so a slot becomes free.
            let slot = match Arc::clone(&slots).try_acquire_owned() {
                Ok(slot) => slot,
                Err(_) => {
                    full.send_replace(true);
                    let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
                    full.send_replace(false);
                    slot
                }
            };
            Some((slot, accepted))
        };
        let accepted = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept => accepted,
        };
        match accepted {
            Some((slot, Ok((stream, _)))) => {
                metrics.connection_opened();
                let (router, metrics) = (router.clone(), Arc::clone(&metrics));
                let (watcher, full) = (graceful.watcher(), full.subscribe());
                tokio::spawn(async move {
                    let _open = OpenConnection(metrics);
                    connection(stream, router, watcher, full).await;
                    drop(slot);
                });
            }
            Some((_, Err(_))) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
            None => break,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(SHUTDOWN_GRACE, graceful.shutdown()).await;
}

/// Counts a connection as open until it is dropped.
struct OpenConnection(Arc<ServerMetrics>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connection_closed();
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    watcher: Watcher,
    full: watch::Receiver<bool>,
) {
    // Answers are written whole: waiting for more data gains nothing.
    let _ = stream.set_nodelay(true);
    let (stream, client) = stream::shared(stream);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let idle = Arc::new(IdleTimer(Mutex::new(Some(Instant::now()))));
    let timer = Arc::clone(&idle);
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |request| {
        let (timer, answer) = (Arc::clone(&timer), router.call(request));
        async move {
            timer.set(None);
            let response = answer.await;
            timer.set(Some(Instant::now()));
            response
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer);
    let mut served = std::pin::pin!(watcher.watch(served));
    tokio::select! {
        // An error of the client needs no action here.
        _ = &mut served => {}
        () = client.closed() => {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, served).await;
        }
        () = idle.must_make_room(full, &client) => {}
    }
}

/// Since when a connection has had no request; none while it has one.
struct IdleTimer(Mutex<Option<Instant>>);

impl IdleTimer {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until other clients wait for a connection and this one has been idle for
    /// [`IDLE_LIMIT_WHEN_FULL`].
    async fn must_make_room(&self, mut full: watch::Receiver<bool>, client: &Client) {
        let mut acknowledged = client.bytes_acknowledged();
        loop {
            if full.wait_for(|full| *full).await.is_err() {
                return std::future::pending().await;
            }
            let now = Instant::now();
            let mut until = self.since().unwrap_or(now) + IDLE_LIMIT_WHEN_FULL;
            if now >= until {
                // A request that has arrived and is not read yet came in time; and a client that
                // is still reading its answer is not idle.
                let before = std::mem::replace(&mut acknowledged, client.bytes_acknowledged());
                if !client.has_unread_data() && acknowledged == before {
                    return;
                }
                until = now + IDLE_LIMIT_WHEN_FULL;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn an_idle_connection_makes_room_for_a_waiting_client() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let at = listener.local_addr().unwrap();
        let slow = || async {
            tokio::time::sleep(IDLE_LIMIT_WHEN_FULL * 2).await;
            "slow"
        };
        let router = Router::new().route("/", get(|| async { "quick" })).route("/slow", get(slow));
        let metrics = Arc::new(ServerMetrics::new().unwrap());
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(listen(listener, 2, router, metrics, stopped));
        let ask = async |path: &str| {
            let mut client = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        };
        // One client has an open request, the other never completes its head.
        let mut silent = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let began = Instant::now();
        let ((slow, quick), left) =
            futures_util::join!(async { futures_util::join!(ask("/slow"), ask("/")) }, async {
                silent.read(&mut [0]).await.map_or(0, |read| read)
            });
        assert!(slow.ends_with("slow") && quick.ends_with("quick"), "{slow} {quick}");
        assert_eq!(left, 0, "its connection is closed");
        assert!(began.elapsed() < HEAD_TIMEOUT / 2);
        stop.send_replace(true);
        server.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_is_being_read_is_not_cut_off_for_a_waiting_client() {
        const BYTES: usize = 24 << 20;
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(|| async { "quick" }))
            .route("/long", get(|| async { vec![b'x'; BYTES] }));
        let metrics = Arc::new(ServerMetrics::new().unwrap());
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(listen(listener, 1, router, metrics, stopped));
        let connect = async |path: &str| {
            let mut client = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            client
        };
        let mut reader = connect("/long").await;
        let mut waiting = connect("/").await;
        // It reads slowly, for longer than an idle client may stay.
        let mut pace = tokio::time::interval(IDLE_LIMIT_WHEN_FULL / 4);
        let mut got = 0;
        let mut part = vec![0; BYTES / 24];
        for _ in 0..12 {
            pace.tick().await;
            got += reader.read_exact(&mut part).await.unwrap();
        }
        let mut rest = Vec::new();
        got += reader.read_to_end(&mut rest).await.unwrap();
        assert!(got > BYTES, "{got} of {BYTES} and a head");
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("quick"), "{answer}");
        stop.send_replace(true);
        server.await.unwrap();
    }
}
