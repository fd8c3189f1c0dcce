//! Where one address, and the call, are on their way.

use std::net::IpAddr;

use super::{Established, Hello};
use crate::evidence::http::HttpHop;
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::tls::TlsHop;

/// One address of the target.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) address: IpAddr,
    /// The connection attempt, when it has ended, as it ended.
    pub(super) attempt: Option<TcpAttempt>,
    pub(super) phase: Phase,
    /// The handshake of an experiment with the small ClientHello that verified here.
    pub(super) small_hello: Option<Box<Handshake>>,
}

/// What becomes of the connection to an address.
#[derive(Debug)]
pub(super) enum Phase {
    /// The attempt is under way.
    Connecting,
    /// There is no connection.
    NotConnected,
    /// The connection is established and not used; `arrival` counts those before it.
    Idle { established: Established, arrival: u32 },
    /// The handshake is under way.
    Handshaking { reset: bool },
    /// The handshake has ended.
    HandshakeDone(Box<Handshake>),
    /// The handshake failed, and the walk went on with the small ClientHello.
    FellBack { full: Box<Handshake>, small: Box<Handshake> },
}

/// A handshake that has ended, as it ended.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) started_ms: f64,
    pub(super) took_ms: f64,
    pub(super) hop: TlsHop,
    /// Whether there is a session.
    pub(super) session: bool,
}

/// What becomes of the target's calls.
#[derive(Debug)]
pub(super) enum CallPhase {
    NotMade,
    UnderWay,
    Done(Box<Called>),
}

/// Calls that have ended.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) started_ms: f64,
    pub(super) took_ms: f64,
    pub(super) hop: HttpHop,
    /// The TLS alert that came in place of an answer.
    pub(super) alert: Option<String>,
}

/// Hops that were reported to who watches the walk.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) dns: bool,
    pub(super) tcp: bool,
}

impl Address {
    /// An address that is connected to from now on.
    pub(super) const fn new(address: IpAddr) -> Self {
        Self { address, attempt: None, phase: Phase::Connecting, small_hello: None }
    }

    /// Whether its connection is established and waits to be used.
    pub(super) const fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle { .. })
    }

    /// The handshake that carries the walk, and its ClientHello.
    pub(super) fn handshake(&self) -> Option<(&Handshake, Hello)> {
        match &self.phase {
            Phase::HandshakeDone(full) => Some((full, Hello::Full)),
            Phase::FellBack { small, .. } => Some((small, Hello::Small)),
            _ => None,
        }
    }

    /// Whether the walk's own handshake has verified here.
    pub(super) fn has_verified(&self) -> bool {
        matches!(&self.phase, Phase::HandshakeDone(full) if full.session)
    }

    /// The same, when nothing more happens.
    pub(super) fn carrier(self) -> Option<Handshake> {
        match self.phase {
            Phase::HandshakeDone(full) => Some(*full),
            Phase::FellBack { small, .. } => Some(*small),
            _ => None,
        }
    }

    /// The connection attempt as the hop shows it. One that was reset at once is a
    /// connection where a handshake was tried on it: the handshake is what ended.
    pub(super) fn shown_attempt(&self) -> Option<TcpAttempt> {
        let mut attempt = self.attempt.clone()?;
        if self.handshake_began() {
            attempt.outcome = TcpOutcome::Connected;
        }
        Some(attempt)
    }

    /// Whether the connection was established.
    pub(super) fn is_connected(&self) -> bool {
        self.handshake_began()
            || self.attempt.as_ref().is_some_and(|a| a.outcome == TcpOutcome::Connected)
    }

    const fn handshake_began(&self) -> bool {
        match &self.phase {
            Phase::Handshaking { .. } | Phase::HandshakeDone(_) | Phase::FellBack { .. } => true,
            Phase::Connecting | Phase::NotConnected | Phase::Idle { .. } => false,
        }
    }
}
