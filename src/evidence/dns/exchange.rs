//! One question to one resolver, and everything that came back to it.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::types::{QuestionType, Rcode};
use crate::evidence::tcp::Icmp;

/// One question and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The name asked.
    pub name: String,
    /// The type asked.
    pub kind: QuestionType,
    /// The transport of the accepted answer.
    pub transport: Transport,
    /// Datagrams sent (repeats included) before the outcome; segments, where it was asked over
    /// TCP from the start.
    pub sent: u32,
    /// TCP segments sent, where the question was repeated over TCP after a truncated answer: more than
    /// one where the connection was established.
    #[serde(default)]
    pub segments: u32,
    /// What came back.
    pub outcome: DnsOutcome,
    /// Datagrams that were not accepted: from another address, with another id, not DNS.
    pub stray: Vec<Stray>,
    /// Answers to the same question, from the same address and with its id, that came after the
    /// accepted one and differ from it; at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<LateAnswer>,
    /// The rcode with which the resolver declined the question with EDNS, where it then answered it
    /// without (RFC 6891, section 7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub edns_declined: Option<Rcode>,
}

/// An answer that came after the accepted one, during the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LateAnswer {
    /// Milliseconds after the accepted answer.
    pub after_ms: f64,
    /// Datagrams with the question that were sent from this port: each may get an answer.
    pub asked: u32,
    /// The message.
    pub answer: Answer,
}

/// UDP or TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Over UDP.
    Udp,
    /// Over TCP, after a truncated answer over UDP (RFC 7766).
    Tcp,
}

/// A datagram that was received and not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stray {
    /// Who sent it.
    #[schemars(with = "String")]
    pub from: SocketAddr,
    /// Why it was not accepted.
    pub reason: StrayReason,
}

/// Why a datagram was not accepted as the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrayReason {
    /// It came from another address or port than the one asked.
    OtherAddress,
    /// Its id is not the question's.
    OtherId,
    /// It answers another question.
    OtherQuestion,
    /// It is not a DNS message.
    Malformed,
}

/// The outcome of one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DnsOutcome {
    /// A message with any rcode.
    Answered {
        /// The message.
        answer: Answer,
    },
    /// Nothing acceptable within the deadline.
    TimedOut,
    /// The resolver's port is closed (its own ICMP port unreachable, or TCP reset).
    PortRefused,
    /// The network reports that the resolver cannot be reached.
    Unreachable {
        /// The ICMP message or the local error.
        icmp: Icmp,
    },
    /// Only bytes that are not a DNS message came back.
    Malformed,
    /// The answer was truncated and the repeat over TCP failed.
    TcpFailed {
        /// Why.
        message: String,
        /// The response code, where an answer came over TCP, and is an error.
        #[schemars(with = "Option<String>")]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rcode: Option<Rcode>,
        /// The truncated answer.
        truncated: Answer,
    },
    /// This machine could not send the question.
    LocalError {
        /// Why.
        message: String,
        /// The errno, where this machine's kernel refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errno: Option<i32>,
    },
}

impl Exchange {
    /// A question that was not answered yet.
    #[must_use]
    pub fn unanswered(name: &str, kind: QuestionType, transport: Transport) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            transport,
            sent: 0,
            segments: 0,
            outcome: DnsOutcome::TimedOut,
            stray: Vec::new(),
            late: Vec::new(),
            edns_declined: None,
        }
    }

    /// The message, if one was accepted.
    #[must_use]
    pub const fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            DnsOutcome::Answered { answer } => Some(answer),
            _ => None,
        }
    }
}
