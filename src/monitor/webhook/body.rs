//! The body of a webhook's call, in the shape that its receiver expects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnose::reading::word;
use crate::evidence::text::{clean, rfc3339};
use crate::inventory::WebhookShape;
use crate::monitor::event::{Event, Kind, Severity};
use crate::monitor::group::Notification;

/// Version of the generic body, `major.minor`.
pub const VERSION: &str = "1.1";
/// Events in one generic body; a notification with more is sent in parts.
const MAX_EVENTS: usize = 100;
/// Characters of the first line for people. Slack cuts at 40,000 and recommends fewer than 4,000;
/// Teams rejects a message of more than 28 KB, in practice of 21,000 bytes, and a character takes up
/// to four.
const MAX_TEXT: usize = 2_000;
/// Characters of each further line.
const MAX_ASIDE: usize = 250;

/// The labels of the targets by name.
pub type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// What a body contains besides its events.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// This machine.
    pub host: &'a str,
    /// The targets' labels.
    pub labels: &'a Labels,
    /// The command that lists the history, up to the name of a target; none without a history.
    pub history: Option<&'a str>,
}

impl Sender<'_> {
    /// The command that lists the incidents of a target with the reports that are their evidence.
    fn evidence(&self, event: &Event) -> Option<String> {
        event.incident.as_ref()?;
        Some(format!("{} {}", self.history?, word(&event.target)))
    }
}

/// The bodies of a notification, each with its events.
#[must_use]
pub fn bodies(
    notice: &Notification,
    shape: WebhookShape,
    sender: &Sender<'_>,
) -> Vec<(Value, Vec<Event>)> {
    let all = || notice.events.clone();
    match shape {
        WebhookShape::Generic => notice
            .events
            .chunks(MAX_EVENTS)
            .map(|events| (generic(notice, events, sender), events.to_vec()))
            .collect(),
        WebhookShape::Slack => vec![(slack(notice, sender), all())],
        WebhookShape::Teams => vec![(teams(notice, sender), all())],
    }
}

/// The body of a heartbeat; `stats` are about the watch itself.
#[must_use]
pub fn heartbeat(stats: &Value, host: &str) -> Value {
    json!({
        "version": VERSION,
        "tool": tool(),
        "host": host,
        "kind": "heartbeat",
        "watch": stats,
    })
}

/// The body of a test.
#[must_use]
pub fn test(shape: WebhookShape, host: &str) -> Value {
    let line = "test: this webhook works; nothing has happened";
    match shape {
        WebhookShape::Generic => json!({
            "version": VERSION,
            "tool": tool(),
            "host": host,
            "kind": "test",
            "severity": Severity::Info.id(),
            "line": line,
            "targets": 0,
            "events": [],
        }),
        WebhookShape::Slack => {
            let text = format!("{line}\nfrom {}", slack_text(host, MAX_ASIDE));
            json!({ "text": text, "mrkdwn": false })
        }
        WebhookShape::Teams => {
            card(vec![block(line), block(&format!("from {}", teams_text(host, MAX_ASIDE)))])
        }
    }
}

fn tool() -> Value {
    json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
}

fn generic(notice: &Notification, events: &[Event], sender: &Sender<'_>) -> Value {
    let Some(first) = events.first() else { return Value::Null };
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            json!({
                "target": event.target,
                "labels": sender.labels.get(&event.target),
                "incident": event.incident,
                "state": event.condition.id(),
                "line": event.line(),
                "cause": event.cause.as_ref().map(|cause| json!({
                    "finding": cause.id,
                    "hop": cause.hop.map(crate::evidence::Hop::name),
                    "confidence": cause.confidence.map(crate::diagnosis::Confidence::word),
                    "headline": cause.message,
                    "via": cause.via,
                    "owner": cause.owner,
                    "fact": cause.fact,
                    "first_step": cause.first_step,
                })),
                "changed": event.changed,
                "note": event.note,
                "evidence": sender.evidence(event),
                "began": event.began().map(when),
                "confirmed": event.confirmed.map(when),
                "at": when(event.at),
                "lasted_seconds": event.lasted.map(|ms| ms as f64 / 1e3),
            })
        })
        .collect();
    json!({
        "version": VERSION,
        "tool": tool(),
        "host": sender.host,
        "kind": first.kind.id(),
        "severity": first.severity.id(),
        "subject": first.subject.id(),
        "state": first.condition.id(),
        "line": notice.line,
        "targets": notice.events.len(),
        "events": events,
    })
}

fn when(milliseconds: i64) -> String {
    rfc3339(milliseconds.div_euclid(1000))
}

/// `page` and so on, or `over` for a closed incident.
fn urgency(event: &Event) -> &'static str {
    match event.kind {
        Kind::Closed => "over",
        _ => event.severity.id(),
    }
}

/// The lines below the first one: when it began, the first fact, the first step, and the evidence;
/// nothing for a closed incident.
fn details(notice: &Notification, sender: &Sender<'_>) -> Vec<String> {
    let Some(event) = notice.events.first() else { return Vec::new() };
    let Some(cause) = event.cause.as_ref().filter(|_| event.kind != Kind::Closed) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if let (Some(began), Some(confirmed)) = (event.began(), event.confirmed) {
        lines.push(format!("began {}, confirmed {}", when(began), when(confirmed)));
    }
    lines.extend(cause.fact.iter().map(|fact| format!("seen: {fact}")));
    lines.extend(cause.first_step.iter().map(|step| format!("first: {step}")));
    lines.extend(sender.evidence(event).map(|command| format!("evidence: {command}")));
    if cause.hop.is_some() && event.severity > Severity::Owner {
        let owner = cause.owner.as_ref().map(|owner| format!("{owner} can fix it; "));
        lines.push(format!("{}aoai-probe explain {}", owner.unwrap_or_default(), cause.id));
    }
    lines
}

/// Without Slack's markup: nothing in a name or a sentence becomes bold, code or a link.
fn slack(notice: &Notification, sender: &Sender<'_>) -> Value {
    let first = notice.events.first().map_or("", urgency);
    let mut text = format!("{first}: {}", slack_text(&notice.line, MAX_TEXT));
    for line in details(notice, sender) {
        text.push_str(&format!("\n{}", slack_text(&line, MAX_ASIDE)));
    }
    text.push_str(&format!("\nfrom {}", slack_text(sender.host, MAX_ASIDE)));
    json!({ "text": text, "mrkdwn": false })
}

/// Escapes the three characters that Slack interprets even then (links and mentions start with `<`).
fn slack_text(text: &str, most: usize) -> String {
    shown(text, most).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cut to length after escaping, which makes it longer.
fn shown(text: &str, most: usize) -> String {
    clean(&clean(text, most), most)
}

fn teams(notice: &Notification, sender: &Sender<'_>) -> Value {
    let first = notice.events.first().map_or("", urgency);
    let color = match first {
        "page" => "Attention",
        "over" => "Good",
        _ => "Warning",
    };
    let mut body = vec![json!({
        "type": "TextBlock", "text": format!("{first}: {}", teams_text(&notice.line, MAX_TEXT)),
        "wrap": true, "weight": "Bolder", "color": color,
    })];
    body.extend(details(notice, sender).iter().map(|line| block(&teams_text(line, MAX_ASIDE))));
    body.push(block(&format!("from {}", teams_text(sender.host, MAX_ASIDE))));
    card(body)
}

fn block(text: &str) -> Value {
    json!({ "type": "TextBlock", "text": text, "wrap": true })
}

fn card(body: Vec<Value>) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
            },
        }],
    })
}

/// Cards interpret a part of Markdown: links and styles are escaped here.
fn teams_text(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown(text, most).chars() {
        if matches!(c, '\\' | '[' | ']' | '*' | '_' | '`' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
