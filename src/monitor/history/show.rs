//! The history as text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::read::{IncidentRow, TargetRow};
use crate::evidence::text::{clean, rfc3339};
use crate::monitor::event::span;
use crate::render::json::escape;
use crate::render::text::count;

/// The longest sentence that is shown, in characters.
const LONGEST: usize = 400;

/// What differs between the evidence of an incident and the last good walk before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinceGood {
    /// That walk.
    pub walk: i64,
    /// Facts of the first hop at which the two differ.
    pub changed: Vec<String>,
}

/// [`SinceGood`] by the walk that is the evidence.
pub type Changes = BTreeMap<i64, SinceGood>;

/// For people. `again` is the command that prints it, up to the number of a walk.
#[must_use]
pub fn human(
    incidents: &[IncidentRow],
    targets: &[TargetRow],
    changes: &Changes,
    again: &str,
) -> String {
    let mut out = String::new();
    for past in incidents {
        let service = if past.subject == "service" { "service " } else { "" };
        let state = match past.condition.as_str() {
            // It was opened in a lost file.
            "" => "UNKNOWN".to_owned(),
            condition => condition.replace('_', " ").to_uppercase(),
        };
        let at = past.hop.as_ref().map_or_else(String::new, |hop| format!(" at {hop}"));
        let cause = past.cause.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"));
        let told = if past.told { past.severity.as_str() } else { "muted" };
        let began = when(past.began);
        let line = format!("{}  {service}{state}{at}{cause}, {told}", past.target);
        out.push_str(&format!("{}\n", clean(&line, LONGEST)));
        out.push_str(&match (past.ended, past.lasted) {
            (Some(ended), lasted) => {
                let lasted = lasted.unwrap_or(ended.saturating_sub(past.began));
                format!("  {began} to {}, {}\n", when(ended), span(lasted))
            }
            (None, _) => format!("  {began}, still open\n"),
        });
        if let Some(message) = &past.message {
            let confidence = past
                .confidence
                .as_ref()
                .map_or_else(String::new, |confidence| format!("{confidence}: "));
            out.push_str(&format!("  {}\n", clean(&format!("{confidence}{message}"), LONGEST)));
        }
        if let Some(walk) = past.walk {
            out.push_str(&format!("  evidence: {again}--walk {walk}\n"));
            if let Some(since) = changes.get(&walk) {
                let changed = clean(&since.changed.join("; "), LONGEST);
                out.push_str(&format!("  since the last good walk ({}): {changed}\n", since.walk));
            }
        }
        out.push('\n');
    }
    let walks: i64 = targets.iter().map(|watched| watched.walks).sum();
    let open = incidents.iter().filter(|past| past.ended.is_none()).count();
    let first = targets.iter().map(|watched| watched.first).min();
    let since = first.map_or_else(String::new, |first| format!(" since {}", when(first)));
    out.push_str(&format!(
        "{}, {}{since}: {}, {open} open\n",
        count(targets.len() as u64, "target"),
        count(u64::try_from(walks).unwrap_or(0), "walk"),
        count(incidents.len() as u64, "incident"),
    ));
    out
}

/// For programs.
#[must_use]
pub fn json(incidents: &[IncidentRow], targets: &[TargetRow], changes: &Changes) -> String {
    let incidents: Vec<Value> = incidents
        .iter()
        .map(|past| {
            let mut value = json!(past);
            if let Some(fields) = value.as_object_mut() {
                let lasted = past.lasted.map(|ms| ms as f64 / 1e3);
                fields.insert("began".to_owned(), json!(when(past.began)));
                fields.insert("ended".to_owned(), json!(past.ended.map(when)));
                fields.insert("lasted_seconds".to_owned(), json!(lasted));
                if let Some(since) = past.walk.and_then(|walk| changes.get(&walk)) {
                    fields.insert("last_good_walk".to_owned(), json!(since.walk));
                    fields.insert("changed".to_owned(), json!(since.changed));
                }
            }
            value
        })
        .collect();
    let targets: Vec<Value> = targets
        .iter()
        .map(|watched| {
            let mut value = json!(watched);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("first".to_owned(), json!(when(watched.first)));
                fields.insert("last".to_owned(), json!(when(watched.last)));
            }
            value
        })
        .collect();
    let all = json!({ "version": "1.0", "incidents": incidents, "targets": targets });
    escape(&format!("{all:#}\n"))
}

fn when(milliseconds: i64) -> String {
    rfc3339(milliseconds.div_euclid(1000))
}
