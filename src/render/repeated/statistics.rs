//! What repeated checks of one target have in common: counted as they end, kept in little room.

use std::net::IpAddr;

use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::render::hop_table;
use crate::render::progress::Mark;
use crate::report::Report;
use crate::sorting;

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Times {
    count: u32,
    min: f64,
    max: f64,
    sum: f64,
}

impl Times {
    fn add(&mut self, time: f64) {
        self.min = if self.count == 0 { time } else { self.min.min(time) };
        self.max = if self.count == 0 { time } else { self.max.max(time) };
        self.sum += time;
        self.count += 1;
    }

    /// Minimum, mean and maximum; none without any time.
    #[must_use]
    pub fn summary(&self) -> Option<(f64, f64, f64)> {
        (self.count > 0).then(|| (self.min, self.sum / f64::from(self.count), self.max))
    }
}

/// A hop over all checks.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct HopStatistics {
    /// Checks that tested it.
    pub reached: u32,
    /// Those in which it failed.
    pub failed: u32,
    /// Its times where it did not fail: a failure lasts as long as the deadline.
    pub times: Times,
}

/// Something that was seen in some of the checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// What.
    pub what: T,
    /// In how many checks.
    pub count: u32,
    /// Start of the first check with it, RFC 3339.
    pub first: String,
    /// Start of the last one.
    pub last: String,
}

/// Adds `what` to the list, which stays in the order of the first check.
fn see<T: PartialEq>(all: &mut Vec<Seen<T>>, what: T, when: &str) {
    match all.iter_mut().find(|seen| seen.what == what) {
        Some(seen) => {
            seen.count += 1;
            when.clone_into(&mut seen.last);
        }
        None => all.push(Seen { what, count: 1, first: when.to_owned(), last: when.to_owned() }),
    }
}

/// A verdict, without what varies between checks with the same one.
#[derive(Debug, Clone)]
pub struct VerdictSeen {
    /// Its state.
    pub state: State,
    /// Its cause.
    pub cause: Option<String>,
    /// The first line of the first report with it.
    pub line: String,
}

impl PartialEq for VerdictSeen {
    fn eq(&self, other: &Self) -> bool {
        let same = self.state == other.state && self.cause == other.cause;
        // Without a cause only the line says what it is.
        same && (self.cause.is_some() || self.line == other.line)
    }
}

/// The statistics, and the reports that are shown.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Checks that are complete.
    pub checks: u32,
    /// The hops, in the order of [`Hop::ALL`].
    pub hops: [HopStatistics; Hop::ALL.len()],
    /// Times of whole checks.
    pub whole: Times,
    /// Verdicts.
    pub verdicts: Vec<Seen<VerdictSeen>>,
    /// Addresses that applications get, sorted: resolvers rotate them.
    pub addresses: Vec<Seen<Vec<IpAddr>>>,
    /// The first of the worst reports and its number, and the last ones.
    worst: Option<(u32, Report)>,
    last: Option<(u32, Report)>,
}

impl Statistics {
    /// Counts the report of a check that is complete. One that is not shows nothing of its hops and
    /// times: it is only kept to be shown where it is all there is.
    pub fn count(&mut self, report: &Report) {
        let e = &report.evidence;
        if e.unfinished.is_some() {
            self.last.get_or_insert_with(|| (self.checks, report.clone()));
            return;
        }
        self.checks += 1;
        for (hop, all) in Hop::ALL.into_iter().zip(&mut self.hops) {
            let fact = hop_table::fact(report, hop);
            if fact.mark == Mark::NotDone {
                continue;
            }
            all.reached += 1;
            match fact.mark {
                Mark::Breaks => all.failed += 1,
                // The time of a token is that of the request, which only the first check made.
                _ if hop == Hop::Identity => {}
                _ => fact.took_ms.into_iter().for_each(|time| all.times.add(time)),
            }
        }
        self.whole.add(e.cost.took_ms);
        let verdict = &report.verdict;
        let (state, cause, line) = (verdict.state, verdict.cause.clone(), verdict.line.clone());
        see(&mut self.verdicts, VerdictSeen { state, cause, line }, &e.started);
        let mut addresses = e.dns.effective();
        sorting::ascending(&mut addresses);
        addresses.dedup();
        see(&mut self.addresses, addresses, &e.started);
        let worse =
            self.worst.as_ref().is_none_or(|(_, w)| report.severity_rank() < w.severity_rank());
        if worse {
            self.worst = Some((self.checks, report.clone()));
        }
        self.last = Some((self.checks, report.clone()));
    }

    /// The report to show, and the number of its check: the first of the worst, or the last if all
    /// checks have the same verdict.
    #[must_use]
    pub fn shown(&self) -> Option<(u32, &Report)> {
        let kept = if self.verdicts.len() > 1 { &self.worst } else { &self.last };
        kept.as_ref().map(|(number, report)| (*number, report))
    }
}
