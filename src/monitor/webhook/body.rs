//! The body of a webhook's call, in the shape that its receiver reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::evidence::text::rfc3339;
use crate::inventory::WebhookShape;
use crate::monitor::event::{Event, Kind, Severity};
use crate::monitor::group::Notice;

/// Version of the generic body, `major.minor`.
pub const VERSION: &str = "1.0";
/// Events of a notice that a body spells out; Slack and Teams bound a message's size.
const MOST_EVENTS: usize = 100;

/// The labels of the targets by name.
pub type Labels = BTreeMap<String, BTreeMap<String, String>>;

/// The body. `host` is this machine.
#[must_use]
pub fn body(notice: &Notice, shape: WebhookShape, host: &str, labels: &Labels) -> Value {
    match shape {
        WebhookShape::Generic => generic(notice, host, labels),
        WebhookShape::Slack => slack(notice, host),
        WebhookShape::Teams => teams(notice, host),
    }
}

fn generic(notice: &Notice, host: &str, labels: &Labels) -> Value {
    let Some(first) = notice.events.first() else { return Value::Null };
    let events: Vec<Value> = notice
        .events
        .iter()
        .take(MOST_EVENTS)
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
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
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

fn slack(notice: &Notice, host: &str) -> Value {
    let first = notice.events.first().map_or("", word);
    let mut text = format!("*{first}* {}", slack_text(&notice.line));
    if let Some(more) = explains(notice) {
        text.push_str(&format!("\n{}", slack_text(&more)));
    }
    text.push_str(&format!("\nfrom {}", slack_text(host)));
    json!({ "text": text })
}

/// The three characters that Slack gives a meaning (links and mentions begin with `<`).
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
        "type": "TextBlock", "text": format!("{first}: {}", teams_text(&notice.line)),
        "wrap": true, "weight": "Bolder", "color": color,
    })];
    body.extend(explains(notice).map(|more| block(&teams_text(&more))));
    body.push(block(&format!("from {}", teams_text(host))));
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
fn teams_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '[' | ']' | '*' | '_' | '`' | '#' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
