//! The last walks of each target, for the pages. `/probe` reads none of it: Prometheus is the
//! memory of a fleet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::diagnosis::State;
use crate::evidence::Hop;
use crate::report::Report;

/// Walks of one target that are kept.
pub(super) const KEPT: usize = 40;
/// Targets whose last report is kept in full; of the others its first line.
const REPORTS: usize = 1000;
/// The hops whose times are shown.
pub(super) const TIMED: [Hop; 4] = [Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Http];

/// A walk that was made.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    /// When it began.
    pub(super) at: Instant,
    pub(super) state: State,
    pub(super) cause: Option<Arc<str>>,
    /// Milliseconds.
    pub(super) took_ms: f64,
    /// Milliseconds of [`TIMED`].
    pub(super) hops_ms: [Option<f64>; 4],
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
}

/// Tracks by the target's name.
#[derive(Debug, Default)]
pub(super) struct Past(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    tracks: BTreeMap<String, Track>,
    /// Targets whose reports are kept, the longest unwalked first.
    reports: VecDeque<String>,
}

impl Past {
    /// Keeps a walk that began at `at`.
    pub(super) fn keep(&self, at: Instant, report: &Arc<Report>) {
        let e = &report.evidence;
        let walk = Walk {
            at,
            state: report.verdict.state,
            cause: report.verdict.cause.as_deref().map(Into::into),
            took_ms: e.cost.took_ms,
            hops_ms: [
                e.dns.first_address_ms,
                e.tcp.took_ms().or_else(|| e.proxy.took_ms()),
                e.tls.took_ms(),
                e.http.took_ms(),
            ],
        };
        let name = report.title().to_owned();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let track = kept.tracks.entry(name.clone()).or_default();
        if track.walks.len() >= KEPT {
            track.walks.pop_front();
        }
        track.walks.push_back(walk);
        track.line = report.verdict.line.as_str().into();
        let first = track.report.replace(Arc::clone(report)).is_none();
        if first {
            kept.reports.push_back(name);
            if kept.reports.len() > REPORTS
                && let Some(oldest) = kept.reports.pop_front()
                && let Some(track) = kept.tracks.get_mut(&oldest)
            {
                track.report = None;
            }
        }
    }

    /// What is known of a target.
    pub(super) fn of(&self, name: &str) -> Track {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tracks.get(name).cloned().unwrap_or_default()
    }

    /// Forgets targets that are in no inventory any more.
    pub(super) fn retain(&self, names: &BTreeSet<&str>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tracks.retain(|name, _| names.contains(name.as_str()));
        kept.reports.retain(|name| names.contains(name.as_str()));
    }
}
