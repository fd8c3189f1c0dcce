//! A track of one target and its incident: when it begins, becomes clearer, and ends.

use serde::{Deserialize, Serialize};

use crate::diagnosis::State;
use crate::monitor::confirm::{Condition, Debounce};
use crate::monitor::event::{Event, Kind, Severity, Subject, span};
use crate::monitor::observation::{AskedAzure, Cause, Observation, TrackObservation};
use crate::monitor::settings::Rules;
use crate::render::text::count;

/// Changes of the cause of one incident that are reported; later ones are only recorded.
const MAX_REFINED_NOTIFICATIONS: u32 = 5;

/// A track and its incident.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct IncidentTrack {
    pub(super) track: Debounce,
    pub(super) open: Option<Incident>,
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id, which never changes.
    pub id: String,
    /// Its condition.
    pub condition: Condition,
    /// Its receiver.
    pub severity: Severity,
    /// Its cause, as far as known.
    pub cause: Option<Cause>,
    /// Wall clock at its first bad walk, in milliseconds since 1970.
    pub began: i64,
    /// Its first bad walk on the monotonic axis, in milliseconds.
    pub(super) began_mono: i64,
    /// Wall clock when it was confirmed, in milliseconds since 1970.
    #[serde(default)]
    confirmed: Option<i64>,
    /// Whether it has been reported.
    #[serde(rename = "told")]
    pub(super) reported: bool,
    #[serde(default)]
    sharpened: u32,
    #[serde(default)]
    flaps: bool,
    #[serde(default)]
    blind: bool,
}

/// What a track needs of the current walk.
pub(super) struct EventContext<'a> {
    pub(super) target: &'a str,
    pub(super) serial: &'a mut u64,
    pub(super) changed: &'a [String],
    pub(super) seen: &'a Observation,
    pub(super) rules: &'a Rules,
    pub(super) events: &'a mut Vec<Event>,
}

impl IncidentTrack {
    pub(super) fn step(
        &mut self,
        subject: Subject,
        walk: &TrackObservation,
        context: &mut EventContext<'_>,
    ) {
        let change = self.track.step(walk.clone(), context.seen.mono, context.rules);
        let condition = self.track.condition();
        if change.is_some() {
            if let Some(closed) = self.open.take() {
                let (at, mono) = (context.seen.at, context.seen.mono);
                let mut event = closed.event(context.target, subject, Kind::Closed, at, mono);
                event.condition = condition.unwrap_or(Condition::Works);
                event.muted = !closed.reported;
                context.events.push(event);
            }
            if let Some(condition) = condition.filter(|c| *c != Condition::Works) {
                self.open_incident(subject, condition, context);
            }
            return;
        }
        self.continue_incident(subject, walk, context);
    }

    fn open_incident(
        &mut self,
        subject: Subject,
        condition: Condition,
        context: &mut EventContext<'_>,
    ) {
        *context.serial += 1;
        let began_mono = self.track.began(condition, context.rules).unwrap_or(context.seen.mono);
        let not_judged = |walk: &TrackObservation| walk.state == State::CannotTell;
        let blind_only = self.track.bad_walks(condition, context.rules).all(not_judged);
        let incident = Incident {
            id: format!(
                "{}/{}/{}.{}",
                context.target,
                subject.id(),
                context.seen.at,
                context.serial
            ),
            condition,
            severity: match condition {
                Condition::Unstable if blind_only => Severity::Owner,
                condition => Severity::of(condition),
            },
            cause: self.track.cause(condition, context.rules),
            began: context.seen.at.saturating_sub(context.seen.mono.saturating_sub(began_mono)),
            began_mono,
            confirmed: Some(context.seen.at),
            reported: !context.seen.muted,
            sharpened: 0,
            flaps: self.track.flaps(context.rules),
            blind: false,
        };
        let mut event = context.event(&incident, subject, Kind::Opened);
        if incident.flaps {
            event.note = Some(changes(&self.track, context.rules));
        }
        context.events.push(event);
        self.open = Some(incident);
    }

    /// Without a new condition, the incident may have become clearer, or need a note.
    fn continue_incident(
        &mut self,
        subject: Subject,
        walk: &TrackObservation,
        context: &mut EventContext<'_>,
    ) {
        let Some(incident) = &mut self.open else { return };
        // A good walk does not report a muted incident: it may be about to close it.
        if !incident.reported && !context.seen.muted && walk.state != State::Works {
            incident.reported = true;
            let mut event = context.event(incident, subject, Kind::Opened);
            let lasted = event.lasted.map(span).unwrap_or_default();
            event.note = Some(format!("it began {lasted} ago, while muted"));
            context.events.push(event);
        }
        confirm_azure(incident, walk);
        if let Some(cause) = refined_cause(incident, walk, &self.track, context) {
            incident.cause = Some(cause);
            incident.sharpened += 1;
            if incident.sharpened <= MAX_REFINED_NOTIFICATIONS {
                context.events.push(context.event(incident, subject, Kind::CauseRefined));
            }
        }
        let flaps = self.track.flaps(context.rules);
        if flaps && !incident.flaps {
            let mut event = context.event(incident, subject, Kind::Annotated);
            let changes = changes(&self.track, context.rules);
            event.note =
                Some(format!("unstable: {changes}; the incident stays open until they stop"));
            context.events.push(event);
        }
        incident.flaps = flaps;
        let blind = self.track.is_blind(context.seen.mono, context.rules)
            && incident.condition != Condition::CannotTell;
        if blind && !incident.blind {
            let mut event = context.event(incident, subject, Kind::Annotated);
            event.severity = Severity::Owner;
            let why = walk.cause.as_ref().map_or("", |cause| cause.message.as_str());
            event.note = Some(format!("it can no longer be judged: {why}"));
            context.events.push(event);
        }
        incident.blind = blind;
    }
}

/// `7 changes within 1 h`.
fn changes(track: &Debounce, rules: &Rules) -> String {
    let within = i64::try_from(rules.unstable_within.as_millis()).unwrap_or(i64::MAX);
    format!("{} within {}", count(track.changes() as u64, "change"), span(within))
}

/// A walk that asks Azure again and sees the same keeps the cause for another interval.
fn confirm_azure(incident: &mut Incident, walk: &TrackObservation) {
    if let (Some(old), Some(new)) = (&mut incident.cause, &walk.cause)
        && old.id == new.id
        && let Some(azure) = new.azure.filter(|azure| azure.decides)
    {
        old.azure = Some(azure);
    }
}

/// The cause that replaces that of the incident: the same one with more confidence, or another one
/// that two bad walks in a row agree on and that is as certain, or the only one that is still seen.
/// One that rests on Azure's answer waits for a walk that asks again, for one that is more certain, or
/// until the interval has passed without a question.
fn refined_cause(
    incident: &Incident,
    walk: &TrackObservation,
    track: &Debounce,
    context: &EventContext<'_>,
) -> Option<Cause> {
    let rules = context.rules;
    let new = walk.cause.as_ref()?;
    let mut bad = track.bad_walks(incident.condition, rules);
    if bad.next() != Some(walk) {
        return None;
    }
    let Some(old) = &incident.cause else { return Some(new.clone()) };
    if new.id == old.id {
        return (new.sureness() > old.sureness()).then(|| new.clone());
    }
    // The walks between two questions do not see what Azure showed: they take nothing of it back.
    let asked = |judged: &TrackObservation| {
        judged.cause.as_ref().is_some_and(|cause| cause.id != old.id && cause.azure.is_some())
    };
    let holds = |azure: AskedAzure| azure.decides && context.seen.may_count(azure);
    let rests_on_azure = old.azure.is_some_and(holds) && new.sureness() <= old.sureness();
    if rests_on_azure && !track.bad_walks(incident.condition, rules).any(asked) {
        return None;
    }
    let id = |judged: &TrackObservation| judged.cause.as_ref().map(|cause| cause.id.clone());
    let again = bad.next().and_then(id).as_ref() == Some(&new.id);
    let gone =
        track.bad_walks(incident.condition, rules).all(|walk| id(walk).as_ref() != Some(&old.id));
    (again && (new.sureness() >= old.sureness() || gone)).then(|| new.clone())
}

impl EventContext<'_> {
    pub(super) fn event(&self, incident: &Incident, subject: Subject, kind: Kind) -> Event {
        let (at, mono) = (self.seen.at, self.seen.mono);
        let mut event = incident.event(self.target, subject, kind, at, mono);
        event.changed = self.changed.to_vec();
        event.muted = self.seen.muted || !incident.reported;
        event
    }
}

impl Incident {
    pub(super) fn event(
        &self,
        target: &str,
        subject: Subject,
        kind: Kind,
        at: i64,
        mono: i64,
    ) -> Event {
        Event {
            kind,
            target: target.to_owned(),
            subject,
            severity: self.severity,
            condition: self.condition,
            incident: Some(self.id.clone()),
            cause: self.cause.clone(),
            changed: Vec::new(),
            note: None,
            at,
            confirmed: self.confirmed,
            lasted: Some(mono.saturating_sub(self.began_mono).max(0)),
            muted: false,
        }
    }
}
