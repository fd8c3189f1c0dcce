//! Groups events with the same cause at the same place into one notification. Pure.

use super::confirm::Condition;
use super::event::{Event, Kind, Severity, Subject};
use crate::sorting;

/// Target names that a notification lists.
const MAX_NAMES: usize = 20;

/// What is sent at once: one event, or several with the same cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The events, in the order in which they happened; never empty.
    pub events: Vec<Event>,
    /// The line for people.
    pub line: String,
}

/// What the events of one notification have in common.
#[derive(PartialEq)]
struct Key<'a> {
    kind: Kind,
    subject: Subject,
    severity: Severity,
    condition: Condition,
    cause: &'a str,
    via: Option<&'a str>,
}

/// None for an event that is sent alone: it has no cause, or a note about its target. For the expiry
/// of a certificate the note is the key: one certificate may serve many targets.
fn key(event: &Event) -> Option<Key<'_>> {
    let (cause, via) = match (event.kind, &event.note) {
        (Kind::Certificate, note) => (note.as_deref()?, None),
        (_, Some(_)) => return None,
        (_, None) => {
            let cause = event.cause.as_ref()?;
            (cause.id.as_str(), cause.via.as_deref())
        }
    };
    Some(Key {
        kind: event.kind,
        subject: event.subject,
        severity: event.severity,
        condition: event.condition,
        cause,
        via,
    })
}

/// Groups events; pages come first, otherwise the order is kept.
#[must_use]
pub fn notifications(events: Vec<Event>) -> Vec<Notification> {
    let mut groups: Vec<Vec<Event>> = Vec::new();
    for event in events {
        let same = key(&event).and_then(|key_of| {
            groups.iter_mut().find(|group| {
                group.first().and_then(key).as_ref() == Some(&key_of)
                    && group.iter().all(|other| other.target != event.target)
            })
        });
        match same {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    sorting::by_key(&mut groups, |g| std::cmp::Reverse(g.first().map(|event| event.severity)));
    groups.into_iter().map(|events| Notification { line: line(&events), events }).collect()
}

fn line(events: &[Event]) -> String {
    let Some(first) = events.first() else { return String::new() };
    if events.len() == 1 {
        return format!("{}: {}", first.target, first.line());
    }
    let mut names: Vec<&str> = events.iter().map(|event| event.target.as_str()).collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let mut list = names.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    if first.kind == Kind::Certificate {
        return format!("{} targets: {} ({list})", events.len(), first.line());
    }
    let cause = first.cause.as_ref().map_or("", |cause| cause.id.as_str());
    let via = first.cause.as_ref().and_then(|cause| cause.via.as_deref());
    let at = via.map_or_else(String::new, |via| format!(" at {via}"));
    let about = if first.subject == Subject::Service { "service " } else { "" };
    let state = match (first.kind, first.condition) {
        (Kind::Closed, Condition::Works) => "WORKS again".to_owned(),
        (Kind::Closed, condition) => format!("ended; now {}", condition.words()),
        (Kind::CauseRefined, condition) => format!("{}, cause refined", condition.words()),
        (_, condition) => condition.words().to_owned(),
    };
    format!("{} targets: {about}{state}: {cause}{at} ({list})", events.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::observation::Cause;

    fn event(target: &str, cause: &str, via: Option<&str>) -> Event {
        Event {
            kind: Kind::Opened,
            target: target.to_owned(),
            subject: Subject::Path,
            severity: Severity::Page,
            condition: Condition::Broken,
            incident: Some(target.to_owned()),
            cause: Some(Cause {
                id: cause.to_owned(),
                hop: Some(crate::evidence::Hop::Dns),
                confidence: None,
                message: "10.1.0.10 gives the public address".to_owned(),
                via: via.map(str::to_owned),
                owner: None,
                fact: None,
                first_step: None,
                azure: None,
            }),
            changed: Vec::new(),
            note: None,
            at: 0,
            confirmed: None,
            lasted: None,
            muted: false,
        }
    }

    #[test]
    fn one_cause_at_one_resolver_is_one_notification() {
        let at =
            |n: usize| event(&format!("t{n}"), "dns-zone-not-linked", Some("resolver 10.1.0.10"));
        let mut events: Vec<Event> = (0..11).map(at).collect();
        events.push(event("other", "dns-zone-not-linked", Some("resolver 10.9.9.9")));
        let notifications = notifications(events);
        assert_eq!(notifications.len(), 2);
        assert!(
            notifications[0].line.starts_with(
                "11 targets: BROKEN: dns-zone-not-linked at resolver 10.1.0.10 (t0, t1,"
            ),
            "{}",
            notifications[0].line
        );
        assert_eq!(
            notifications[1].line,
            "other: BROKEN at dns (dns-zone-not-linked): 10.1.0.10 gives the public address"
        );
    }

    #[test]
    fn two_events_of_one_target_are_two_notifications() {
        let events = vec![event("a", "x", None), event("a", "x", None)];
        assert_eq!(notifications(events).len(), 2);
    }

    #[test]
    fn an_event_with_a_note_is_sent_alone() {
        let blind = |target| Event {
            kind: Kind::Annotated,
            note: Some("it can no longer be judged".to_owned()),
            ..event(target, "x", None)
        };
        let sent = notifications(vec![blind("a"), blind("b")]);
        let lines: Vec<&str> = sent.iter().map(|notice| notice.line.as_str()).collect();
        assert_eq!(lines, ["a: it can no longer be judged", "b: it can no longer be judged"]);
    }

    #[test]
    fn a_certificate_of_several_targets_is_reported_once() {
        let ends = |target: &str, on: &str| Event {
            kind: Kind::Certificate,
            subject: Subject::Certificate,
            severity: Severity::Ticket,
            cause: None,
            note: Some(format!("the certificate ends in 14 days, on {on}")),
            ..event(target, "x", None)
        };
        let sent =
            notifications(vec![ends("a", "Monday"), ends("b", "Monday"), ends("c", "Sunday")]);
        let lines: Vec<&str> = sent.iter().map(|notice| notice.line.as_str()).collect();
        assert_eq!(
            lines,
            [
                "2 targets: the certificate ends in 14 days, on Monday (a, b)",
                "c: the certificate ends in 14 days, on Sunday"
            ]
        );
    }

    #[test]
    fn several_services_are_called_services() {
        let slow = |target| Event { subject: Subject::Service, ..event(target, "x", None) };
        let sent = notifications(vec![slow("a"), slow("b")]);
        assert_eq!(sent[0].line, "2 targets: service BROKEN: x (a, b)");
    }

    #[test]
    fn a_page_comes_first() {
        let ticket = Event { severity: Severity::Ticket, ..event("a", "x", None) };
        let sent = notifications(vec![ticket, event("b", "y", None)]);
        assert_eq!(sent[0].events[0].target, "b");
    }
}
