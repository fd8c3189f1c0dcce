//! TTL-limited packets towards an address, and which router reports that they expired. Unprivileged:
//! the TTL is a socket option, the answer comes through the socket's error queue. Windows keeps the ICMP
//! error of a connection attempt alone, and sends echo requests for every program.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::connect::{self, Connection};
use super::tls::{self, Handshake};
use super::{icmp, local_icmp, words};
use crate::evidence::experiment::{TraceHop, TraceProbe, TraceResult};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpOutcome};
use crate::evidence::tls::TlsOutcome;
use crate::platform::{self, EchoAnswer};

/// The largest TTL tried: more hops than any private network has.
pub const MOST_HOPS: u8 = 16;

/// Between two TTLs.
const SPACING: Duration = Duration::from_millis(15);

/// The port that TTL-limited UDP goes to: that of traceroute, at which no process listens.
const UDP_PORT: u16 = 33434;

/// What a trace sends that opens no connection, to be compared with its SYNs.
pub const CONTROL: TraceProbe = match platform::TRACES_BY_ECHO {
    true => TraceProbe::Echo,
    false => TraceProbe::Udp,
};

/// Whether this machine reports to a program the ICMP errors that its packets of this kind cause.
/// Whether it sends echo requests is seen when it does.
///
/// # Errors
/// It does not, with the reason in words.
pub fn possible(to: SocketAddr, probe: TraceProbe) -> Result<(), String> {
    let (kind, protocol) = match probe {
        TraceProbe::Echo => return Ok(()),
        TraceProbe::ClientHello if cfg!(windows) => {
            return Err("Windows reports ICMP errors of connection attempts alone".to_owned());
        }
        TraceProbe::Syn => (Type::STREAM, Protocol::TCP),
        TraceProbe::Udp | TraceProbe::ClientHello => (Type::DGRAM, Protocol::UDP),
    };
    let socket = Socket::new(Domain::for_address(to), kind, Some(protocol))
        .map_err(|error| words(&error))?;
    if platform::report_icmp(&socket, to.is_ipv6(), true) {
        Ok(())
    } else if cfg!(windows) {
        Err("this Windows does not report ICMP errors of connection attempts; Windows 10 2004 and \
             Server 2022 do (TCP_ICMP_ERROR_INFO)"
            .to_owned())
    } else {
        Err("this machine does not let programs read ICMP errors (IP_RECVERR)".to_owned())
    }
}

/// One SYN of each TTL from 1 to `longest`, until one gets to the end. Ends within `timeout`.
pub async fn syn(to: SocketAddr, longest: u8, timeout: Duration) -> Vec<TraceHop> {
    ttl_sequence(to, longest, timeout, |ttl, left| syn_of(to, ttl, left)).await
}

/// One UDP datagram of each TTL from 1 to `longest`, until one gets to the end. Ends within
/// `timeout`.
pub async fn udp(to: SocketAddr, longest: u8, timeout: Duration) -> Vec<TraceHop> {
    ttl_sequence(to, longest, timeout, |ttl, left| udp_of(to, ttl, left)).await
}

/// One ICMP echo request of each TTL from 1 to `longest`, until one gets to the end. Ends within
/// `timeout`.
///
/// # Errors
/// This machine does not send any, with the reason in words.
pub async fn echo(to: SocketAddr, longest: u8, timeout: Duration) -> Result<Vec<TraceHop>, String> {
    let send = |ttl, left| echo_of(to.ip(), left, platform::echo(to.ip(), ttl, left));
    let hops = ttl_sequence(to, longest, timeout, send).await;
    let mut not_sent = None;
    for hop in &hops {
        let TraceResult::NotSent { message } = &hop.result else { return Ok(hops) };
        not_sent = Some(message);
    }
    Err(format!(
        "this system does not let programs send ICMP echo requests ({})",
        not_sent.map_or("none was sent", String::as_str)
    ))
}

/// All TTLs concurrently, begun one after another: hosts answer only so many packets a second with
/// ICMP, and every TTL beyond the first that gets to the end does so too.
async fn ttl_sequence<S: Future<Output = TraceResult>>(
    to: SocketAddr,
    longest: u8,
    timeout: Duration,
    send: impl Fn(u8, Duration) -> S,
) -> Vec<TraceHop> {
    let over = Cell::new(false);
    let hops = join_all((1..=longest).map(async |ttl| {
        let wait = (SPACING * u32::from(ttl - 1)).min(timeout);
        tokio::time::sleep(wait).await;
        if over.get() {
            return None;
        }
        let started = Instant::now();
        let seen = send(ttl, timeout - wait).await;
        over.set(over.get() || seen.reached(to.ip()));
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(TraceHop { ttl, result: seen, took_ms })
    }))
    .await;
    hops.into_iter().flatten().collect()
}

async fn syn_of(to: SocketAddr, ttl: u8, timeout: Duration) -> TraceResult {
    match connect::with_ttl(to, ttl, timeout).await {
        TcpOutcome::Connected => TraceResult::Answered,
        TcpOutcome::Refused | TcpOutcome::Reset => TraceResult::Reset,
        TcpOutcome::TimedOut => TraceResult::Silent,
        TcpOutcome::Unreachable { icmp } => stop_reason(icmp),
        TcpOutcome::LocalError { message, .. } => TraceResult::NotSent { message },
    }
}

/// What this machine itself made of a packet.
fn not_sent(error: &io::Error) -> TraceResult {
    match local_icmp(error) {
        Some(icmp) => TraceResult::Icmp { icmp },
        None => TraceResult::NotSent { message: words(error) },
    }
}

/// What an echo request gets. One that hangs is left behind.
async fn echo_of(
    to: IpAddr,
    timeout: Duration,
    sent: impl Future<Output = io::Result<Option<EchoAnswer>>>,
) -> TraceResult {
    let answer = match tokio::time::timeout(timeout, sent).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return not_sent(&error),
        Err(_) => None,
    };
    match answer {
        Some(EchoAnswer { from, error: None }) if from == to => TraceResult::Answered,
        Some(EchoAnswer { from, error: Some(meaning) }) => {
            stop_reason(Icmp { meaning, from: Some(from), code: None })
        }
        // What another host answers is not this host's answer.
        Some(_) | None => TraceResult::Silent,
    }
}

async fn udp_of(to: SocketAddr, ttl: u8, timeout: Duration) -> TraceResult {
    let socket = match limited(to, ttl) {
        Ok(socket) => socket,
        Err(error) => return not_sent(&error),
    };
    let answered = async {
        if let Err(error) = socket.send(&[0]).await {
            return not_sent(&error);
        }
        let mut answer = [0; 64];
        match socket.recv(&mut answer).await {
            Ok(_) => TraceResult::Answered,
            Err(error) => match platform::read_icmp(&socket) {
                Some(seen) => stop_reason(icmp(seen)),
                None => not_sent(&error),
            },
        }
    };
    tokio::time::timeout(timeout, answered).await.unwrap_or(TraceResult::Silent)
}

/// A UDP socket whose datagrams have this TTL.
fn limited(to: SocketAddr, ttl: u8) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let from = match to {
        SocketAddr::V4(_) => {
            socket.set_ttl_v4(ttl.into())?;
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
        }
        SocketAddr::V6(_) => {
            socket.set_unicast_hops_v6(ttl.into())?;
            SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
        }
    };
    platform::report_icmp(&socket, to.is_ipv6(), true);
    socket.bind(&from.into())?;
    socket.connect(&SocketAddr::new(to.ip(), UDP_PORT).into())?;
    UdpSocket::from_std(socket.into())
}

fn stop_reason(icmp: Icmp) -> TraceResult {
    match icmp.meaning {
        IcmpMeaning::TimeExceeded => TraceResult::Expired { from: icmp.from },
        _ => TraceResult::Icmp { icmp },
    }
}

/// The usual TTL (RFC 1700): the end of a connection must get to the peer.
const FULL_TTL: u8 = 64;

/// The ClientHello of `request` with each TTL from 1, all at once, each on an established connection
/// of its own. Ends within the request's deadline.
pub async fn hello(to: SocketAddr, request: &Handshake<'_>) -> Vec<TraceHop> {
    let mut hops = join_all((1..=MOST_HOPS).map(|ttl| hello_of(to, ttl, request))).await;
    if let Some(end) = hops.iter().position(|hop| hop.result.reached(to.ip())) {
        hops.truncate(end + 1);
    }
    hops
}

async fn hello_of(to: SocketAddr, ttl: u8, request: &Handshake<'_>) -> TraceHop {
    let started = Instant::now();
    let (_, connection) = connect::connect(to, to, None, started, request.timeout).await;
    let seen = match connection.filter(|connection| !connection.reset) {
        Some(connection) => {
            let left = request.timeout.saturating_sub(started.elapsed());
            hello_limited(connection, to.is_ipv6(), ttl, &request.within(left)).await
        }
        None => TraceResult::NotSent { message: "the connection was not established".to_owned() },
    };
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    TraceHop { ttl, result: seen, took_ms }
}

async fn hello_limited(
    connection: Connection,
    version6: bool,
    ttl: u8,
    request: &Handshake<'_>,
) -> TraceResult {
    connection.end_with_reset();
    let (route, socket) = connection.into_route();
    platform::report_icmp(&socket, version6, true);
    if let Err(error) = connect::set_ttl(&socket, version6, ttl) {
        return TraceResult::NotSent { message: words(&error) };
    }
    let (hop, session) = tls::handshake(route, Some(&socket), request).await;
    drop(session);
    let error = platform::read_icmp(&socket).map(icmp);
    let _ = connect::set_ttl(&socket, version6, FULL_TTL);
    match (hop.outcome, error) {
        (TlsOutcome::Reset | TlsOutcome::Closed, _) => TraceResult::Reset,
        (TlsOutcome::Silent | TlsOutcome::ConnectionLost { .. }, Some(icmp)) => stop_reason(icmp),
        (TlsOutcome::Silent, None) => TraceResult::Silent,
        (TlsOutcome::ConnectionLost { message, .. }, None) => TraceResult::NotSent { message },
        _ => TraceResult::Answered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 3, 0, 5));
    const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 9, 0, 2));
    const LONG: Duration = Duration::from_secs(60);

    fn from(from: IpAddr, error: Option<IcmpMeaning>) -> io::Result<Option<EchoAnswer>> {
        Ok(Some(EchoAnswer { from, error }))
    }

    #[tokio::test]
    async fn an_echo_request_shows_who_answered_it() {
        let icmp = |meaning, from| TraceResult::Icmp { icmp: Icmp { meaning, from, code: None } };
        let cases = [
            (from(PEER, None), TraceResult::Answered),
            (from(ROUTER, None), TraceResult::Silent),
            (Ok(None), TraceResult::Silent),
            (
                from(ROUTER, Some(IcmpMeaning::TimeExceeded)),
                TraceResult::Expired { from: Some(ROUTER) },
            ),
            (
                from(ROUTER, Some(IcmpMeaning::HostUnreachable)),
                icmp(IcmpMeaning::HostUnreachable, Some(ROUTER)),
            ),
            (
                Err(io::ErrorKind::NetworkUnreachable.into()),
                icmp(IcmpMeaning::NetUnreachable, None),
            ),
            (Err(io::Error::other("no")), TraceResult::NotSent { message: "no".to_owned() }),
        ];
        for (answer, wanted) in cases {
            assert_eq!(echo_of(PEER, LONG, async { answer }).await, wanted);
        }
    }

    #[tokio::test]
    async fn a_call_that_hangs_holds_no_trace() {
        let seen = echo_of(PEER, Duration::from_millis(20), std::future::pending()).await;
        assert_eq!(seen, TraceResult::Silent);
    }

    #[cfg(not(windows))]
    #[tokio::test]
    async fn a_system_without_echo_requests_says_so() {
        let to = SocketAddr::new(PEER, 443);
        let none = echo(to, 3, Duration::from_secs(1)).await.unwrap_err();
        assert!(none.starts_with("this system does not let programs send ICMP echo"), "{none}");
    }
}
