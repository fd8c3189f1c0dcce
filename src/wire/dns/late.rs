//! What comes after the answer that was accepted: a second answer to the same question, with its id,
//! from the same address. A library has closed its port by then; the first one counts.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::UdpSocket;

use super::message::Question;
use super::same_peer;
use crate::evidence::dns::{Answer, DnsOutcome, LateAnswer};

/// Later answers to one question that are kept.
pub const LATE_KEPT: usize = 4;
/// Datagrams that are looked at after the accepted one: a flood costs no more.
const LOOKED_AT: usize = 64;

/// A port whose question is answered, and which stays open.
pub struct Listener {
    socket: UdpSocket,
    server: SocketAddr,
    question: Question,
    /// What is known already: the accepted answer, and later ones.
    known: Vec<Answer>,
    accepted_at: Instant,
    asked: u32,
    looked_at: usize,
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
            looked_at: 0,
        })
    }

    /// The next answer that differs from all before it. Never ends where none comes: the caller
    /// stops with its other work.
    pub async fn next(&mut self) -> LateAnswer {
        let mut buffer = vec![0_u8; 4096];
        while self.known.len() <= LATE_KEPT && self.looked_at < LOOKED_AT {
            // An error says nothing more about an answer: ICMP for a repeat of ours, perhaps.
            let Ok((length, from)) = self.socket.recv_from(&mut buffer).await else { break };
            self.looked_at += 1;
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
