//! The body of a webhook's call, in the shape that its receiver reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::evidence::text::{clean, rfc3339};
use crate::inventory::WebhookShape;
use crate::monitor::event::{Event, Kind, Severity};
use crate::monitor::group::Notice;

/// Version of the generic body, `major.minor`.
pub const VERSION: &str = "1.0";
/// Events of one generic body; a notice of more is sent in parts.
const MOST_EVENTS: usize = 100;
/// Characters of a text for people. Slack cuts at 40,000 and wants fewer than 4,000; Teams refuses
/// a message of more than 28 KB, in practice of 21,000 octets, and a character is four at most.
const MOST_TEXT: usize = 3_000;
/// Characters of what is said beside it.
const MOST_ASIDE: usize = 300;

/// The labels of the targets by name.
pub type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// The bodies of a notice, each with the events that it tells. `host` is this machine.
#[must_use]
pub fn bodies(
    notice: &Notice,
    shape: WebhookShape,
    host: &str,
    labels: &Labels,
) -> Vec<(Value, Vec<Event>)> {
    let all = || notice.events.clone();
    match shape {
        WebhookShape::Generic => notice
            .events
            .chunks(MOST_EVENTS)
            .map(|events| (generic(notice, events, host, labels), events.to_vec()))
            .collect(),
        WebhookShape::Slack => vec![(slack(notice, host), all())],
        WebhookShape::Teams => vec![(teams(notice, host), all())],
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

fn tool() -> Value {
    json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
}

fn generic(notice: &Notice, events: &[Event], host: &str, labels: &Labels) -> Value {
    let Some(first) = events.first() else { return Value::Null };
    let events: Vec<Value> = events
        .iter()
        .map(|event| {
            json!({
                "target": event.target,
                "labels": labels.get(&event.target),
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
                })),
                "changed": event.changed,
                "note": event.note,
                "at": rfc3339(event.at.div_euclid(1000)),
                "lasted_seconds": event.lasted.map(|ms| ms as f64 / 1e3),
            })
        })
        .collect();
    json!({
        "version": VERSION,
        "tool": tool(),
        "host": host,
        "kind": first.kind.id(),
        "severity": first.severity.id(),
        "subject": first.subject.id(),
        "state": first.condition.id(),
        "line": notice.line,
        "targets": notice.events.len(),
        "events": events,
    })
}

/// `page`, or `over` for what ended.
fn word(event: &Event) -> &'static str {
    match event.kind {
        Kind::Closed => "over",
        _ => event.severity.id(),
    }
}

/// What `aoai-probe explain` has more of.
fn explains(notice: &Notice) -> Option<String> {
    let event = notice.events.first()?;
    let cause = event.cause.as_ref().filter(|cause| cause.hop.is_some())?;
    let open = event.kind != Kind::Closed && event.severity > Severity::Owner;
    let owner = cause.owner.as_ref().map(|owner| format!("{owner} can mend it; "));
    open.then(|| format!("{}aoai-probe explain {}", owner.unwrap_or_default(), cause.id))
}

/// Without Slack's own markup: nothing in a name or a sentence is bold, code or a link.
fn slack(notice: &Notice, host: &str) -> Value {
    let first = notice.events.first().map_or("", word);
    let mut text = format!("{first}: {}", slack_text(&notice.line, MOST_TEXT));
    if let Some(more) = explains(notice) {
        text.push_str(&format!("\n{}", slack_text(&more, MOST_ASIDE)));
    }
    text.push_str(&format!("\nfrom {}", slack_text(host, MOST_ASIDE)));
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

fn teams(notice: &Notice, host: &str) -> Value {
    let first = notice.events.first().map_or("", word);
    let color = match first {
        "page" => "Attention",
        "over" => "Good",
        _ => "Warning",
    };
    let block = |text: &str| json!({ "type": "TextBlock", "text": text, "wrap": true });
    let mut body = vec![json!({
        "type": "TextBlock", "text": format!("{first}: {}", teams_text(&notice.line, MOST_TEXT)),
        "wrap": true, "weight": "Bolder", "color": color,
    })];
    body.extend(explains(notice).map(|more| block(&teams_text(&more, MOST_ASIDE))));
    body.push(block(&format!("from {}", teams_text(host, MOST_ASIDE))));
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
