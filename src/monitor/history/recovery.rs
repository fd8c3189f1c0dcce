//! What an earlier run left in the file.

use crate::monitor::event::{Event, Kind};
use crate::monitor::state::TargetState;

/// Events that are older than this are not sent to the webhook after a restart, in milliseconds.
const MAX_DELIVERY_AGE: i64 = 3_600_000;

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct RecoveredState {
    /// The states of the targets.
    pub machines: Vec<TargetState>,
    /// Events for the webhook that had not been delivered, oldest first.
    pub undelivered: Vec<Event>,
    /// The closing events of open incidents that no state knows: nothing else would ever close them.
    /// They are not in the file yet.
    pub lost: Vec<Event>,
}

/// Reads what an earlier run left. A state that cannot be read starts anew.
pub(super) fn recover(from: &rusqlite::Connection, now: i64) -> RecoveredState {
    let rows = |sql: &str| -> rusqlite::Result<Vec<String>> {
        from.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let machines = rows("SELECT saved FROM machines ORDER BY target").unwrap_or_default();
    // The begin of an incident is not reported after its end has been.
    let _ = from.execute(
        "UPDATE events SET pending = 0
         WHERE pending AND kind IN ('opened', 'sharpened', 'noted')
           AND incident IN (SELECT id FROM incidents WHERE ended IS NOT NULL)
           AND incident NOT IN (SELECT incident FROM events
                                WHERE pending AND kind = 'closed' AND incident IS NOT NULL)",
        [],
    );
    let events = rows("SELECT body FROM events WHERE pending ORDER BY id").unwrap_or_default();
    let machines: Vec<TargetState> =
        machines.iter().filter_map(|saved| serde_json::from_slice(saved.as_bytes()).ok()).collect();
    let mut lost = open_incidents(from, now).unwrap_or_default();
    let known =
        |id: &str| machines.iter().flat_map(TargetState::open).any(|(_, open)| open.id == id);
    lost.retain(|event| event.incident.as_deref().is_none_or(|id| !known(id)));
    RecoveredState {
        machines,
        lost,
        undelivered: events
            .iter()
            .filter_map(|body| serde_json::from_slice::<Event>(body.as_bytes()).ok())
            .filter(|event| now.saturating_sub(event.at) <= MAX_DELIVERY_AGE)
            .collect(),
    }
}

/// Open incidents, each as the event that closes it because the state of its target is lost.
pub(super) fn open_incidents(
    from: &rusqlite::Connection,
    now: i64,
) -> rusqlite::Result<Vec<Event>> {
    let found: Vec<(String, i64, bool)> = from
        .prepare(
            "SELECT (SELECT body FROM events WHERE incident = incidents.id AND target = incidents.target
                       AND kind IN ('opened', 'sharpened') ORDER BY events.id DESC LIMIT 1) newest,
                    began, told
             FROM incidents WHERE ended IS NULL AND newest IS NOT NULL ORDER BY began, id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let events = found.into_iter().filter_map(|(body, began, told)| {
        let newest: Event = serde_json::from_slice(body.as_bytes()).ok()?;
        Some(Event {
            kind: Kind::Closed,
            changed: Vec::new(),
            note: Some(
                "its walks could not be read after a restart; the target is judged anew".to_owned(),
            ),
            at: now,
            lasted: Some(now.saturating_sub(began).max(0)),
            muted: !told,
            ..newest
        })
    });
    Ok(events.collect())
}
