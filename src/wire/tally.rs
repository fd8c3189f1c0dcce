//! Which walks of a round a resolver answered: one that serves some of many and leaves others
//! without an answer is at its limit, and not silent.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::evidence::dns::QueryCounts;

/// Older walks belong to another round.
const COUNTS: Duration = Duration::from_secs(30);
/// Walks that are kept for one resolver.
const KEPT: usize = 4096;

/// Walks, by the resolver that they asked.
#[derive(Debug, Default)]
pub struct Tally {
    by_resolver: Mutex<HashMap<SocketAddr, VecDeque<Asked>>>,
}

/// One walk's question.
#[derive(Debug)]
struct Asked {
    at: Instant,
    answered: bool,
}

/// A walk's question, to be marked when it is answered.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(Instant);

impl Tally {
    fn with<T>(&self, resolver: SocketAddr, work: impl FnOnce(&mut VecDeque<Asked>) -> T) -> T {
        let mut all = self.by_resolver.lock().unwrap_or_else(PoisonError::into_inner);
        let walks = all.entry(resolver).or_default();
        while walks.front().is_some_and(|walk| walk.at.elapsed() > COUNTS) {
            walks.pop_front();
        }
        work(walks)
    }

    /// Records that a walk asks `resolver`.
    pub fn asks(&self, resolver: SocketAddr) -> Ticket {
        let at = Instant::now();
        self.with(resolver, |walks| {
            if walks.len() == KEPT {
                walks.pop_front();
            }
            walks.push_back(Asked { at, answered: false });
        });
        Ticket(at)
    }

    /// Records that the walk of `ticket` was answered.
    pub fn answered(&self, resolver: SocketAddr, ticket: Ticket) {
        self.with(resolver, |walks| {
            let mine = walks.iter_mut().rev().find(|walk| walk.at == ticket.0 && !walk.answered);
            if let Some(walk) = mine {
                walk.answered = true;
            }
        });
    }

    /// How `resolver` served the walks of the last half minute.
    pub fn of(&self, resolver: SocketAddr) -> QueryCounts {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.with(resolver, |walks| QueryCounts {
            asked: count(walks.len()),
            answered: count(walks.iter().filter(|walk| walk.answered).count()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answered_walks_are_counted_by_resolver() {
        let tally = Tally::default();
        let (one, other): (SocketAddr, SocketAddr) =
            (([10, 1, 0, 10], 53).into(), ([10, 1, 0, 11], 53).into());
        let tickets: Vec<Ticket> = (0..3).map(|_| tally.asks(one)).collect();
        tally.asks(other);
        tally.answered(one, tickets[0]);
        tally.answered(one, tickets[2]);
        assert_eq!(tally.of(one), QueryCounts { asked: 3, answered: 2 });
        assert_eq!(tally.of(other), QueryCounts { asked: 1, answered: 0 });
    }
}
