//! Each shape against what its receiver documents: Slack's incoming webhooks
//! (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks), Teams's workflows
//! (learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors) and the schema of
//! adaptive cards 1.4.

use super::*;
use crate::evidence::Hop;
use crate::monitor::confirm::Condition;
use crate::monitor::event::Subject;
use crate::monitor::group;
use crate::monitor::observation::Cause;

/// Everything that Slack, Markdown or HTML interprets.
const HOSTILE: &str = "a*b*_c_~d~`e`[f](https://x.example) <!channel> <at>g</at> #h & \\i";

fn event(target: &str, kind: Kind, message: &str) -> Event {
    Event {
        kind,
        target: target.to_owned(),
        subject: Subject::Path,
        severity: Severity::Page,
        condition: if kind == Kind::Closed { Condition::Works } else { Condition::Broken },
        incident: Some(format!("{target}/path/1.1")),
        cause: Some(Cause {
            id: "dns-zone-not-linked".to_owned(),
            hop: Some(Hop::Dns),
            confidence: Some(crate::diagnosis::Confidence::Inferred),
            message: message.to_owned(),
            via: Some("resolver 10.1.0.10".to_owned()),
            owner: Some("DNS".to_owned()),
            fact: Some("myacct.openai.azure.com -> 20.62.58.5 (public)".to_owned()),
            first_step: Some("dig myacct.openai.azure.com @10.1.0.10".to_owned()),
            azure: None,
        }),
        changed: vec!["address 10.3.0.5 -> 20.62.58.5".to_owned()],
        note: None,
        at: 1_795_327_499_000,
        confirmed: Some(1_795_327_499_000),
        lasted: Some(1_500),
        muted: false,
    }
}

fn one(shape: WebhookShape, event: Event, host: &str, labels: &Labels) -> Value {
    let notice = group::notifications(vec![event]).remove(0);
    let sender = Sender { host, labels, history: Some("aoai-probe history --history h.db") };
    let mut bodies = bodies(&notice, shape, &sender);
    assert_eq!(bodies.len(), 1);
    bodies.remove(0).0
}

fn keys(of: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        of.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_generic_body_is_as_documented() {
    let own = [("team".to_owned(), "a \"quoted\"\nvalue \u{1f600}".to_owned())];
    let labels = Labels::from([(HOSTILE.to_owned(), own.into())]);
    let body = one(WebhookShape::Generic, event(HOSTILE, Kind::Opened, "why"), "jump-1", &labels);
    let documented: Value = include_str!("../../../docs/watch.md")
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .and_then(|text| serde_json::from_str(text).ok())
        .expect("the page shows a body");
    assert_eq!(keys(&body), keys(&documented));
    let (first, shown) = (&body["events"][0], &documented["events"][0]);
    assert_eq!(keys(first), keys(shown));
    assert_eq!(keys(&first["cause"]), keys(&shown["cause"]));
    assert_eq!(keys(&body["tool"]), keys(&documented["tool"]));
    assert_eq!((&body["version"], &body["kind"]), (&documented["version"], &documented["kind"]));
    // Its values arrive unchanged.
    let read: Value = serde_json::from_str(&body.to_string()).expect("JSON");
    assert_eq!(read["events"][0]["target"], HOSTILE);
    assert_eq!(read["events"][0]["labels"]["team"], "a \"quoted\"\nvalue \u{1f600}");
    assert_eq!(read["events"][0]["lasted_seconds"], 1.5);
}

#[test]
fn a_large_notification_is_sent_in_parts_that_contain_every_event_once() {
    let events: Vec<Event> =
        (0..250).map(|n| event(&format!("t{n}"), Kind::Opened, "why")).collect();
    let notice = group::notifications(events.clone()).remove(0);
    let labels = Labels::new();
    let sender = Sender { host: "jump-1", labels: &labels, history: None };
    let parts = bodies(&notice, WebhookShape::Generic, &sender);
    assert_eq!(parts.len(), 3);
    let sent: Vec<Event> = parts.iter().flat_map(|(_, events)| events.clone()).collect();
    assert_eq!(sent, events);
    for (body, events) in &parts {
        assert_eq!(body["targets"], 250);
        let targets: Vec<&Value> =
            body["events"].as_array().expect("a list").iter().map(|e| &e["target"]).collect();
        assert_eq!(targets, events.iter().map(|e| &e.target[..]).collect::<Vec<_>>());
    }
    for shape in [WebhookShape::Slack, WebhookShape::Teams] {
        assert_eq!(bodies(&notice, shape, &sender).len(), 1);
    }
}

#[test]
fn slack_gets_one_text_without_markup() {
    let body =
        one(WebhookShape::Slack, event(HOSTILE, Kind::Opened, HOSTILE), "j<u>mp", &Labels::new());
    assert_eq!(keys(&body), ["mrkdwn", "text"]);
    assert_eq!(body["mrkdwn"], false);
    let text = body["text"].as_str().expect("a text");
    assert!(!text.contains(['<', '>']), "no link, no mention: {text}");
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    assert!(plain.starts_with(&format!("page: {HOSTILE}: BROKEN at dns (dns-zone-not-linked): ")));
    let mut lines = plain.lines().skip_while(|line| !line.starts_with("began "));
    for line in [
        "began 2026-11-22T06:04:57Z, confirmed 2026-11-22T06:04:59Z",
        "seen: myacct.openai.azure.com -> 20.62.58.5 (public)",
        "first: dig myacct.openai.azure.com @10.1.0.10",
        &format!("evidence: aoai-probe history --history h.db '{HOSTILE}'"),
        "DNS can fix it; aoai-probe explain dns-zone-not-linked",
        "from j<u>mp",
    ] {
        assert_eq!(lines.next(), Some(line), "{plain}");
    }
    let over = one(WebhookShape::Slack, event("a", Kind::Closed, "why"), "jump-1", &Labels::new());
    assert_eq!(
        over["text"],
        "over: a: WORKS again after 1 s (dns-zone-not-linked); since the last good walk: address 10.3.0.5 -&gt; 20.62.58.5\nfrom jump-1"
    );
}

#[test]
fn teams_gets_an_adaptive_card() {
    for (kind, color) in [(Kind::Opened, "Attention"), (Kind::Closed, "Good")] {
        let body = one(WebhookShape::Teams, event(HOSTILE, kind, "why"), "jump_1", &Labels::new());
        assert_eq!(keys(&body), ["attachments", "type"]);
        assert_eq!(body["type"], "message");
        let [attachment] = body["attachments"].as_array().expect("a list").as_slice() else {
            panic!("one attachment: {body}")
        };
        assert_eq!(keys(attachment), ["content", "contentType", "contentUrl"]);
        assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
        assert_eq!(attachment["contentUrl"], Value::Null);
        let card = &attachment["content"];
        assert_eq!(keys(card), ["$schema", "body", "type", "version"]);
        assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
        assert_eq!(card["$schema"], "http://adaptivecards.io/schemas/adaptive-card.json");
        let blocks = card["body"].as_array().expect("a list");
        for block in blocks {
            assert_eq!((&block["type"], &block["wrap"]), (&json!("TextBlock"), &json!(true)));
            let known = ["color", "text", "type", "weight", "wrap"];
            assert!(keys(block).iter().all(|key| known.contains(key)), "{block}");
            assert!(block["text"].is_string());
        }
        assert_eq!((&blocks[0]["color"], &blocks[0]["weight"]), (&json!(color), &json!("Bolder")));
        let title = blocks[0]["text"].as_str().expect("a text");
        assert!(!title.contains("a*b") && !title.contains("[f]"), "Markdown: {title}");
        assert!(title.contains("a\\*b\\*\\_c\\_\\~d\\~\\`e\\`\\[f\\](https"), "{title}");
        assert_eq!(blocks.last().expect("blocks")["text"], "from jump\\_1");
    }
}

#[test]
fn no_message_is_larger_than_its_receiver_accepts() {
    for character in ["*", "\\", "\u{1f600}", "&", "\u{e0001}", "\""] {
        let long = character.repeat(20_000);
        let mut large = event(&long, Kind::Opened, &long);
        large.changed = vec![long.clone(); 20];
        let cause = large.cause.as_mut().expect("a cause");
        (cause.owner, cause.id) = (Some(long.clone()), long.clone());
        (cause.fact, cause.first_step) = (Some(long.clone()), Some(long.clone()));
        let teams = one(WebhookShape::Teams, large.clone(), &long, &Labels::new()).to_string();
        assert!(teams.len() <= 21_000, "{character}: {} bytes", teams.len());
        let slack = one(WebhookShape::Slack, large, &long, &Labels::new());
        let text = slack["text"].as_str().expect("a text");
        assert!(text.chars().count() <= 40_000, "{character}");
        let plain = text.replace("&amp;", "&");
        assert!(plain.chars().count() < 4_000, "{character}: {}", plain.chars().count());
    }
}
