//! Connections: how many, how long, how much each may send. hyper's own limits, which axum's
//! listener does not reach, and a deadline for answers that nobody reads.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

use super::numbers::Numbers;
use super::stream;

/// Open connections at most; those above it wait in the kernel's queue.
pub(super) const CONNECTIONS: usize = 2048;
/// How long a client may take for the head of a request, the pause before it included.
const HEAD: Duration = Duration::from_secs(10);
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

/// Takes connections until `stop` says so, then lets those under way finish, within bounds.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    numbers: Arc<Numbers>,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let take = async {
            // Never closed: there is a slot sooner or later, since every connection ends.
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
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
                let stop = stop.clone();
                tokio::spawn(async move {
                    connection(stream, router, stop).await;
                    drop(slot);
                    numbers.connection_closed();
                });
            }
            Some((_, Err(_))) => tokio::time::sleep(PAUSE).await,
            None => break,
        }
    }
    drop(listener);
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _: Result<Result<OwnedSemaphorePermit, _>, _> =
        tokio::time::timeout(FAREWELL, slots.acquire_many_owned(all)).await;
}

async fn connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Answers are written whole: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let (stream, client) = stream::shared(stream);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_OCTETS)
        .max_headers(FIELDS)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let told = async { drop(stop.wait_for(|stop| *stop).await) };
    tokio::select! {
        // What a client does wrong is its own matter.
        _ = &mut served => return,
        () = client.gone() => {
            let _ = tokio::time::timeout(LAST_WORDS, served).await;
            return;
        }
        () = told => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = served.await;
}
