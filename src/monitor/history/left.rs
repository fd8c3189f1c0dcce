//! What an earlier run left in the file.

use crate::monitor::event::{Event, Kind};
use crate::monitor::state::Machine;

/// Webhook events that are older are not sent after a restart, in milliseconds.
const LATE: i64 = 3_600_000;

/// What an earlier run left.
#[derive(Debug, Default)]
pub struct Left {
    /// The state machines by target.
    pub machines: Vec<Machine>,
    /// Events for the webhook that had not arrived, oldest first.
    pub undelivered: Vec<Event>,
    /// The ends of open incidents that no machine knows: nothing else would ever end them. They
    /// are not in the file yet.
    pub lost: Vec<Event>,
}

/// What an earlier run left. A machine that cannot be read is begun anew.
pub(super) fn left(from: &rusqlite::Connection, now: i64) -> Left {
    let rows = |sql: &str| -> rusqlite::Result<Vec<String>> {
        from.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let machines = rows("SELECT saved FROM machines ORDER BY target").unwrap_or_default();
    // Nobody is told that something began which is over, when its end has been told.
    let _ = from.execute(
        "UPDATE events SET pending = 0
         WHERE pending AND kind IN ('opened', 'sharpened', 'noted')
           AND incident IN (SELECT id FROM incidents WHERE ended IS NOT NULL)
           AND incident NOT IN (SELECT incident FROM events
                                WHERE pending AND kind = 'closed' AND incident IS NOT NULL)",
        [],
    );
    let events = rows("SELECT body FROM events WHERE pending ORDER BY id").unwrap_or_default();
    let machines: Vec<Machine> =
        machines.iter().filter_map(|saved| serde_json::from_str(saved).ok()).collect();
    let mut lost = open_incidents(from, now).unwrap_or_default();
    let known = |id: &str| machines.iter().flat_map(Machine::open).any(|(_, open)| open.id == id);
    lost.retain(|event| event.incident.as_deref().is_none_or(|id| !known(id)));
    Left {
        machines,
        lost,
        undelivered: events
            .iter()
            .filter_map(|body| serde_json::from_str::<Event>(body).ok())
            .filter(|event| now.saturating_sub(event.at) <= LATE)
            .collect(),
    }
}

/// What is open, each as the event that ends it since its machine is lost.
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
        let newest: Event = serde_json::from_str(&body).ok()?;
        Some(Event {
            kind: Kind::Closed,
            changed: Vec::new(),
            note: Some("its walks could not be read after a restart; it is judged anew".to_owned()),
            at: now,
            lasted: Some(now.saturating_sub(began).max(0)),
            muted: !told,
            ..newest
        })
    });
    Ok(events.collect())
}
