//! One TCP connection, classified by errno and by the socket's error queue.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

use super::session::Route;
use super::{icmp, local_icmp, words};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::platform;

/// A connection that stands, and a second handle to its socket, for TCP_INFO.
#[derive(Debug)]
pub struct Connection {
    /// The address that it was opened for, as DNS gave it: a detour goes elsewhere.
    pub address: SocketAddr,
    /// The stream.
    pub stream: TcpStream,
    /// The same socket, to be asked when the stream is inside a TLS session.
    pub socket: Socket,
    /// It stood for a moment: RST came before anything was sent. ECONNRESET in place of
    /// ECONNREFUSED says that the peer's SYN-ACK had come.
    pub reset: bool,
    /// The kernel's first measure of the round trip; zero where it has none.
    pub round_trip: Duration,
}

impl Connection {
    /// Its stream, with where it leads, and the second handle to its socket.
    #[must_use]
    pub fn into_route(self) -> (Route, Socket) {
        (Route::direct(self.address, self.stream), self.socket)
    }

    /// The connection will end with a reset when it is dropped: one packet in place of a
    /// farewell of several, for what was an experiment.
    pub fn end_with_reset(&self) {
        let _ = self.socket.set_linger(Some(Duration::ZERO));
    }
}

/// Limits the life (TTL, hop limit) of what a socket sends from now on.
pub(super) fn limit_life(socket: &Socket, version6: bool, life: u8) -> io::Result<()> {
    match version6 {
        false => socket.set_ttl_v4(life.into()),
        true => socket.set_unicast_hops_v6(life.into()),
    }
}

/// Connects to `to` (`address` is what DNS gave: they differ when a detour is in force).
///
/// `segment_size` caps the TCP segments both ways, in octets (TCP_MAXSEG); `since` is the walk's
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
        Ok(socket) => {
            // What the kernel sent is asked of a second handle, which outlives a failure.
            let handle = socket.try_clone().ok();
            let mut ended = attempt(address, to, socket, timeout).await;
            info = handle.as_ref().and_then(platform::tcp_info);
            if let (Some(connection), Some(info)) = (&mut ended.2, &info) {
                connection.round_trip = Duration::from_micros(info.rtt_us.into());
            }
            ended
        }
        Err(error) => (local_outcome(&error), None, None),
    };
    let attempt = TcpAttempt {
        address,
        detour: (address != to).then(|| to.to_string()),
        source: source.map(|s| s.ip()),
        interface: None,
        started_ms: (started - since).as_secs_f64() * 1e3,
        took_ms: started.elapsed().as_secs_f64() * 1e3,
        syn_repeats: info.as_ref().map(|info| info.total_retrans),
        info: None,
        outcome,
    };
    (attempt, connection)
}

/// Whether a SYN of limited life (TTL, hop limit) comes through; the connection is closed at
/// once.
pub async fn with_life(to: SocketAddr, ttl: u8, timeout: Duration) -> TcpOutcome {
    let limited = open(to, None).and_then(|socket| {
        limit_life(&socket, to.is_ipv6(), ttl)?;
        Ok(socket)
    });
    match limited {
        Ok(socket) => attempt(to, to, socket, timeout).await.0,
        Err(error) => local_outcome(&error),
    }
}

async fn attempt(
    address: SocketAddr,
    to: SocketAddr,
    socket: Socket,
    timeout: Duration,
) -> (TcpOutcome, Option<SocketAddr>, Option<Connection>) {
    let version6 = to.is_ipv6();
    // The second handle outlives a failed connect: the error queue is read through it.
    let handle = match SockRef::from(&socket).try_clone() {
        Ok(handle) => handle,
        Err(error) => return (local_outcome(&error), None, None),
    };
    platform::report_icmp(&handle, version6, true);
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(to);
    match tokio::time::timeout(timeout, connecting).await {
        Err(_) => {
            // An ICMP error that the kernel thought soft (it keeps trying) still counts.
            let outcome = match platform::read_icmp(&handle) {
                Some(error) => TcpOutcome::Unreachable { icmp: icmp(error) },
                None => TcpOutcome::TimedOut,
            };
            (outcome, local_address(&handle), None)
        }
        Ok(Ok(stream)) => {
            // From here on a stray or forged ICMP error must not end the connection.
            platform::report_icmp(&handle, version6, false);
            // One request, one answer: nothing gains from waiting for more to send.
            let _ = stream.set_nodelay(true);
            let source = stream.local_addr().ok();
            (TcpOutcome::Connected, source, Some(standing(address, stream, handle, false)))
        }
        Ok(Err(error)) => {
            let outcome = match (platform::read_icmp(&handle), error.kind()) {
                (Some(seen), _) if seen.code.is_some() => {
                    TcpOutcome::Unreachable { icmp: icmp(seen) }
                }
                (_, io::ErrorKind::ConnectionRefused) => TcpOutcome::Refused,
                (_, io::ErrorKind::ConnectionReset) => {
                    let source = local_address(&handle);
                    return (TcpOutcome::Reset, source, after_reset(address, handle));
                }
                (_, io::ErrorKind::TimedOut) => TcpOutcome::TimedOut,
                _ => local_outcome(&error),
            };
            (outcome, local_address(&handle), None)
        }
    }
}

/// The connection that was reset as soon as it stood: whether connect() or the first read is
/// told of it is a matter of microseconds.
fn after_reset(address: SocketAddr, handle: Socket) -> Option<Connection> {
    let stream = TcpStream::from_std(handle.try_clone().ok()?.into()).ok()?;
    Some(standing(address, stream, handle, true))
}

/// A connection whose round trip is not known yet.
fn standing(address: SocketAddr, stream: TcpStream, socket: Socket, reset: bool) -> Connection {
    Connection { address, stream, socket, reset, round_trip: Duration::ZERO }
}

fn open(to: SocketAddr, segment_size: Option<u32>) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    #[cfg(unix)]
    if let Some(octets) = segment_size {
        socket.set_tcp_mss(octets)?;
    }
    #[cfg(not(unix))]
    let _ = segment_size;
    Ok(socket)
}

fn local_address(socket: &Socket) -> Option<SocketAddr> {
    socket.local_addr().ok()?.as_socket().filter(|a| !a.ip().is_unspecified())
}

fn local_outcome(error: &io::Error) -> TcpOutcome {
    match local_icmp(error) {
        Some(icmp) => TcpOutcome::Unreachable { icmp },
        None => {
            TcpOutcome::LocalError { errno: error.raw_os_error().unwrap_or(0), says: words(error) }
        }
    }
}
