//! The queue of what is to be written, within bounds.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::record::HistoryWrite;

/// Walks that are queued while the file cannot be written, at most.
const MAX_WAITING: usize = 20_000;
/// Memory that they take, at most, in bytes.
const MAX_BYTES: usize = 16 << 20;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    pub(super) wake: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Item>,
    /// Taken out to be written, but not in the file yet.
    pub(super) under_way: usize,
    pub(super) bytes: usize,
    pub(super) dropped: u64,
    pub(super) cannot_write: bool,
    pub(super) closing: Option<Instant>,
    pub(super) done: bool,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) write: HistoryWrite,
    pub(super) written: Option<oneshot::Sender<()>>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is woken, at most for `timeout`.
    pub(super) fn wait<'a>(
        &self,
        queue: MutexGuard<'a, Queue>,
        timeout: Duration,
    ) -> MutexGuard<'a, Queue> {
        self.wake.wait_timeout(queue, timeout).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Queue {
    /// Drops what a later walk repeats, then reports, the oldest first; then walks without events;
    /// then any.
    pub(super) fn enforce_bounds(&mut self) {
        if self.bytes > MAX_BYTES {
            self.keep_the_newest_machines();
        }
        if self.bytes > MAX_BYTES {
            for item in &mut self.waiting {
                if let HistoryWrite::Walk(record) = &mut item.write
                    && let Some(report) = record.report.take()
                {
                    self.bytes = self.bytes.saturating_sub(report.len());
                }
                if self.bytes <= MAX_BYTES / 2 {
                    break;
                }
            }
        }
        while self.waiting.len() > MAX_WAITING || self.bytes > MAX_BYTES {
            let without_events = |item: &Item| matches!(&item.write, HistoryWrite::Walk(record) if record.events.is_empty());
            let at = self.waiting.iter().position(without_events).unwrap_or(0);
            let Some(item) = self.waiting.remove(at) else { return };
            self.bytes = self.bytes.saturating_sub(item.write.bytes());
            self.dropped += 1;
        }
    }

    /// Only the state after the newest walk of a target is needed.
    fn keep_the_newest_machines(&mut self) {
        let mut seen = BTreeSet::new();
        for item in self.waiting.iter_mut().rev() {
            match &mut item.write {
                HistoryWrite::Walk(record) if !seen.insert(record.target.clone()) => {
                    self.bytes = self.bytes.saturating_sub(record.machine.len());
                    record.machine = String::new();
                }
                HistoryWrite::Removed { target, .. } => {
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

    fn walk(n: usize, ends: bool) -> HistoryWrite {
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
        HistoryWrite::Walk(Box::new(Record {
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
    fn the_end_of_an_incident_is_kept_rather_than_what_a_later_walk_repeats() {
        let mut queue = Queue::default();
        for n in 0..MAX_WAITING {
            let keep = walk(n, n % 50 == 0);
            queue.bytes += keep.bytes();
            queue.waiting.push_back(Item { write: keep, written: None });
            queue.enforce_bounds();
        }
        assert_eq!((queue.dropped, queue.waiting.len()), (0, MAX_WAITING));
        let bytes: usize = queue.waiting.iter().map(|item| item.write.bytes()).sum();
        assert_eq!(queue.bytes, bytes);
        assert!(bytes <= MAX_BYTES, "{bytes}");
        let newest = queue.waiting.iter().rev().take(4);
        assert!(newest.clone().all(|item| item.write.bytes() > 20_000));
        let ends =
            |item: &&Item| matches!(&item.write, HistoryWrite::Walk(r) if !r.events.is_empty());
        assert_eq!(queue.waiting.iter().filter(ends).count(), MAX_WAITING / 50);
    }
}
