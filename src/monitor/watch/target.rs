//! One target that is watched, and what is kept of its walks.

use std::rc::Rc;

use tokio::time::Instant;

use super::schedule::Schedule;
use crate::diagnosis::State;
use crate::evidence::{Evidence, Hop, Observed};
use crate::inventory::Entry;
use crate::monitor::event::Event;
use crate::monitor::history::Record;
use crate::monitor::observation::Observation;
use crate::monitor::state::Machine;
use crate::report::Report;

/// How often the report of a walk that stays bad is kept, in milliseconds.
const KEEP_BAD: i64 = 3_600_000;

/// One target.
pub(super) struct Watched {
    /// Its number among all that were ever taken in: a name may go and come back.
    pub(super) generation: u64,
    pub(super) entry: Rc<Entry>,
    pub(super) machine: Machine,
    pub(super) schedule: Schedule,
    pub(super) walking: bool,
    /// When its newest walk began.
    pub(super) began: Instant,
    /// When its newest walk ended, or when it was taken in.
    pub(super) last: Instant,
    /// State and cause of the newest walk, and when a report was kept.
    pub(super) said: Option<(State, Option<String>)>,
    pub(super) kept: Option<i64>,
}

impl Watched {
    /// What the history keeps of a walk. Its report is kept when it says something new, while
    /// nothing is confirmed, and now and then while it stays bad.
    pub(super) fn record(
        &mut self,
        seen: &Observation,
        report: Option<&Report>,
        events: &[Event],
        to_deliver: bool,
    ) -> Record {
        let cause = report.and_then(Report::cause);
        let state = report.map_or(State::CannotTell, |report| report.verdict.state);
        let said = (state, cause.map(|cause| cause.id.clone()));
        let long_ago = self.kept.is_none_or(|kept| seen.mono.saturating_sub(kept) >= KEEP_BAD);
        let keeps = self.said.as_ref() != Some(&said)
            || !events.is_empty()
            || self.machine.in_doubt()
            || state != State::Works && long_ago;
        self.said = Some(said);
        if keeps {
            self.kept = Some(seen.mono);
        }
        let text = report.filter(|_| keeps).and_then(|report| serde_json::to_string(report).ok());
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
    let tcp = e.tcp.saw().and_then(|tcp| tcp.walked_attempt()).map(|attempt| attempt.took_ms);
    let http = e.http.saw().and_then(|http| http.main()).map(|call| call.took_ms);
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
