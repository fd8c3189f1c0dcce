//! What has been under way since when, and when it has been silent for too long. The experiments
//! on it then begin at once, so that the verdict comes with its deadline.

use std::net::IpAddr;
use std::time::Duration;

use super::Machine;
use crate::walk::experiments::{Subject, Symptom};

/// What may be silent for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stall {
    /// A resolver's answer to the A question.
    Resolver(usize),
    /// The system's answer.
    System,
    /// Any answer of a resolver over UDP.
    AnyAnswer(usize),
    /// The first connection of all.
    Connection,
    /// The handshake at an address.
    Handshake(IpAddr),
}

/// Everything that is waited for, with the time at which it is late.
#[derive(Debug, Default)]
pub(super) struct Stalls(Vec<(Duration, Stall)>);

impl Stalls {
    /// Waits for something until `until`.
    pub(super) fn watch(&mut self, until: Duration, what: Stall) {
        self.0.push((until, what));
    }

    /// Waits for the system's answer no longer.
    pub(super) fn forget_system(&mut self) {
        self.0.retain(|(_, what)| *what != Stall::System);
    }

    /// Waits for no handshake any more.
    pub(super) fn forget_handshakes(&mut self) {
        self.0.retain(|(_, what)| !matches!(what, Stall::Handshake(_)));
    }

    /// When the first one is late.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.iter().map(|(until, _)| *until).min()
    }

    /// Takes out what is late at `now`, in the order in which it was begun.
    fn late(&mut self, now: Duration) -> Vec<Stall> {
        let (late, left) =
            std::mem::take(&mut self.0).into_iter().partition(|(until, _)| *until <= now);
        self.0 = left;
        let late: Vec<(Duration, Stall)> = late;
        late.into_iter().map(|(_, what)| what).collect()
    }
}

impl Machine<'_> {
    /// Waits for something from now on.
    pub(super) fn watch(&mut self, what: Stall) {
        let after = match what {
            Stall::Handshake(_) => self.handshake_stall_after,
            _ => self.settings.stall_after,
        };
        self.stalls.watch(self.at + after, what);
    }

    /// Begins the experiments on what has been silent until now.
    pub(super) fn on_stall(&mut self) {
        for what in self.stalls.late(self.at) {
            match what {
                Stall::Handshake(address) => {
                    self.suspect_address();
                    self.experiment(Subject::Address(address), Symptom::TlsSilent);
                }
                Stall::Resolver(index) => self.no_a_answer(index),
                Stall::System => {
                    self.system_late = true;
                    self.look_into_system();
                }
                Stall::AnyAnswer(index) => self.no_answer_at_all(index),
                Stall::Connection => self.no_connection(Symptom::TcpSilent),
            }
        }
    }
}
