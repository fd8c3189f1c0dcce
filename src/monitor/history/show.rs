//! A history as text.

use serde_json::{Value, json};

use super::read::{Past, Watched};
use crate::evidence::text::{clean, rfc3339};
use crate::monitor::event::span;
use crate::render::words::count;

/// Longest sentence that is shown, in characters.
const LONGEST: usize = 400;

/// For people. `again` is the command that wrote it, up to the number of a walk.
#[must_use]
pub fn human(incidents: &[Past], targets: &[Watched], again: &str) -> String {
    let mut out = String::new();
    for past in incidents {
        let service = if past.subject == "service" { "service " } else { "" };
        let state = match past.condition.as_str() {
            // It began in a file that is lost.
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
        if let Some(says) = &past.says {
            let sure = past.sure.as_ref().map_or_else(String::new, |sure| format!("{sure}: "));
            out.push_str(&format!("  {sure}{}\n", clean(says, LONGEST)));
        }
        if let Some(walk) = past.walk {
            out.push_str(&format!("  evidence: {again}--walk {walk}\n"));
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
pub fn json(incidents: &[Past], targets: &[Watched]) -> String {
    let incidents: Vec<Value> = incidents
        .iter()
        .map(|past| {
            let mut value = json!(past);
            if let Some(fields) = value.as_object_mut() {
                let lasted = past.lasted.map(|ms| ms as f64 / 1e3);
                fields.insert("began".to_owned(), json!(when(past.began)));
                fields.insert("ended".to_owned(), json!(past.ended.map(when)));
                fields.insert("lasted_seconds".to_owned(), json!(lasted));
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
    format!("{all:#}\n")
}

fn when(milliseconds: i64) -> String {
    rfc3339(milliseconds.div_euclid(1000))
}
