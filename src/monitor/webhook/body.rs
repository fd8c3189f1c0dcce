//! The body of a webhook's call, in the shape that its receiver reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::diagnose::reading::word;
use crate::evidence::text::{clean, rfc3339};
use crate::inventory::WebhookShape;
use crate::monitor::event::{Event, Kind, Severity};
use crate::monitor::group::Notice;

/// Version of the generic body, `major.minor`.
pub const VERSION: &str = "1.1";
/// Events of one generic body; a notice of more is sent in parts.
const MOST_EVENTS: usize = 100;
/// Characters of the first line for people. Slack cuts at 40,000 and wants fewer than 4,000; Teams
/// refuses a message of more than 28 KB, in practice of 21,000 bytes, and a character is four at
/// most.
const MOST_TEXT: usize = 2_000;
/// Characters of each further line.
const MOST_ASIDE: usize = 250;

/// The labels of the targets by name.
pub type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// What a body says besides its events.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// This machine.
    pub host: &'a str,
    /// The targets' labels.
    pub labels: &'a Labels,
    /// The command that lists the history, ready for a target's name; none without a history.
    pub history: Option<&'a str>,
}

impl Sender<'_> {
    /// The command that shows the incidents of a target and the reports that are their evidence.
    fn evidence(&self, event: &Event) -> Option<String> {
        event.incident.as_ref()?;
        Some(format!("{} {}", self.history?, word(&event.target)))
    }
}

/// The bodies of a notice, each with the events that it is about.
#[must_use]
pub fn bodies(
    notice: &Notice,
    shape: WebhookShape,
    sender: &Sender<'_>,
) -> Vec<(Value, Vec<Event>)> {
    let all = || notice.events.clone();
    match shape {
        WebhookShape::Generic => notice
            .events
            .chunks(MOST_EVENTS)
            .map(|events| (generic(notice, events, sender), events.to_vec()))
            .collect(),
        WebhookShape::Slack => vec![(slack(notice, sender), all())],
        WebhookShape::Teams => vec![(teams(notice, sender), all())],
    }
}

/// The body of a heartbeat; `figures` are of the watch itself.
#[must_use]
pub fn heartbeat(figures: &Value, host: &str) -> Value {
    json!({
        "version": VERSION,
        "tool": tool(),
        "host": host,
        "kind": "heartbeat",
        "watch": figures,
    })
}

/// The body of a test: nothing has happened.
#[must_use]
pub fn test(shape: WebhookShape, host: &str) -> Value {
    let line = "test: this webhook can be reached; nothing has happened";
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
            let text = format!("{line}\nfrom {}", slack_text(host, MOST_ASIDE));
            json!({ "text": text, "mrkdwn": false })
        }
        WebhookShape::Teams => {
            card(vec![block(line), block(&format!("from {}", teams_text(host, MOST_ASIDE)))])
        }
    }
}

fn tool() -> Value {
    json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
}

fn generic(notice: &Notice, events: &[Event], sender: &Sender<'_>) -> Value {
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
                    "sure": cause.sure.map(crate::diagnosis::Sure::word),
                    "says": cause.says,
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

/// `page`, or `over` for what ended.
fn urgency(event: &Event) -> &'static str {
    match event.kind {
        Kind::Closed => "over",
        _ => event.severity.id(),
    }
}

/// The lines below the first one: when it began, what was seen, what to do first, and where the
/// evidence is; nothing for what ended.
fn details(notice: &Notice, sender: &Sender<'_>) -> Vec<String> {
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

/// Without Slack's own markup: nothing in a name or a sentence is bold, code or a link.
fn slack(notice: &Notice, sender: &Sender<'_>) -> Value {
    let first = notice.events.first().map_or("", urgency);
    let mut text = format!("{first}: {}", slack_text(&notice.line, MOST_TEXT));
    for line in details(notice, sender) {
        text.push_str(&format!("\n{}", slack_text(&line, MOST_ASIDE)));
    }
    text.push_str(&format!("\nfrom {}", slack_text(sender.host, MOST_ASIDE)));
    json!({ "text": text, "mrkdwn": false })
}

/// The three characters that Slack gives a meaning all the same (links and mentions begin with
/// `<`).
fn slack_text(text: &str, most: usize) -> String {
    shown(text, most).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Cut where it is too long as it is shown: what is escaped is longer than it was.
fn shown(text: &str, most: usize) -> String {
    clean(&clean(text, most), most)
}

fn teams(notice: &Notice, sender: &Sender<'_>) -> Value {
    let first = notice.events.first().map_or("", urgency);
    let color = match first {
        "page" => "Attention",
        "over" => "Good",
        _ => "Warning",
    };
    let mut body = vec![json!({
        "type": "TextBlock", "text": format!("{first}: {}", teams_text(&notice.line, MOST_TEXT)),
        "wrap": true, "weight": "Bolder", "color": color,
    })];
    body.extend(details(notice, sender).iter().map(|line| block(&teams_text(line, MOST_ASIDE))));
    body.push(block(&format!("from {}", teams_text(sender.host, MOST_ASIDE))));
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

/// Cards read a part of Markdown: what could be a link or a style is plain text here.
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
