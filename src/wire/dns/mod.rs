//! One DNS question to one resolver, uncached, over an unconnected UDP socket whose error
//! queue shows closed ports, and over TCP when the answer was truncated.

mod late;
mod message;
#[cfg(test)]
mod mutations;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UdpSocket};

use super::{connect, icmp, local_icmp, words};
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, QuestionType, Rcode, Stray, StrayReason, Transport,
};
use crate::evidence::tcp::{Icmp, IcmpMeaning, TcpOutcome};
use crate::platform;
pub use late::{LATE_KEPT, Listener};
use message::Question;

/// Datagrams that are not the answer and are kept as evidence.
pub const STRAYS_KEPT: usize = 8;

/// Response codes with which servers decline a question for its EDNS alone.
const DECLINES_EDNS: &[Rcode] =
    &[Rcode::FormErr, Rcode::NotImp, Rcode::BadVers, Rcode::ServFail, Rcode::Refused];

/// How a single question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryFlags {
    /// With EDNS, as the walk asks.
    Edns,
    /// Without EDNS.
    NoEdns,
    /// Without EDNS and without recursion desired: the server answers from what it has, and asks no
    /// other server.
    NonRecursive,
    /// With EDNS and checking disabled: data that fails DNSSEC validation is returned all the same.
    CheckingDisabled,
}

/// Asks `server` for `name`. The question is repeated after a fifth and after three fifths of
/// the deadline: one lost datagram does not make a resolver silent. The first repeat is sent without
/// EDNS, as libraries ask: devices that drop EDNS questions do not drop those.
///
/// Each question has a port of its own, although libraries ask A and AAAA from one: two packets that
/// leave one port at once are lost to some firewalls and NATs, and a resolver that seems not to answer
/// the second could then not be distinguished from such a device (`dns-aaaa-swallowed`, `dns-system-slow`).
///
/// Where an answer over UDP was accepted, the port stays open in the listener that is returned: one
/// question has one answer, and a second answer that differs came from elsewhere.
pub async fn exchange(
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    timeout: Duration,
) -> (Exchange, Option<Listener>) {
    let mut exchange = Exchange::unanswered(name, kind, Transport::Udp);
    let started = Instant::now();
    let question = match Question::new(name, kind, true) {
        Ok(question) => question,
        Err(message) => {
            let outcome = DnsOutcome::LocalError { message, errno: None };
            return (Exchange { outcome, ..exchange }, None);
        }
    };
    let (outcome, socket) = ask_udp(server, &question, started, timeout, &mut exchange).await;
    let mut listener = Listener::after(&outcome, socket, server, question.clone(), exchange.sent);
    // The question that the accepted answer is for, as it was put.
    let mut put = question;
    exchange.outcome = match outcome {
        // A server that does not support EDNS declines it in one way or another; without it, as
        // libraries ask, it may answer (RFC 6891, section 7).
        DnsOutcome::Answered { answer } if DECLINES_EDNS.contains(&answer.rcode) => {
            let before = exchange.sent;
            let plain = match Question::new(name, kind, false) {
                Ok(plain) => {
                    let (outcome, socket) =
                        ask_udp(server, &plain, started, timeout, &mut exchange).await;
                    let sent = exchange.sent.saturating_sub(before);
                    let heard = Listener::after(&outcome, socket, server, plain.clone(), sent);
                    Some((outcome, heard, plain))
                }
                Err(_) => None,
            };
            match plain {
                Some((DnsOutcome::Answered { answer: other }, heard, plain))
                    if other.rcode != answer.rcode =>
                {
                    (listener, put) = (heard, plain);
                    exchange.edns_declined = Some(answer.rcode);
                    DnsOutcome::Answered { answer: other }
                }
                // The first answer may hold more (RFC 8914).
                _ => DnsOutcome::Answered { answer },
            }
        }
        outcome => outcome,
    };
    let left = timeout.saturating_sub(started.elapsed());
    if repeat_if_truncated(server, &put, left, &mut exchange).await {
        listener = None;
    }
    (exchange, listener)
}

/// Repeats the question over TCP where its answer was truncated; whether it was.
async fn repeat_if_truncated(
    server: SocketAddr,
    question: &Question,
    left: Duration,
    exchange: &mut Exchange,
) -> bool {
    let truncated = match &exchange.outcome {
        DnsOutcome::Answered { answer } if answer.truncated => answer.clone(),
        _ => return false,
    };
    exchange.transport = Transport::Tcp;
    let repeated = tokio::time::timeout(left, ask_tcp(server, question, &mut exchange.segments));
    exchange.outcome = match repeated.await {
        // What has an answer over UDP and an error over TCP does not do TCP, as the DNS proxy of a network
        // policy that reaches its servers over UDP alone (fact D271).
        Ok(Ok(answer)) if truncated.rcode.is_answer() && !answer.rcode.is_answer() => {
            DnsOutcome::TcpFailed { message: answer.rcode.to_string(), truncated }
        }
        Ok(Ok(answer)) => DnsOutcome::Answered { answer },
        Ok(Err(message)) => DnsOutcome::TcpFailed { message, truncated },
        Err(_) => {
            let message = "no answer within the deadline".to_owned();
            DnsOutcome::TcpFailed { message, truncated }
        }
    };
    true
}

/// Asks `server` as C libraries do: without EDNS, so that an answer of more than 512 bytes is
/// truncated, and then over TCP (RFC 1035, section 4.2.1).
pub async fn plain(
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    timeout: Duration,
) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind, Transport::Udp);
    let started = Instant::now();
    match Question::new(name, kind, false) {
        Ok(question) => {
            let asked = ask_udp(server, &question, started, timeout, &mut exchange);
            exchange.outcome = asked.await.0;
            let left = timeout.saturating_sub(started.elapsed());
            repeat_if_truncated(server, &question, left, &mut exchange).await;
        }
        Err(message) => exchange.outcome = DnsOutcome::LocalError { message, errno: None },
    }
    exchange
}

/// Asks `server` once over UDP: no repeats, no fallback to TCP. For experiments.
pub async fn once(
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    flags: QueryFlags,
    timeout: Duration,
) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind, Transport::Udp);
    let question = match flags {
        QueryFlags::NonRecursive => Question::non_recursive(name, kind),
        QueryFlags::CheckingDisabled => Question::checking_disabled(name, kind),
        _ => Question::new(name, kind, flags == QueryFlags::Edns),
    };
    exchange.outcome = match question {
        Ok(mut question) => {
            question.repeats = false;
            ask_udp(server, &question, Instant::now(), timeout, &mut exchange).await.0
        }
        Err(message) => DnsOutcome::LocalError { message, errno: None },
    };
    exchange
}

/// Asks `server` over TCP (RFC 7766) at once: as an experiment, and where the system is configured to
/// (`options use-vc`).
pub async fn over_tcp(
    server: SocketAddr,
    name: &str,
    kind: QuestionType,
    timeout: Duration,
) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind, Transport::Tcp);
    let started = Instant::now();
    let question = match Question::new(name, kind, true) {
        Ok(question) => question,
        Err(message) => {
            return Exchange {
                outcome: DnsOutcome::LocalError { message, errno: None },
                ..exchange
            };
        }
    };
    let (attempt, connection) = connect::connect(server, server, None, started, timeout).await;
    exchange.sent = 1;
    exchange.outcome = match (attempt.outcome, connection) {
        (TcpOutcome::Connected, Some(mut connection)) => {
            let left = timeout.saturating_sub(started.elapsed());
            let exchanging = query_over_tcp(&mut connection.stream, &question);
            let outcome = match tokio::time::timeout(left, exchanging).await {
                Ok(Ok(answer)) => DnsOutcome::Answered { answer },
                Ok(Err(message)) => DnsOutcome::LocalError { message, errno: None },
                Err(_) => DnsOutcome::TimedOut,
            };
            let sent = platform::tcp_info(&connection.socket).and_then(|info| info.first_sent());
            exchange.sent = sent.unwrap_or(exchange.sent);
            outcome
        }
        (TcpOutcome::Refused | TcpOutcome::Reset, _) => DnsOutcome::PortRefused,
        (TcpOutcome::Unreachable { icmp }, _) => DnsOutcome::Unreachable { icmp },
        (TcpOutcome::LocalError { message, errno }, _) => {
            DnsOutcome::LocalError { message, errno: Some(errno) }
        }
        (TcpOutcome::TimedOut | TcpOutcome::Connected, _) => DnsOutcome::TimedOut,
    };
    exchange
}

async fn ask_udp(
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
fn same_peer(a: SocketAddr, b: SocketAddr) -> bool {
    a.ip() == b.ip() && a.port() == b.port()
}

#[expect(clippy::disallowed_methods, reason = "the caller holds the deadline")]
async fn ask_tcp(
    server: SocketAddr,
    question: &Question,
    segments: &mut u32,
) -> Result<Answer, String> {
    // A SYN, whatever comes of it.
    *segments = 1;
    let mut stream = TcpStream::connect(server).await.map_err(tcp_words)?;
    let first_sent = |stream: &TcpStream| platform::tcp_info(stream).and_then(|i| i.first_sent());
    // The question follows, and our deadline may come before its answer.
    *segments = first_sent(&stream).map_or(*segments, |sent| sent + 1);
    let answer = query_over_tcp(&mut stream, question).await;
    *segments = first_sent(&stream).unwrap_or(*segments);
    answer
}

/// One question over an established connection.
async fn query_over_tcp(stream: &mut TcpStream, question: &Question) -> Result<Answer, String> {
    let length = u16::try_from(question.bytes.len()).map_err(|e| e.to_string())?;
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(&question.bytes);
    stream.write_all(&out).await.map_err(tcp_words)?;
    let length = stream.read_u16().await.map_err(tcp_words)?;
    let mut bytes = vec![0_u8; usize::from(length)];
    stream.read_exact(&mut bytes).await.map_err(tcp_words)?;
    question.read(&bytes).map_err(|_| "the answer over TCP is malformed".to_owned())
}

fn tcp_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the resolver's TCP port refuses".to_owned(),
        io::ErrorKind::UnexpectedEof => "the resolver closed the connection".to_owned(),
        _ => words(&error),
    }
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
