//! One watched target, and what the history keeps of its walks.

use std::rc::Rc;

use tokio::time::Instant;

use super::schedule::Schedule;
use crate::diagnosis::State;
use crate::evidence::{Evidence, Hop, Observed};
use crate::inventory::Entry;
use crate::monitor::changed::changed_since;
use crate::monitor::event::{Event, Kind, Subject};
use crate::monitor::history::Record;
use crate::monitor::observation::Observation;
use crate::monitor::state::TargetState;
use crate::render;
use crate::report::Report;

/// How often a report is kept while the target stays bad, in milliseconds.
const REPORT_INTERVAL_MS: i64 = 3_600_000;

/// One target.
pub(super) struct WatchedTarget {
    /// Its generation: a name may be removed from the inventory and come back.
    pub(super) generation: u64,
    pub(super) entry: Rc<Entry>,
    pub(super) machine: TargetState,
    pub(super) schedule: Schedule,
    pub(super) walking: bool,
    /// When its newest walk began.
    pub(super) began: Instant,
    /// When its newest walk ended, or when it was added.
    pub(super) last: Instant,
    /// State and cause of the newest walk, and when a report was last kept.
    pub(super) last_result: Option<(State, Option<String>)>,
    pub(super) report_kept: Option<i64>,
    /// The report of the newest walk that worked, as JSON, which is a fraction of its size.
    pub(super) last_good: Option<String>,
}

impl WatchedTarget {
    /// Keeps the report of a walk that works; of another one, says in its events what differs from
    /// it. Where none is known, the events keep what the state remembers.
    pub(super) fn compare_with_last_good(&mut self, report: &Report, events: &mut [Event]) {
        if report.verdict.state == State::Works {
            self.last_good = render::json::compact(report).ok();
            return;
        }
        let is_news = |event: &&mut Event| {
            event.subject == Subject::Path
                && matches!(event.kind, Kind::Opened | Kind::CauseRefined)
        };
        let mut news = events.iter_mut().filter(is_news).peekable();
        if news.peek().is_none() {
            return;
        }
        let Some(good) = self.last_good.as_deref() else { return };
        let changed = changed_since(good, report);
        if !changed.is_empty() {
            news.for_each(|event| event.changed.clone_from(&changed));
        }
    }

    /// The history's record of a walk. Its report is kept if it has a new result, while a condition is
    /// being confirmed, and at intervals while the target stays bad.
    pub(super) fn record(
        &mut self,
        seen: &Observation,
        report: Option<&Report>,
        events: &[Event],
        to_deliver: bool,
    ) -> Record {
        let cause = report.and_then(Report::cause);
        let state = report.map_or(State::CannotTell, |report| report.verdict.state);
        let last_result = (state, cause.map(|cause| cause.id.clone()));
        let long_ago = self
            .report_kept
            .is_none_or(|kept| seen.mono.saturating_sub(kept) >= REPORT_INTERVAL_MS);
        let keep_report = self.last_result.as_ref() != Some(&last_result)
            || !events.is_empty()
            || report.is_some_and(|report| report.evidence.azure.is_some())
            || self.machine.in_doubt()
            || state != State::Works && long_ago;
        self.last_result = Some(last_result);
        if keep_report {
            self.report_kept = Some(seen.mono);
        }
        let text =
            report.filter(|_| keep_report).and_then(|report| render::json::compact(report).ok());
        Record {
            target: seen.target.clone(),
            at: seen.at,
            state: state.id(),
            cause: cause.map(|cause| cause.id.clone()),
            hop: cause.map(|cause| cause.hop.name()),
            took_ms: report.map_or(0.0, |report| report.evidence.cost.took_ms),
            times: report.map(|report| times(&report.evidence)).unwrap_or_default(),
            status: seen.facts.status,
            report: text,
            machine: serde_json::to_string(&self.machine).unwrap_or_default(),
            events: events.to_vec(),
            to_deliver,
        }
    }
}

/// The time of each hop that ran, in milliseconds.
fn times(e: &Evidence) -> Vec<(&'static str, f64)> {
    let tcp = e.tcp.value().and_then(|tcp| tcp.walked_attempt()).map(|attempt| attempt.took_ms);
    let http = e.http.value().and_then(|http| http.main()).map(|call| call.took_ms);
    [
        (Hop::Dns, e.dns.first_address_ms),
        (Hop::Tcp, tcp),
        (Hop::Proxy, e.proxy.took_ms()),
        (Hop::Tls, Observed::took_ms(&e.tls)),
        (Hop::Http, http),
    ]
    .into_iter()
    .filter_map(|(hop, ms)| Some((hop.name(), ms?)))
    .collect()
}
