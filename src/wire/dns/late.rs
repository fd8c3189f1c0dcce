//! A second answer to the same question after the accepted one, with the same id and from the same
//! address. A library has closed its port by then and uses the first one.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::UdpSocket;

use super::message::Question;
use super::udp::same_peer;
use crate::evidence::dns::{Answer, DnsOutcome, LateAnswer};

/// Later answers to one question that are kept.
pub const LATE_KEPT: usize = 4;
/// How many datagrams are read after the accepted one: a flood costs no more.
const READ_LIMIT: usize = 64;

/// The port of an answered question, which stays open.
pub struct Listener {
    socket: UdpSocket,
    server: SocketAddr,
    question: Question,
    /// The answers so far: the accepted one, and later ones.
    known: Vec<Answer>,
    accepted_at: Instant,
    asked: u32,
    read: usize,
}

impl Listener {
    /// Listens on where `outcome` is an accepted answer; `asked` datagrams were sent for it.
    pub(super) fn after(
        outcome: &DnsOutcome,
        socket: Option<UdpSocket>,
        server: SocketAddr,
        question: Question,
        asked: u32,
    ) -> Option<Self> {
        let DnsOutcome::Answered { answer } = outcome else { return None };
        Some(Self {
            socket: socket?,
            server,
            question,
            known: vec![answer.clone()],
            accepted_at: Instant::now(),
            asked,
            read: 0,
        })
    }

    /// The next answer that differs from all before it. Never ends where none comes: the caller drops
    /// it when its other work is done.
    pub async fn next(&mut self) -> LateAnswer {
        let mut buffer = vec![0_u8; 4096];
        while self.known.len() <= LATE_KEPT && self.read < READ_LIMIT {
            // An error is no answer: ICMP for a repeat of ours, perhaps.
            let Ok((length, from)) = self.socket.recv_from(&mut buffer).await else { break };
            self.read += 1;
            if !same_peer(from, self.server) {
                continue;
            }
            let Ok(answer) = self.question.read(&buffer[..length]) else { continue };
            if self.known.iter().any(|known| known.same_answer(&answer)) {
                continue;
            }
            self.known.push(answer.clone());
            let after_ms = self.accepted_at.elapsed().as_secs_f64() * 1000.0;
            return LateAnswer { after_ms, asked: self.asked, answer };
        }
        std::future::pending().await
    }
}
