//! When a target is walked next. Pure: monotonic time in, monotonic time out.

use std::time::Duration;

use tokio::time::Instant;

/// After a walk that disagrees with the confirmed condition, the next one follows within this time,
/// so that an interval of an hour does not delay the confirmation by an hour.
const IN_DOUBT: Duration = Duration::from_secs(40);
/// The walks of one round are spread over this fraction of the interval, 1/10.
pub(super) const SPREAD: u32 = 10;

/// The ticks of one target: `begin`, `begin` + interval, and so on; they never shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) begin: Instant,
    pub(super) interval: Duration,
}

impl Schedule {
    /// The first walk. `chance` is between 0 and 1.
    pub(super) fn first(self, chance: f64) -> Instant {
        self.begin + self.jitter(chance)
    }

    /// The walk after one that ended at `now`: at the next tick plus jitter. Ticks that have passed
    /// meanwhile are skipped, not made up for.
    pub(super) fn next(self, now: Instant, in_doubt: bool, chance: f64) -> Instant {
        let interval = self.interval.as_nanos().max(1);
        let nanos = (self.ticks(now) + 1).saturating_mul(interval);
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        let due = self.begin + Duration::from_nanos(nanos) + self.jitter(chance);
        match in_doubt {
            true => due.min(now + IN_DOUBT),
            false => due,
        }
    }

    /// Ticks that passed while a walk that began at `began` was running.
    pub(super) fn skipped(self, began: Instant, now: Instant) -> u64 {
        u64::try_from(self.ticks(now).saturating_sub(self.ticks(began))).unwrap_or(u64::MAX)
    }

    fn ticks(self, at: Instant) -> u128 {
        at.saturating_duration_since(self.begin).as_nanos() / self.interval.as_nanos().max(1)
    }

    fn jitter(self, chance: f64) -> Duration {
        (self.interval / SPREAD).mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn ticks_do_not_shift_with_the_duration_of_walks() {
        let begin = Instant::now();
        let schedule = Schedule { begin, interval: MINUTE };
        let mut now = schedule.first(1.0);
        assert_eq!(now, begin + MINUTE / 10);
        for tick in 1..100_u32 {
            // The durations differ, and each is shorter than the rest of its interval.
            let took = MINUTE.mul_f64(f64::from(tick % 9) / 11.0);
            let next = schedule.next(now + took, false, f64::from(tick % 7) / 7.0);
            let place = begin + MINUTE * tick;
            assert!(next >= place && next <= place + MINUTE / 10, "tick {tick}");
            now = next;
        }
    }

    #[test]
    fn missed_ticks_are_skipped() {
        let begin = Instant::now();
        let schedule = Schedule { begin, interval: MINUTE };
        let late = begin + MINUTE * 7 + MINUTE / 2;
        assert_eq!(schedule.next(late, false, 0.0), begin + MINUTE * 8);
        assert_eq!(schedule.skipped(begin + MINUTE * 3, late), 4);
        assert_eq!(schedule.skipped(begin + MINUTE * 7, late), 0);
    }

    #[test]
    fn doubt_shortens_only_long_intervals() {
        let begin = Instant::now();
        let hour = Schedule { begin, interval: MINUTE * 60 };
        assert_eq!(hour.next(begin, true, 0.5), begin + IN_DOUBT);
        let second = Schedule { begin, interval: Duration::from_secs(1) };
        assert_eq!(second.next(begin, true, 0.0), begin + Duration::from_secs(1));
    }
}
