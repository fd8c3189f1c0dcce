//! The last walks of each target, for the pages. `/probe` does not read them: Prometheus keeps the
//! history of a fleet.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::report::Report;

/// Walks that are kept of one target.
pub(super) const WALKS_KEPT: usize = 40;
/// Targets whose last report is kept in full; of the others only its first line. The report of a
/// target that works is dropped first, the oldest before others.
const REPORTS_KEPT: usize = 1000;
/// The hops whose times are shown.
pub(super) const TIMED_HOPS: [Hop; 5] = [Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Identity, Hop::Http];

/// What the pages need of a walk.
#[derive(Debug, Clone)]
pub(super) struct WalkSummary {
    /// When it began.
    pub(super) at: Instant,
    pub(super) state: State,
    /// Whether the inventory muted its target then.
    pub(super) muted: bool,
    pub(super) cause: Option<Arc<str>>,
    /// Where its cause may be shared with other targets.
    pub(super) place: Option<Arc<str>>,
    /// Milliseconds.
    pub(super) took_ms: f64,
    /// Milliseconds of [`TIMED_HOPS`].
    pub(super) hops_ms: [Option<f64>; 5],
}

/// What is known of one target.
#[derive(Debug, Clone, Default)]
pub(super) struct TargetWalks {
    /// Its walks, the oldest first.
    pub(super) walks: VecDeque<WalkSummary>,
    /// The first line of the last report.
    pub(super) line: Arc<str>,
    /// The last report.
    pub(super) report: Option<Arc<Report>>,
    /// Its position among the kept reports.
    position: Option<Position>,
}

/// Whether a report is of a bad walk, and its number: the lowest is dropped first.
type Position = (bool, u64);

/// The recent walks, by the name of their target.
#[derive(Debug, Default)]
pub(super) struct RecentWalks(Mutex<Store>);

#[derive(Debug, Default)]
struct Store {
    targets: BTreeMap<String, TargetWalks>,
    /// Targets whose reports are kept.
    reports: BTreeMap<Position, String>,
    last: u64,
}

impl RecentWalks {
    /// Keeps a walk that began at `at`.
    pub(super) fn keep(&self, at: Instant, report: &Arc<Report>) {
        let e = &report.evidence;
        let walk = WalkSummary {
            at,
            state: report.verdict.state,
            muted: report.muted_until.is_some(),
            cause: report.verdict.cause.as_deref().map(Into::into),
            place: report.shared_location().map(Into::into),
            took_ms: e.cost.took_ms,
            hops_ms: [
                e.dns.first_address_ms,
                e.tcp.took_ms().or_else(|| e.proxy.took_ms()),
                e.tls.took_ms(),
                e.identity.acquisition.as_ref().map(|how| how.took_ms),
                e.http.took_ms(),
            ],
        };
        let name = report.title().to_owned();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let position = (report.verdict.state != State::Works, kept.last);
        let walks_of_target = kept.targets.entry(name.clone()).or_default();
        if walks_of_target.walks.len() >= WALKS_KEPT {
            walks_of_target.walks.pop_front();
        }
        walks_of_target.walks.push_back(walk);
        walks_of_target.line = report.verdict.line.as_str().into();
        let before = walks_of_target.report.replace(Arc::clone(report));
        if let Some(position) = walks_of_target.position.replace(position) {
            kept.reports.remove(&position);
        }
        kept.reports.insert(position, name);
        if kept.reports.len() > REPORTS_KEPT
            && let Some((_, is_abandoned)) = kept.reports.pop_first()
            && let Some(walks_of_target) = kept.targets.get_mut(&is_abandoned)
        {
            (walks_of_target.report, walks_of_target.position) = (None, None);
        }
        drop(kept);
        // Freeing a report takes longer than all of the above: the other walkers do not wait for it.
        drop(before);
    }

    /// What is known of a target.
    pub(super) fn of(&self, name: &str) -> TargetWalks {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.targets.get(name).cloned().unwrap_or_default()
    }

    /// The newest walk of each target, all under one lock, since inventories are long.
    pub(super) fn newest<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
    ) -> Vec<Option<WalkSummary>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.map(|name| kept.targets.get(name)?.walks.back().cloned()).collect()
    }

    /// Removes the targets for which `stays` is false.
    pub(super) fn retain(&self, stays: impl Fn(&str) -> bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.targets.retain(|name, _| stays(name));
        kept.reports.retain(|_, name| stays(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::Evidence;

    fn report(name: &str, state: State) -> Arc<Report> {
        let text = include_str!("../../../fixtures/bases/private.json");
        let evidence: Evidence = serde_json::from_str(text).unwrap();
        let diagnosis = diagnose(&evidence);
        let mut report = Report::new(evidence, diagnosis);
        report.name = Some(name.to_owned());
        report.verdict.state = state;
        Arc::new(report)
    }

    #[test]
    fn the_oldest_report_of_a_working_target_is_dropped_first() {
        let recent = RecentWalks::default();
        let at = Instant::now();
        recent.keep(at, &report("broken", State::Broken));
        let one = report("walked again", State::Works);
        recent.keep(at, &one);
        let works = report("", State::Works);
        for number in 0..REPORTS_KEPT {
            let mut report = Report::clone(&works);
            report.name = Some(number.to_string());
            recent.keep(at, &Arc::new(report));
            recent.keep(at, &one);
        }
        let kept = |name: &str| recent.of(name).report.is_some();
        assert!(kept("broken") && kept("walked again") && kept(&(REPORTS_KEPT - 1).to_string()));
        assert!(!kept("0") && !kept("1") && kept("2"));
        assert_eq!(recent.of("0").walks.len(), 1, "its line and its times are kept");
    }
}
