//! Connections: how many, how long, how much each may send. hyper's own limits, which axum's
//! listener does not reach, and a deadline for answers that nobody reads.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_io_timeout::TimeoutStream;

use super::numbers::Numbers;
use super::stream::{self, Client};

/// Connections that wait in the kernel's queue to be taken, as far as the kernel allows (4,096 by
/// default, net.core.somaxconn): those above it are tried again by the client's kernel, later and
/// later.
const WAITING: u32 = 16 * 1024;
/// Open connections at most; those above it wait in the kernel's queue.
pub(super) const CONNECTIONS: usize = 2048;
/// How long a client may take for the head of a request, the pause before it included.
const HEAD: Duration = Duration::from_secs(10);
/// The same when others wait for their turn: whoever asks for nothing makes room.
const CROWDED_HEAD: Duration = Duration::from_secs(1);
/// How long a client may leave an answer unread.
const WRITE: Duration = Duration::from_secs(10);
/// The largest head of a request, in octets: what is longer is answered with 431.
const HEAD_OCTETS: usize = 16 * 1024;
/// Header fields of a request.
const FIELDS: usize = 64;
/// How long requests under way may go on when the server is told to end.
const FAREWELL: Duration = Duration::from_millis(1500);
/// How long an answer that is ready may still go to a client that has closed its side.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// The pause after a connection could not be taken: descriptors come back with time.
const PAUSE: Duration = Duration::from_millis(50);

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
    // As tokio's own: a server that begins anew finds its port free. Elsewhere it would let
    // another program take it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// Takes connections, `most` at once, until `stop` says so, then lets those under way finish,
/// within bounds.
pub(super) async fn listen(
    listener: TcpListener,
    most: usize,
    router: Router,
    numbers: Arc<Numbers>,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(most));
    let crowded = watch::Sender::new(false);
    loop {
        let take = async {
            let taken = listener.accept().await;
            // Never closed: there is a slot sooner or later, since every connection ends.
            let slot = match Arc::clone(&slots).try_acquire_owned() {
                Ok(slot) => slot,
                Err(_) => {
                    crowded.send_replace(true);
                    let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
                    crowded.send_replace(false);
                    slot
                }
            };
            Some((slot, taken))
        };
        let taken = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            taken = take => taken,
        };
        match taken {
            Some((slot, Ok((stream, _)))) => {
                numbers.connection_opened();
                let (router, numbers) = (router.clone(), Arc::clone(&numbers));
                let (stop, crowded) = (stop.clone(), crowded.subscribe());
                tokio::spawn(async move {
                    let _open = Open(numbers);
                    connection(stream, router, stop, crowded).await;
                    drop(slot);
                });
            }
            Some((_, Err(_))) => tokio::time::sleep(PAUSE).await,
            None => break,
        }
    }
    drop(listener);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    let _: Result<Result<OwnedSemaphorePermit, _>, _> =
        tokio::time::timeout(FAREWELL, slots.acquire_many_owned(all)).await;
}

/// A connection that is counted, however it ends.
struct Open(Arc<Numbers>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connection_closed();
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    mut stop: watch::Receiver<bool>,
    crowded: watch::Receiver<bool>,
) {
    // Answers are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let (stream, client) = stream::shared(stream);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE));
    let idle = Arc::new(Idle(Mutex::new(Some(Instant::now()))));
    let asked = Arc::clone(&idle);
    let router = TowerToHyperService::new(router);
    let answer = service_fn(move |request| {
        let (idle, answer) = (Arc::clone(&asked), router.call(request));
        async move {
            idle.set(None);
            let response = answer.await;
            idle.set(Some(Instant::now()));
            response
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_OCTETS)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(Box::pin(stream)), answer);
    let mut served = std::pin::pin!(served);
    let told = async { drop(stop.wait_for(|stop| *stop).await) };
    tokio::select! {
        // What a client does wrong is its own matter.
        _ = &mut served => return,
        () = client.gone() => {
            let _ = tokio::time::timeout(LAST_WORDS, served).await;
            return;
        }
        () = idle.too_long(crowded, &client) => return,
        () = told => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}

/// Since when a connection asks for nothing.
struct Idle(Mutex<Option<Instant>>);

impl Idle {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until others wait for its place, and it has asked for nothing for a while.
    async fn too_long(&self, mut crowded: watch::Receiver<bool>, client: &Client) {
        let mut taken = client.taken();
        loop {
            if crowded.wait_for(|crowded| *crowded).await.is_err() {
                return std::future::pending().await;
            }
            let now = Instant::now();
            let mut until = self.since().unwrap_or(now) + CROWDED_HEAD;
            if now >= until {
                // What has come and waits for us to read it is asked in time; and an answer that
                // is still being read is worth its wait.
                let before = std::mem::replace(&mut taken, client.taken());
                if !client.has_sent() && taken == before {
                    return;
                }
                until = now + CROWDED_HEAD;
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
    async fn whoever_asks_for_nothing_makes_room_for_who_asks() {
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let at = listener.local_addr().unwrap();
        let slow = || async {
            tokio::time::sleep(CROWDED_HEAD * 2).await;
            "slow"
        };
        let router = Router::new().route("/", get(|| async { "quick" })).route("/slow", get(slow));
        let numbers = Arc::new(Numbers::new().unwrap());
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(listen(listener, 2, router, numbers, stopped));
        let ask = async |path: &str| {
            let mut client = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            answer
        };
        // One has its request under way, the other sends a field now and then.
        let mut silent = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        let began = Instant::now();
        let ((slow, quick), left) =
            futures_util::join!(async { futures_util::join!(ask("/slow"), ask("/")) }, async {
                silent.read(&mut [0]).await.map_or(0, |octets| octets)
            });
        assert!(slow.ends_with("slow") && quick.ends_with("quick"), "{slow} {quick}");
        assert_eq!(left, 0, "it is put out");
        assert!(began.elapsed() < HEAD / 2);
        stop.send_replace(true);
        server.await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_is_being_read_is_not_cut_for_who_waits() {
        const OCTETS: usize = 24 << 20;
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let at = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(|| async { "quick" }))
            .route("/long", get(|| async { vec![b'x'; OCTETS] }));
        let numbers = Arc::new(Numbers::new().unwrap());
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(listen(listener, 1, router, numbers, stopped));
        let connect = async |path: &str| {
            let mut client = TcpSocket::new_v4().unwrap().connect(at).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            client
        };
        let mut reader = connect("/long").await;
        let mut waiting = connect("/").await;
        // It reads at its own pace for longer than whoever asks for nothing may stay.
        let mut pace = tokio::time::interval(CROWDED_HEAD / 4);
        let mut got = 0;
        let mut part = vec![0; OCTETS / 24];
        for _ in 0..12 {
            pace.tick().await;
            got += reader.read_exact(&mut part).await.unwrap();
        }
        let mut rest = Vec::new();
        got += reader.read_to_end(&mut rest).await.unwrap();
        assert!(got > OCTETS, "{got} of {OCTETS} and a head");
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("quick"), "{answer}");
        stop.send_replace(true);
        server.await.unwrap();
    }
}
