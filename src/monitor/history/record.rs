//! The rows of one walk.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::monitor::event::{Event, Kind};

/// Approximate size of an event in memory, in bytes.
const EVENT: usize = 1000;

/// One finished walk, and its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The target's name.
    pub target: String,
    /// Wall clock at its end, in milliseconds since 1970.
    pub at: i64,
    /// `works`, `at_risk`, `broken`, `cannot_tell`.
    pub state: &'static str,
    /// Id of the finding that is the cause.
    pub cause: Option<String>,
    /// Its hop.
    pub hop: Option<&'static str>,
    /// Time of the whole walk, in milliseconds.
    pub took_ms: f64,
    /// Time of each hop that ran, in milliseconds.
    pub times: Vec<(&'static str, f64)>,
    /// Status of the first call.
    pub status: Option<u16>,
    /// The report as JSON, of a walk that changed something or was bad.
    pub report: Option<String>,
    /// The state of the target after it, as JSON; empty if a later one is queued.
    pub machine: String,
    /// Its events.
    pub events: Vec<Event>,
    /// Whether its events go to a webhook, and are pending until they have been delivered.
    pub to_deliver: bool,
}

/// Something to write.
#[derive(Debug, Clone, PartialEq)]
pub enum HistoryWrite {
    /// A walk.
    Walk(Box<Record>),
    /// A target is no longer watched; with the events that close its incidents.
    Removed {
        /// Its name.
        target: String,
        /// Those events.
        events: Vec<Event>,
        /// Whether they go to a webhook, and are pending until they have been delivered.
        to_deliver: bool,
    },
    /// These events have been delivered, or given up.
    Delivered(Vec<Event>),
}

impl HistoryWrite {
    /// Approximate size in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Walk(record) => {
                let report = record.report.as_ref().map_or(0, String::len);
                500 + report + record.machine.len() + EVENT * record.events.len()
            }
            Self::Removed { events, .. } | Self::Delivered(events) => 500 + EVENT * events.len(),
        }
    }

    pub(super) fn write(&self, to: &Connection) -> rusqlite::Result<()> {
        match self {
            Self::Walk(record) => record.write(to),
            Self::Removed { target, events, to_deliver } => {
                to.prepare_cached("DELETE FROM machines WHERE target = ?1")?.execute([target])?;
                events.iter().try_for_each(|event| write_event(to, event, None, *to_deliver))
            }
            Self::Delivered(events) => {
                let mut done = to.prepare_cached(
                    "UPDATE events SET pending = 0
                     WHERE target = ?1 AND at = ?2 AND kind = ?3 AND incident IS ?4",
                )?;
                for event in events {
                    done.execute(params![event.target, event.at, event.kind.id(), event.incident])?;
                }
                Ok(())
            }
        }
    }
}

impl Record {
    fn write(&self, to: &Connection) -> rusqlite::Result<()> {
        let times: serde_json::Map<String, serde_json::Value> =
            self.times.iter().map(|(hop, ms)| ((*hop).to_owned(), (*ms).into())).collect();
        to.prepare_cached(
            "INSERT INTO walks (target, at, state, cause, hop, took_ms, times, status, report)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            self.target,
            self.at,
            self.state,
            self.cause,
            self.hop,
            self.took_ms,
            serde_json::Value::from(times).to_string(),
            self.status,
            self.report,
        ])?;
        let walk = to.last_insert_rowid();
        if !self.machine.is_empty() {
            to.prepare_cached(
                "INSERT INTO machines (target, saved) VALUES (?1, ?2)
                 ON CONFLICT (target) DO UPDATE SET saved = excluded.saved",
            )?
            .execute(params![self.target, self.machine])?;
        }
        let evidence = self.report.as_ref().map(|_| walk);
        for event in &self.events {
            write_event(to, event, evidence, self.to_deliver)?;
        }
        Ok(())
    }
}

/// The walk of a target at a time, where its report is kept.
fn walk_at(to: &Connection, target: &str, at: i64) -> rusqlite::Result<Option<i64>> {
    to.prepare_cached(
        "SELECT id FROM walks WHERE target = ?1 AND at = ?2 AND report IS NOT NULL
         ORDER BY id DESC LIMIT 1",
    )?
    .query_row(params![target, at], |row| row.get(0))
    .optional()
}

/// Writes an event and updates its incident. `evidence` is the walk that it comes from.
fn write_event(
    to: &Connection,
    event: &Event,
    evidence: Option<i64>,
    to_deliver: bool,
) -> rusqlite::Result<()> {
    let body = serde_json::to_string(event).unwrap_or_default();
    let pending = to_deliver && event.should_notify();
    to.prepare_cached(
        "INSERT INTO events (incident, target, at, kind, body, pending)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        event.incident,
        event.target,
        event.at,
        event.kind.id(),
        body,
        pending
    ])?;
    let Some(incident) = &event.incident else { return Ok(()) };
    let lasted = event.lasted.unwrap_or(0);
    let cause = event.cause.as_ref();
    let ends = event.kind == Kind::Closed;
    // The walk that closes an incident is not evidence of it. An incident that was opened in a lost
    // file is inserted here all the same.
    let evidence = evidence.filter(|_| matches!(event.kind, Kind::Opened | Kind::CauseRefined));
    let evidence = match (evidence, cause.and_then(|cause| cause.azure)) {
        (Some(own), Some(asked)) if asked.decides => {
            Some(walk_at(to, &event.target, asked.at)?.unwrap_or(own))
        }
        (own, _) => own,
    };
    to.prepare_cached(
        "INSERT INTO incidents (id, target, subject, condition, severity, began, ended, lasted,
                                cause, hop, sure, says, via, evidence, told)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT (id) DO UPDATE SET
             ended = excluded.ended, lasted = excluded.lasted,
             cause = excluded.cause, hop = excluded.hop, sure = excluded.sure,
             says = excluded.says, via = excluded.via,
             evidence = coalesce(excluded.evidence, evidence),
             told = max(told, excluded.told)",
    )?
    .execute(params![
        incident,
        event.target,
        event.subject.id(),
        // A closing event has the condition that follows.
        if ends { "" } else { event.condition.id() },
        event.severity.id(),
        event.at.saturating_sub(lasted),
        ends.then_some(event.at),
        ends.then_some(lasted),
        cause.map(|c| c.id.as_str()),
        cause.and_then(|c| c.hop).map(crate::evidence::Hop::name),
        cause.and_then(|c| c.confidence).map(crate::diagnosis::Confidence::word),
        cause.map(|c| c.message.as_str()),
        cause.and_then(|c| c.via.as_deref()),
        evidence,
        !event.muted,
    ])?;
    Ok(())
}
