//! One DNS question to one resolver, uncached, over an unconnected UDP socket whose error
//! queue shows closed ports, and over TCP when the answer was truncated.

mod late;
mod message;
#[cfg(test)]
mod mutations;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::connect;
use crate::evidence::dns::{DnsOutcome, Exchange, QuestionType, Rcode, Transport};
use crate::evidence::tcp::TcpOutcome;
use crate::platform;
pub use late::{LATE_KEPT, Listener};
use message::Question;
use tcp::{ask_tcp, query_over_tcp};
use udp::ask_udp;

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
        // No answer that a library goes on with: what has one over UDP may not do TCP, as the DNS proxy of
        // a network policy that reaches its servers over UDP alone (fact D271).
        Ok(Ok(answer)) if truncated.rcode.is_answer() && !answer.rcode.is_answer() => {
            let message = answer.rcode.to_string();
            DnsOutcome::TcpFailed { message, rcode: Some(answer.rcode), truncated }
        }
        Ok(Ok(answer)) => DnsOutcome::Answered { answer },
        Ok(Err(message)) => DnsOutcome::TcpFailed { message, rcode: None, truncated },
        Err(_) => {
            let message = "no answer within the deadline".to_owned();
            DnsOutcome::TcpFailed { message, rcode: None, truncated }
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
