//! What waits to be written, within bounds.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::record::Keep;

/// Walks that wait in memory while the file cannot be written, at most.
const MOST_WAITING: usize = 20_000;
/// Octets that they take, at most.
const MOST_OCTETS: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) wake: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Item>,
    /// Taken out to be written, and not yet in the file.
    pub(super) under_way: usize,
    pub(super) octets: usize,
    pub(super) dropped: u64,
    pub(super) cannot_write: bool,
    pub(super) closing: Option<Instant>,
    pub(super) done: bool,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) keep: Keep,
    pub(super) written: Option<oneshot::Sender<()>>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until somebody wakes it, or so long.
    pub(super) fn wait<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        long: Duration,
    ) -> MutexGuard<'a, Queue> {
        self.wake.wait_timeout(queue, long).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Queue {
    /// Gives up what a later walk says again, then reports, the oldest first; then walks that
    /// tell nothing new; then any.
    pub(super) fn stay_bounded(&mut self) {
        if self.octets > MOST_OCTETS {
            self.keep_the_newest_machines();
        }
        if self.octets > MOST_OCTETS {
            for item in &mut self.waiting {
                if let Keep::Walk(record) = &mut item.keep
                    && let Some(report) = record.report.take()
                {
                    self.octets = self.octets.saturating_sub(report.len());
                }
                if self.octets <= MOST_OCTETS / 2 {
                    break;
                }
            }
        }
        while self.waiting.len() > MOST_WAITING || self.octets > MOST_OCTETS {
            let dull =
                |item: &Item| matches!(&item.keep, Keep::Walk(record) if record.events.is_empty());
            let at = self.waiting.iter().position(dull).unwrap_or(0);
            let Some(item) = self.waiting.remove(at) else { return };
            self.octets = self.octets.saturating_sub(item.keep.octets());
            self.dropped += 1;
        }
    }

    /// Of each target, the machine after its newest walk is the one that counts.
    fn keep_the_newest_machines(&mut self) {
        let mut seen = BTreeSet::new();
        for item in self.waiting.iter_mut().rev() {
            match &mut item.keep {
                Keep::Walk(record) if !seen.insert(record.target.clone()) => {
                    self.octets = self.octets.saturating_sub(record.machine.len());
                    record.machine = String::new();
                }
                Keep::Removed { target, .. } => {
                    seen.insert(target.clone());
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::event::{Event, Kind};
    use crate::monitor::history::Record;

    fn walk(n: usize, ends: bool) -> Keep {
        let target = format!("t{}", n % 4);
        let end = Event {
            kind: Kind::Closed,
            target: target.clone(),
            subject: crate::monitor::event::Subject::Path,
            severity: crate::monitor::event::Severity::Page,
            condition: crate::monitor::confirm::Condition::Works,
            incident: Some(n.to_string()),
            cause: None,
            changed: Vec::new(),
            note: None,
            at: 0,
            confirmed: None,
            lasted: None,
            muted: false,
        };
        Keep::Walk(Box::new(Record {
            target,
            at: i64::try_from(n).unwrap(),
            state: "works",
            cause: None,
            hop: None,
            took_ms: 0.0,
            times: Vec::new(),
            status: None,
            report: None,
            machine: "m".repeat(20_000),
            events: if ends { vec![end] } else { Vec::new() },
            to_deliver: false,
        }))
    }

    #[test]
    fn no_end_of_an_incident_is_given_up_for_what_a_later_walk_says_again() {
        let mut queue = Queue::default();
        for n in 0..MOST_WAITING {
            let keep = walk(n, n % 50 == 0);
            queue.octets += keep.octets();
            queue.waiting.push_back(Item { keep, written: None });
            queue.stay_bounded();
        }
        assert_eq!((queue.dropped, queue.waiting.len()), (0, MOST_WAITING));
        let octets: usize = queue.waiting.iter().map(|item| item.keep.octets()).sum();
        assert_eq!(queue.octets, octets);
        assert!(octets <= MOST_OCTETS, "{octets}");
        let newest = queue.waiting.iter().rev().take(4);
        assert!(newest.clone().all(|item| item.keep.octets() > 20_000));
        let ends = |item: &&Item| matches!(&item.keep, Keep::Walk(r) if !r.events.is_empty());
        assert_eq!(queue.waiting.iter().filter(ends).count(), MOST_WAITING / 50);
    }
}
