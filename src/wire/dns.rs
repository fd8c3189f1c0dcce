//! One DNS question to one resolver, uncached, over an unconnected UDP socket whose error
//! queue shows closed ports, and over TCP when the answer was truncated.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_resolver::proto::rr::{Name, RData, Record as WireRecord, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UdpSocket};

use super::{connect, icmp, local_icmp, words};
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, ExtendedError, Record, Soa, Stray, StrayReason, Transport,
};
use crate::evidence::tcp::{IcmpMeaning, TcpOutcome};
use crate::evidence::text::clean;
use crate::platform;

/// The largest answer over UDP that we ask for (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
/// Records of an answer section that are kept.
const RECORDS_KEPT: usize = 64;
/// Datagrams that are not the answer and are kept as evidence.
const STRAYS_KEPT: usize = 8;

/// Response codes with which servers decline a question for its EDNS alone.
const DECLINES_EDNS: &[&str] = &["FORMERR", "NOTIMP", "BADVERS", "SERVFAIL", "REFUSED"];

/// A question type that a walk asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Start of authority.
    Soa,
    /// Name servers.
    Ns,
}

/// How a single question is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// With EDNS, as the walk asks.
    Edns,
    /// Without EDNS.
    Plain,
    /// Without EDNS and without recursion desired: the server is to say what it has, and to ask
    /// nobody.
    Unhelped,
}

impl Kind {
    const fn record_type(self) -> RecordType {
        match self {
            Kind::A => RecordType::A,
            Kind::Aaaa => RecordType::AAAA,
            Kind::Soa => RecordType::SOA,
            Kind::Ns => RecordType::NS,
        }
    }

    /// The type's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::A => "A",
            Kind::Aaaa => "AAAA",
            Kind::Soa => "SOA",
            Kind::Ns => "NS",
        }
    }
}

/// Asks `server` for `name`. The question is repeated after a fifth and after three fifths of
/// the deadline: one lost datagram is no silent resolver. The first repeat goes without EDNS,
/// as libraries ask: devices that drop EDNS questions drop none of theirs.
pub async fn exchange(server: SocketAddr, name: &str, kind: Kind, timeout: Duration) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind.name(), Transport::Udp);
    let started = Instant::now();
    let question = match Question::new(name, kind, true) {
        Ok(question) => question,
        Err(says) => {
            exchange.outcome = DnsOutcome::LocalError { says };
            return exchange;
        }
    };
    exchange.outcome = match ask_udp(server, &question, started, timeout, &mut exchange).await {
        // A server that does not know EDNS says so, in one way or another; asked plainly, as
        // libraries ask, it may answer (RFC 6891, section 7).
        DnsOutcome::Answered { answer } if DECLINES_EDNS.contains(&answer.rcode.as_str()) => {
            let plain = match Question::new(name, kind, false) {
                Ok(plain) => ask_udp(server, &plain, started, timeout, &mut exchange).await,
                Err(says) => DnsOutcome::LocalError { says },
            };
            match plain {
                DnsOutcome::Answered { answer: other } if other.rcode != answer.rcode => {
                    DnsOutcome::Answered { answer: other }
                }
                // The first answer may say more (RFC 8914).
                _ => DnsOutcome::Answered { answer },
            }
        }
        outcome => outcome,
    };
    if let DnsOutcome::Answered { answer } = &exchange.outcome
        && answer.truncated
    {
        let left = timeout.saturating_sub(started.elapsed());
        exchange.transport = Transport::Tcp;
        exchange.outcome =
            match tokio::time::timeout(left, ask_tcp(server, &question, &mut exchange.segments))
                .await
            {
                Ok(Ok(answer)) => DnsOutcome::Answered { answer },
                Ok(Err(says)) => DnsOutcome::TcpFailed { says, truncated: answer.clone() },
                Err(_) => DnsOutcome::TcpFailed {
                    says: "no answer within the deadline".to_owned(),
                    truncated: answer.clone(),
                },
            };
    }
    exchange
}

/// Asks `server` once over UDP: no repeats, no fallback to TCP. For experiments.
pub async fn once(
    server: SocketAddr,
    name: &str,
    kind: Kind,
    manner: Manner,
    timeout: Duration,
) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind.name(), Transport::Udp);
    let question = match manner {
        Manner::Unhelped => Question::unhelped(name, kind),
        _ => Question::new(name, kind, manner == Manner::Edns),
    };
    exchange.outcome = match question {
        Ok(mut question) => {
            question.repeats = false;
            ask_udp(server, &question, Instant::now(), timeout, &mut exchange).await
        }
        Err(says) => DnsOutcome::LocalError { says },
    };
    exchange
}

/// Asks `server` over TCP (RFC 7766), whatever it says over UDP: as an experiment, and where the
/// system asks so (`options use-vc`).
pub async fn over_tcp(server: SocketAddr, name: &str, kind: Kind, timeout: Duration) -> Exchange {
    let mut exchange = Exchange::unanswered(name, kind.name(), Transport::Tcp);
    let started = Instant::now();
    let question = match Question::new(name, kind, true) {
        Ok(question) => question,
        Err(says) => {
            exchange.outcome = DnsOutcome::LocalError { says };
            return exchange;
        }
    };
    let (attempt, connection) = connect::connect(server, server, None, started, timeout).await;
    exchange.sent = 1;
    exchange.outcome = match (attempt.outcome, connection) {
        (TcpOutcome::Connected, Some(mut connection)) => {
            let left = timeout.saturating_sub(started.elapsed());
            let talk = converse(&mut connection.stream, &question);
            let outcome = match tokio::time::timeout(left, talk).await {
                Ok(Ok(answer)) => DnsOutcome::Answered { answer },
                Ok(Err(says)) => DnsOutcome::LocalError { says },
                Err(_) => DnsOutcome::TimedOut,
            };
            let sent = platform::tcp_info(&connection.socket).and_then(|info| info.first_sent());
            exchange.sent = sent.unwrap_or(exchange.sent);
            outcome
        }
        (TcpOutcome::Refused | TcpOutcome::Reset, _) => DnsOutcome::PortRefused,
        (TcpOutcome::Unreachable { icmp }, _) => DnsOutcome::Unreachable { icmp },
        (TcpOutcome::LocalError { says, .. }, _) => DnsOutcome::LocalError { says },
        (TcpOutcome::TimedOut | TcpOutcome::Connected, _) => DnsOutcome::TimedOut,
    };
    exchange
}

struct Question {
    id: u16,
    name: Name,
    kind: RecordType,
    octets: Vec<u8>,
    /// The same question, id and all, without EDNS.
    plain: Vec<u8>,
    /// Whether it is repeated while there is no answer.
    repeats: bool,
}

impl Question {
    /// A plain question that wants no recursion.
    fn unhelped(name: &str, kind: Kind) -> Result<Self, String> {
        let mut question = Self::new(name, kind, false)?;
        // RD is the lowest bit of the third octet (RFC 1035, section 4.1.1).
        for octets in [&mut question.octets, &mut question.plain] {
            if let Some(flags) = octets.get_mut(2) {
                *flags &= !1;
            }
        }
        Ok(question)
    }

    fn new(name: &str, kind: Kind, edns: bool) -> Result<Self, String> {
        let mut name = Name::from_ascii(name).map_err(|e| e.to_string())?;
        name.set_fqdn(true);
        let kind = kind.record_type();
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        message.metadata.authentic_data = true;
        message.add_query(Query::query(name.clone(), kind));
        let plain = message.to_vec().map_err(|e| e.to_string())?;
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(UDP_PAYLOAD).set_version(0);
            message.set_edns(options);
        }
        let octets = message.to_vec().map_err(|e| e.to_string())?;
        Ok(Self { id: message.metadata.id, name, kind, octets, plain, repeats: true })
    }

    /// The message, if it answers this question.
    fn read(&self, octets: &[u8]) -> Result<Answer, StrayReason> {
        let message = Message::from_vec(octets).map_err(|_| StrayReason::Malformed)?;
        if message.metadata.id != self.id {
            return Err(StrayReason::OtherId);
        }
        if message.metadata.message_type != MessageType::Response {
            return Err(StrayReason::Malformed);
        }
        // Some servers repeat no question in an error (RFC 9619 allows it for FORMERR); libraries
        // drop an answer without its question.
        let failed = message.metadata.response_code != ResponseCode::NoError;
        let matches = (message.queries.is_empty() && failed)
            || message
                .queries
                .iter()
                .any(|q| q.query_type == self.kind && q.name().eq_ignore_root_and_case(&self.name));
        if !matches {
            return Err(StrayReason::OtherQuestion);
        }
        Ok(answer(&message, octets.len()))
    }
}

/// Compares names without regard to case and to the final dot.
trait SameName {
    fn eq_ignore_root_and_case(&self, other: &Name) -> bool;
}

impl SameName for Name {
    fn eq_ignore_root_and_case(&self, other: &Name) -> bool {
        plain(self).eq_ignore_ascii_case(&plain(other))
    }
}

async fn ask_udp(
    server: SocketAddr,
    question: &Question,
    started: Instant,
    timeout: Duration,
    exchange: &mut Exchange,
) -> DnsOutcome {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = match UdpSocket::bind(any).await {
        Ok(socket) => socket,
        Err(error) => return DnsOutcome::LocalError { says: words(&error) },
    };
    platform::report_icmp(&socket, server.is_ipv6(), true);
    let end = started + timeout;
    let mut repeats = [(timeout / 5, &question.plain), (timeout * 3 / 5, &question.octets)]
        .map(|(after, octets)| (started + after, octets))
        .into_iter()
        .filter(|_| question.repeats);
    if let Err(error) = send(&socket, server, &question.octets, exchange).await {
        return error;
    }
    let mut next = repeats.next();
    // Garbage from the resolver itself: wait a little for something better, not to the end.
    let mut garbage_since: Option<Instant> = None;
    let mut buffer = vec![0_u8; 4096];
    loop {
        let patience = garbage_since.map(|since| since + timeout / 5);
        let until = [Some(end), next.map(|(at, _)| at), patience]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(end);
        let ready = async {
            // A flood keeps the socket ready: the clock and the other hops still get their turn.
            tokio::task::yield_now().await;
            match Instant::now() < until {
                true => socket.ready(Interest::READABLE | Interest::ERROR).await,
                false => std::future::pending().await,
            }
        };
        match tokio::time::timeout_at(until.into(), ready).await {
            Ok(_) => {}
            Err(_) if patience.is_some_and(|at| Instant::now() >= at) => {
                return DnsOutcome::Malformed;
            }
            Err(_) if Instant::now() >= end => {
                let garbage = exchange.stray.iter().any(|s| s.why == StrayReason::Malformed);
                return if garbage { DnsOutcome::Malformed } else { DnsOutcome::TimedOut };
            }
            Err(_) => {
                let octets = next.map_or(&question.octets, |(_, octets)| octets);
                next = repeats.next();
                if let Err(error) = send(&socket, server, octets, exchange).await {
                    return error;
                }
                continue;
            }
        }
        // Through `try_io`, which forgets that the queue was ready once it is empty.
        let reported = socket.try_io(Interest::ERROR, || {
            platform::read_icmp(&socket).ok_or_else(|| io::ErrorKind::WouldBlock.into())
        });
        if let Ok(error) = reported {
            match error.meaning {
                IcmpMeaning::PortUnreachable => return DnsOutcome::PortRefused,
                // Fragmentation and TTL complaints do not end the wait.
                IcmpMeaning::FragmentationNeeded | IcmpMeaning::Other => {}
                _ => return DnsOutcome::Unreachable { icmp: icmp(error) },
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
                    exchange.stray.push(Stray { from, why });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return DnsOutcome::PortRefused;
            }
            Err(error) => {
                return match local_icmp(&error) {
                    Some(icmp) => DnsOutcome::Unreachable { icmp },
                    None => DnsOutcome::LocalError { says: words(&error) },
                };
            }
        }
    }
}

async fn send(
    socket: &UdpSocket,
    server: SocketAddr,
    octets: &[u8],
    exchange: &mut Exchange,
) -> Result<(), DnsOutcome> {
    match socket.send_to(octets, server).await {
        Ok(_) => {
            exchange.sent += 1;
            Ok(())
        }
        // An ICMP error for the datagram before this one is reported by the next call.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Err(DnsOutcome::PortRefused)
        }
        Err(error) => Err(match (platform::read_icmp(socket), local_icmp(&error)) {
            (Some(seen), _) if seen.code.is_some() => DnsOutcome::Unreachable { icmp: icmp(seen) },
            (_, Some(icmp)) => DnsOutcome::Unreachable { icmp },
            (_, None) => DnsOutcome::LocalError { says: words(&error) },
        }),
    }
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
    let answer = converse(&mut stream, question).await;
    *segments = platform::tcp_info(&stream).and_then(|i| i.first_sent()).unwrap_or(*segments);
    answer
}

/// One question over a connection that stands.
async fn converse(stream: &mut TcpStream, question: &Question) -> Result<Answer, String> {
    let length = u16::try_from(question.octets.len()).map_err(|e| e.to_string())?;
    let mut out = length.to_be_bytes().to_vec();
    out.extend_from_slice(&question.octets);
    stream.write_all(&out).await.map_err(tcp_words)?;
    let length = stream.read_u16().await.map_err(tcp_words)?;
    let mut octets = vec![0_u8; usize::from(length)];
    stream.read_exact(&mut octets).await.map_err(tcp_words)?;
    question.read(&octets).map_err(|_| "the answer over TCP is malformed".to_owned())
}

fn tcp_words(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the resolver's TCP port refuses".to_owned(),
        io::ErrorKind::UnexpectedEof => "the resolver closed the connection".to_owned(),
        _ => words(&error),
    }
}

fn answer(message: &Message, size: usize) -> Answer {
    let soa =
        message.authorities.iter().chain(&message.answers).find_map(|record| match &record.data {
            RData::SOA(soa) => Some(Soa {
                zone: plain(&record.name),
                mname: plain(&soa.mname),
                rname: plain(&soa.rname),
                serial: soa.serial,
            }),
            _ => None,
        });
    let metadata = &message.metadata;
    Answer {
        rcode: rcode(metadata.response_code),
        authoritative: metadata.authoritative,
        truncated: metadata.truncation,
        recursion_available: metadata.recursion_available,
        authentic_data: metadata.authentic_data,
        records: message.answers.iter().take(RECORDS_KEPT).map(record).collect(),
        records_left_out: u32::try_from(message.answers.len().saturating_sub(RECORDS_KEPT))
            .unwrap_or(u32::MAX),
        soa,
        extended_errors: extended_errors(message),
        size: u32::try_from(size).unwrap_or(u32::MAX),
    }
}

fn record(record: &WireRecord) -> Record {
    let data = match &record.data {
        RData::A(a) => IpAddr::V4(a.0).to_string(),
        RData::AAAA(a) => IpAddr::V6(a.0).to_string(),
        RData::CNAME(name) => plain(&name.0),
        other => clean(&other.to_string(), 200),
    };
    Record {
        name: plain(&record.name),
        kind: record.record_type().to_string(),
        ttl: record.ttl,
        data,
    }
}

/// A name without its final dot, in presentation form (RFC 4343): octets that no host name
/// has are written `\\DDD`, so that a name copied into a command is inert there.
fn plain(name: &Name) -> String {
    let labels: Vec<String> = name
        .iter()
        .map(|label| {
            label
                .iter()
                .map(|octet| match octet {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'*' => {
                        char::from(*octet).to_string()
                    }
                    other => format!("\\{other:03}"),
                })
                .collect()
        })
        .collect();
    labels.join(".")
}

/// The IANA mnemonic of a response code.
fn rcode(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR",
        ResponseCode::FormErr => "FORMERR",
        ResponseCode::ServFail => "SERVFAIL",
        ResponseCode::NXDomain => "NXDOMAIN",
        ResponseCode::NotImp => "NOTIMP",
        ResponseCode::Refused => "REFUSED",
        ResponseCode::NotAuth => "NOTAUTH",
        ResponseCode::BADVERS => "BADVERS",
        other => return format!("RCODE{}", u16::from(other)),
    }
    .to_owned()
}

/// Extended DNS errors (RFC 8914); hickory 0.26 leaves them undecoded.
fn extended_errors(message: &Message) -> Vec<ExtendedError> {
    let Some(edns) = &message.edns else { return Vec::new() };
    edns.options()
        .options
        .iter()
        .filter_map(|(code, option)| match (code, option) {
            (EdnsCode::Unknown(15), EdnsOption::Unknown(15, octets)) => {
                let (code, text) = octets.split_first_chunk::<2>()?;
                Some(ExtendedError {
                    code: u16::from_be_bytes(*code),
                    text: clean(&String::from_utf8_lossy(text), 200),
                })
            }
            _ => None,
        })
        .take(8)
        .collect()
}
