//! The last walks of each target, for the pages. `/probe` reads none of it: Prometheus is the
//! memory of a fleet.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::report::Report;

/// Walks of one target that are kept.
pub(super) const KEPT: usize = 40;
/// Targets whose last report is kept in full; of the others its first line. One that works is
/// given up first, and the longest unwalked.
const REPORTS: usize = 1000;
/// The hops whose times are shown.
pub(super) const TIMED: [Hop; 5] = [Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Identity, Hop::Http];

/// A walk that was made.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// When it began.
    pub(super) at: Instant,
    pub(super) state: State,
    /// Whether the inventory muted it then.
    pub(super) muted: bool,
    pub(super) cause: Option<Arc<str>>,
    /// Milliseconds.
    pub(super) took_ms: f64,
    /// Milliseconds of [`TIMED`].
    pub(super) hops_ms: [Option<f64>; 5],
}

/// What is known of one target.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    /// Its walks, the oldest first.
    pub(super) walks: VecDeque<Walk>,
    /// The first line of the last report.
    pub(super) line: Arc<str>,
    /// The last report.
    pub(super) report: Option<Arc<Report>>,
    /// Its place among the reports.
    place: Option<Place>,
}

/// Whether a report is of a bad walk, and its number: the first of them is given up first.
type Place = (bool, u64);

/// Tracks by the target's name.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    tracks: BTreeMap<String, Track>,
    /// Targets whose reports are kept.
    reports: BTreeMap<Place, String>,
    last: u64,
}

impl Past {
    /// Keeps a walk that began at `at`.
    pub(super) fn keep(&self, at: Instant, report: &Arc<Report>) {
        let e = &report.evidence;
        let walk = Walk {
            at,
            state: report.verdict.state,
            muted: report.muted_until.is_some(),
            cause: report.verdict.cause.as_deref().map(Into::into),
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
        let place = (report.verdict.state != State::Works, kept.last);
        let track = kept.tracks.entry(name.clone()).or_default();
        if track.walks.len() >= KEPT {
            track.walks.pop_front();
        }
        track.walks.push_back(walk);
        track.line = report.verdict.line.as_str().into();
        track.report = Some(Arc::clone(report));
        if let Some(before) = track.place.replace(place) {
            kept.reports.remove(&before);
        }
        kept.reports.insert(place, name);
        if kept.reports.len() > REPORTS
            && let Some((_, given_up)) = kept.reports.pop_first()
            && let Some(track) = kept.tracks.get_mut(&given_up)
        {
            (track.report, track.place) = (None, None);
        }
    }

    /// What is known of a target.
    pub(super) fn of(&self, name: &str) -> Track {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tracks.get(name).cloned().unwrap_or_default()
    }

    /// The newest walk of each target: of all at once, since inventories are long.
    pub(super) fn newest<'a>(&self, names: impl Iterator<Item = &'a String>) -> Vec<Option<Walk>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.map(|name| kept.tracks.get(name)?.walks.back().cloned()).collect()
    }

    /// Forgets the targets that do not stay.
    pub(super) fn retain(&self, stays: impl Fn(&str) -> bool) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tracks.retain(|name, _| stays(name));
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
    fn the_longest_unwalked_that_works_loses_its_report_first() {
        let past = Past::default();
        let at = Instant::now();
        past.keep(at, &report("broken", State::Broken));
        let one = report("walked again", State::Works);
        past.keep(at, &one);
        let works = report("", State::Works);
        for number in 0..REPORTS {
            let mut report = Report::clone(&works);
            report.name = Some(number.to_string());
            past.keep(at, &Arc::new(report));
            past.keep(at, &one);
        }
        let kept = |name: &str| past.of(name).report.is_some();
        assert!(kept("broken") && kept("walked again") && kept(&(REPORTS - 1).to_string()));
        assert!(!kept("0") && !kept("1") && kept("2"));
        assert_eq!(past.of("0").walks.len(), 1, "its line and its times stay");
    }
}
