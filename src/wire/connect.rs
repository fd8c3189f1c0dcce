//! One TCP connection, classified by errno and by the socket's error queue.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

use super::session::Route;
use super::{icmp, local_icmp, words};
use crate::evidence::tcp::{TcpAttempt, TcpInfo, TcpOutcome};
use crate::platform;

/// An established connection, and a second handle to its socket, for TCP_INFO.
#[derive(Debug)]
pub struct Connection {
    /// The address that it was opened for, as DNS gave it; `--connect-to` may lead elsewhere.
    pub address: SocketAddr,
    /// The stream.
    pub stream: TcpStream,
    /// The same socket, to be asked when the stream is inside a TLS session.
    pub socket: Arc<Socket>,
    /// It was established for a moment: RST came before anything was sent. ECONNRESET in place of
    /// ECONNREFUSED shows that the peer's SYN-ACK had come.
    pub reset: bool,
    /// The kernel's first measure of the round trip; zero where it has none.
    pub round_trip: Duration,
}

impl Connection {
    /// Its stream, with where it leads, and the second handle to its socket.
    #[must_use]
    pub fn into_route(self) -> (Route, Arc<Socket>) {
        (Route::direct(self.address, self.stream), self.socket)
    }

    /// Makes the connection end with a reset when it is dropped: one packet instead of several, for
    /// an experiment.
    pub fn end_with_reset(&self) {
        let _ = self.socket.set_linger(Some(Duration::ZERO));
    }
}

/// Sets the TTL (hop limit in IPv6) of what a socket sends from now on.
pub(super) fn set_ttl(socket: &Socket, version6: bool, ttl: u8) -> io::Result<()> {
    match version6 {
        false => socket.set_ttl_v4(ttl.into()),
        true => socket.set_unicast_hops_v6(ttl.into()),
    }
}

/// Whether this system lets a program choose the size of a connection's segments.
pub const SETS_SEGMENT_SIZE: bool = cfg!(unix);

/// Connects to `to` (`address` is what DNS gave; `--connect-to` makes them differ).
///
/// `segment_size` caps the TCP segments both ways, in bytes (TCP_MAXSEG); `since` is the walk's
/// start; `timeout` the hop's deadline.
pub async fn connect(
    address: SocketAddr,
    to: SocketAddr,
    segment_size: Option<u32>,
    since: Instant,
    timeout: Duration,
) -> (TcpAttempt, Option<Connection>) {
    let started = Instant::now();
    let mut info = None;
    let (outcome, source, connection) = match open(to, segment_size) {
        Ok((socket, handle)) => {
            let mut ended = attempt(address, to, socket, &handle, timeout).await;
            info = platform::tcp_info(&handle);
            if let (Some(connection), Some(info)) = (&mut ended.2, &info) {
                connection.round_trip = Duration::from_micros(info.rtt_us.into());
            }
            ended
        }
        Err(error) => (local_outcome(&error), None, None),
    };
    let attempt = TcpAttempt {
        address,
        connect_to: (address != to).then(|| to.to_string()),
        source: source.map(|s| s.ip()),
        interface: None,
        started_ms: (started - since).as_secs_f64() * 1e3,
        took_ms: started.elapsed().as_secs_f64() * 1e3,
        syn_repeats: info.as_ref().and_then(TcpInfo::syn_repeats),
        info: None,
        outcome,
    };
    (attempt, connection)
}

/// What a TTL-limited SYN gets; a connection is closed at once.
pub async fn with_ttl(to: SocketAddr, ttl: u8, timeout: Duration) -> TcpOutcome {
    let limited = open(to, None).and_then(|opened| {
        set_ttl(&opened.0, to.is_ipv6(), ttl)?;
        Ok(opened)
    });
    match limited {
        Ok((socket, handle)) => attempt(to, to, socket, &handle, timeout).await.0,
        Err(error) => local_outcome(&error),
    }
}

async fn attempt(
    address: SocketAddr,
    to: SocketAddr,
    socket: Socket,
    handle: &Arc<Socket>,
    timeout: Duration,
) -> (TcpOutcome, Option<SocketAddr>, Option<Connection>) {
    let version6 = to.is_ipv6();
    platform::report_icmp(handle, version6, true);
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(to);
    match tokio::time::timeout(timeout, connecting).await {
        Err(_) => {
            // An ICMP error that the kernel treats as soft (it keeps trying) still counts.
            let outcome = match platform::read_icmp(handle) {
                Some(error) => TcpOutcome::Unreachable { icmp: icmp(error) },
                None => TcpOutcome::TimedOut,
            };
            (outcome, local_address(handle), None)
        }
        Ok(Ok(stream)) => {
            // From here on a stray or forged ICMP error must not end the connection.
            platform::report_icmp(handle, version6, false);
            // One request, one answer: there is never more to wait for before sending.
            let _ = stream.set_nodelay(true);
            let source = stream.local_addr().ok();
            (TcpOutcome::Connected, source, Some(established(address, stream, handle, false)))
        }
        Ok(Err(error)) => {
            let outcome = match (platform::read_icmp(handle), error.kind()) {
                (Some(seen), _) if seen.code.is_some() => {
                    TcpOutcome::Unreachable { icmp: icmp(seen) }
                }
                (_, io::ErrorKind::ConnectionRefused) => TcpOutcome::Refused,
                (_, io::ErrorKind::ConnectionReset) => {
                    let source = local_address(handle);
                    return (TcpOutcome::Reset, source, after_reset(address, handle));
                }
                (_, io::ErrorKind::TimedOut) => TcpOutcome::TimedOut,
                _ => local_outcome(&error),
            };
            (outcome, local_address(handle), None)
        }
    }
}

/// The connection that was reset as soon as it was established: microseconds decide whether
/// connect() or the first read reports it.
fn after_reset(address: SocketAddr, handle: &Arc<Socket>) -> Option<Connection> {
    let stream = TcpStream::from_std(handle.try_clone().ok()?.into()).ok()?;
    Some(established(address, stream, handle, true))
}

/// A connection whose round trip is not known yet.
fn established(
    address: SocketAddr,
    stream: TcpStream,
    handle: &Arc<Socket>,
    reset: bool,
) -> Connection {
    let socket = Arc::clone(handle);
    Connection { address, stream, socket, reset, round_trip: Duration::ZERO }
}

/// A socket, and a second handle to it, which outlives a failure to connect: the error queue and
/// what the kernel counted are read through it.
fn open(to: SocketAddr, segment_size: Option<u32>) -> io::Result<(Socket, Arc<Socket>)> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    #[cfg(unix)]
    if let Some(bytes) = segment_size {
        socket.set_tcp_mss(bytes)?;
    }
    #[cfg(not(unix))]
    if segment_size.is_some() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let handle = Arc::new(socket.try_clone()?);
    Ok((socket, handle))
}

fn local_address(socket: &Socket) -> Option<SocketAddr> {
    socket.local_addr().ok()?.as_socket().filter(|a| !a.ip().is_unspecified())
}

fn local_outcome(error: &io::Error) -> TcpOutcome {
    match local_icmp(error) {
        Some(icmp) => TcpOutcome::Unreachable { icmp },
        None => TcpOutcome::LocalError {
            errno: error.raw_os_error().unwrap_or(0),
            message: words(error),
        },
    }
}
