//! One question over an unconnected UDP socket, whose error queue shows closed ports.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::STRAYS_KEPT;
use super::message::Question;
use crate::evidence::dns::{DnsOutcome, Exchange, Stray, StrayReason};
use crate::evidence::tcp::{Icmp, IcmpMeaning};
use crate::platform;
use crate::wire::{icmp, local_icmp, words};

/// Asks over UDP, from a port of its own, which is returned where one could be had.
pub(super) async fn ask_udp(
    server: SocketAddr,
    question: &Question,
    started: Instant,
    timeout: Duration,
    exchange: &mut Exchange,
) -> (DnsOutcome, Option<UdpSocket>) {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = match UdpSocket::bind(any).await {
        Ok(socket) => socket,
        Err(error) => return (local_error(&error), None),
    };
    platform::report_icmp(&socket, server.is_ipv6(), true);
    let outcome = ask_from(&socket, server, question, started, timeout, exchange).await;
    (outcome, Some(socket))
}

async fn ask_from(
    socket: &UdpSocket,
    server: SocketAddr,
    question: &Question,
    started: Instant,
    timeout: Duration,
    exchange: &mut Exchange,
) -> DnsOutcome {
    let end = started + timeout;
    let mut repeats = [(timeout / 5, &question.plain), (timeout * 3 / 5, &question.bytes)]
        .map(|(after, bytes)| (started + after, bytes))
        .into_iter()
        .filter(|_| question.repeats);
    if let Err(error) = send(socket, server, &question.bytes, exchange).await {
        return error;
    }
    let mut next = repeats.next();
    // Garbage from the resolver itself: wait a little for an answer, not to the end.
    let mut garbage_since: Option<Instant> = None;
    let mut buffer = vec![0_u8; 4096];
    loop {
        let garbage_until = garbage_since.map(|since| since + timeout / 5);
        let until = [Some(end), next.map(|(at, _)| at), garbage_until]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(end);
        let ready = async {
            // A flood keeps the socket ready: the clock and other tasks still have to run.
            tokio::task::yield_now().await;
            match Instant::now() < until {
                true => socket.ready(Interest::READABLE | Interest::ERROR).await,
                false => std::future::pending().await,
            }
        };
        match tokio::time::timeout_at(until.into(), ready).await {
            Ok(_) => {}
            Err(_) if garbage_until.is_some_and(|at| Instant::now() >= at) => {
                return DnsOutcome::Malformed;
            }
            Err(_) if Instant::now() >= end => {
                let garbage = exchange.stray.iter().any(|s| s.reason == StrayReason::Malformed);
                return if garbage { DnsOutcome::Malformed } else { DnsOutcome::TimedOut };
            }
            Err(_) => {
                let bytes = next.map_or(&question.bytes, |(_, bytes)| bytes);
                next = repeats.next();
                if let Err(error) = send(socket, server, bytes, exchange).await {
                    return error;
                }
                continue;
            }
        }
        // Through `try_io`, which clears the readiness once the queue is empty.
        let reported = socket.try_io(Interest::ERROR, || {
            platform::read_icmp(socket).ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        if let Ok(error) = reported {
            match error.meaning {
                // Fragmentation and TTL complaints do not end the wait.
                IcmpMeaning::FragmentationNeeded | IcmpMeaning::Other => {}
                _ => return icmp_outcome(error, server),
            }
        }
        match socket.try_recv_from(&mut buffer) {
            Ok((length, from)) => {
                let why = if same_peer(from, server) {
                    match question.read(&buffer[..length]) {
                        Ok(answer) => return DnsOutcome::Answered { answer },
                        Err(why) => why,
                    }
                } else {
                    StrayReason::OtherAddress
                };
                if why == StrayReason::Malformed {
                    garbage_since.get_or_insert_with(Instant::now);
                }
                if exchange.stray.len() < STRAYS_KEPT {
                    exchange.stray.push(Stray { from, reason: why });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return failure(socket, server, &error),
        }
    }
}

async fn send(
    socket: &UdpSocket,
    server: SocketAddr,
    bytes: &[u8],
    exchange: &mut Exchange,
) -> Result<(), DnsOutcome> {
    match socket.send_to(bytes, server).await {
        Ok(_) => {
            exchange.sent += 1;
            Ok(())
        }
        // An ICMP error for the datagram before this one is reported by the next call.
        Err(error) => Err(failure(socket, server, &error)),
    }
}

/// What an error of the socket says: the message in its error queue names the sender, the error does
/// not.
fn failure(socket: &UdpSocket, server: SocketAddr, error: &io::Error) -> DnsOutcome {
    match platform::read_icmp(socket) {
        Some(seen) if seen.code.is_some() => icmp_outcome(seen, server),
        _ => failed(error),
    }
}

/// What an ICMP message about a question to `server` says. Only the server itself knows that its port
/// is closed: from any other sender, `port unreachable` is the code of a rule that rejects.
fn icmp_outcome(error: platform::IcmpError, server: SocketAddr) -> DnsOutcome {
    let own_word = error.from.is_none_or(|from| from == server.ip());
    match error.meaning {
        IcmpMeaning::PortUnreachable if own_word => DnsOutcome::PortRefused,
        _ => DnsOutcome::Unreachable { icmp: icmp(error) },
    }
}

/// What an error of a UDP socket says. Windows reports an ICMP message about an earlier datagram as
/// the error of a later call: port unreachable as WSAECONNRESET (10054), time exceeded as WSAENETRESET
/// (10052; both in Microsoft's description of `recvfrom`). Linux has neither for UDP.
fn failed(error: &io::Error) -> DnsOutcome {
    const WSAENETRESET: i32 = 10052;
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            DnsOutcome::PortRefused
        }
        _ if error.raw_os_error() == Some(WSAENETRESET) => DnsOutcome::Unreachable {
            icmp: Icmp { meaning: IcmpMeaning::TimeExceeded, from: None, code: None },
        },
        _ => match local_icmp(error) {
            Some(icmp) => DnsOutcome::Unreachable { icmp },
            None => local_error(error),
        },
    }
}

/// An error of this machine itself.
fn local_error(error: &io::Error) -> DnsOutcome {
    DnsOutcome::LocalError { message: words(error), errno: error.raw_os_error() }
}

/// The same address and port; a scope id does not matter.
pub(super) fn same_peer(a: SocketAddr, b: SocketAddr) -> bool {
    a.ip() == b.ip() && a.port() == b.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_of_a_udp_socket_is_a_closed_port() {
        // As Windows has it; on Linux a number of its own means something else, its kind does not.
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(failed(&reset), DnsOutcome::PortRefused);
        let exceeded = failed(&io::Error::from_raw_os_error(10052));
        let DnsOutcome::Unreachable { icmp } = exceeded else { panic!("{exceeded:?}") };
        assert_eq!(icmp.meaning, IcmpMeaning::TimeExceeded);
    }
}
