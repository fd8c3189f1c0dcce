//! The state machine of one target: observations in, events out. Pure: no clock, no file.
//!
//! A target has two tracks, the path and the service behind it; each has at most one open
//! incident, since there is one place for it.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::confirm::{Condition, Track};
use super::event::{Event, Kind, Severity, Subject, span};
use super::observation::{Cause, CertificateSeen, Facts, Judged, Observation};
use super::settings::Rules;
use crate::diagnosis::State;
use crate::render::words::count;

/// Times that the cause of one incident is told anew; after that it is kept and not told.
const MOST_SHARPENED: u32 = 5;
/// Sets of facts of good walks that are remembered: what rotates is no news.
const MOST_KNOWN: usize = 16;
/// Certificates of one target that are remembered.
const MOST_CERTIFICATES: usize = 8;

/// One target. What an earlier version did not save has its value of the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    target: String,
    #[serde(default)]
    path: Line,
    #[serde(default)]
    service: Line,
    /// Facts of the last good walk.
    good: Option<Facts>,
    /// Facts of good walks, newest last.
    #[serde(default)]
    known: VecDeque<Facts>,
    #[serde(default)]
    certificates: VecDeque<Warned>,
    /// Incidents so far, for their ids.
    #[serde(default)]
    serial: u64,
    /// Clocks of the last observation.
    last: Option<Clocks>,
}

/// A track and its incident.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Line {
    track: Track,
    open: Option<Incident>,
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id, which never changes.
    pub id: String,
    /// The condition that it is about.
    pub condition: Condition,
    /// Whom it is for.
    pub severity: Severity,
    /// Its cause, as far as it is known.
    pub cause: Option<Cause>,
    /// Wall clock at its first bad walk, in milliseconds since 1970.
    pub began: i64,
    /// Its first bad walk on the monotonic axis, in milliseconds.
    began_mono: i64,
    /// Wall clock when it was confirmed, in milliseconds since 1970.
    #[serde(default)]
    confirmed: Option<i64>,
    /// Whether anybody was told.
    told: bool,
    #[serde(default)]
    sharpened: u32,
    #[serde(default)]
    flaps: bool,
    #[serde(default)]
    blind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Clocks {
    at: i64,
    mono: i64,
}

/// Stands for every certificate with more than a third of its life left, where the inventory's
/// days make it known.
const YOUNG: &str = "young";

/// A certificate that has been spoken of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Warned {
    sha256: String,
    days: i64,
    told: bool,
}

impl Machine {
    /// A target of which nothing is known.
    #[must_use]
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            path: Line::default(),
            service: Line::default(),
            good: None,
            known: VecDeque::new(),
            certificates: VecDeque::new(),
            serial: 0,
            last: None,
        }
    }

    /// A saved machine, after a restart at `at` (wall clock) and `mono` (the new monotonic
    /// axis). The time away belongs to an incident's length and confirms nothing; after
    /// `forget` of it, the walks before it are not counted any more. A clock that went back by as
    /// much says nothing of the time away: they are not counted either.
    #[must_use]
    pub fn resumed(mut self, at: i64, mono: i64, forget: Duration) -> Self {
        let Some(last) = self.last else { return self };
        let apart = at.saturating_sub(last.at);
        let away = apart.max(0);
        let shift = mono.saturating_sub(last.mono);
        for line in [&mut self.path, &mut self.service] {
            line.track.shift(shift);
            if u128::from(apart.unsigned_abs()) > forget.as_millis() {
                line.track.forget_walks();
            }
            if let Some(incident) = &mut line.open {
                incident.began_mono =
                    incident.began_mono.saturating_add(shift).saturating_sub(away);
            }
        }
        self.last = Some(Clocks { at, mono });
        self
    }

    /// The target's name.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The condition of the path, once something is confirmed.
    #[must_use]
    pub const fn condition(&self) -> Option<Condition> {
        self.path.track.condition()
    }

    /// The open incidents: at most one of the path, and one of the service.
    pub fn open(&self) -> impl Iterator<Item = (Subject, &Incident)> {
        [(Subject::Path, &self.path), (Subject::Service, &self.service)]
            .into_iter()
            .filter_map(|(subject, line)| Some((subject, line.open.as_ref()?)))
    }

    /// Whether the newest walk says other than what is confirmed, so that the next one should
    /// come soon.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.path.track.in_doubt()
    }

    /// Takes one walk in.
    pub fn observe(&mut self, seen: &Observation, rules: &Rules) -> Vec<Event> {
        let changed = match &self.good {
            // Where nothing was looked at, nothing has changed either.
            Some(good) if seen.facts != Facts::default() => seen.facts.since(good),
            _ => Vec::new(),
        };
        let mut events = Vec::new();
        let mut about = About {
            target: &self.target,
            serial: &mut self.serial,
            changed: &changed,
            seen,
            rules,
            events: &mut events,
        };
        self.path.step(Subject::Path, &seen.path, &mut about);
        if let Some(service) = &seen.service {
            self.service.step(Subject::Service, service, &mut about);
        }
        let works = seen.path.state == State::Works;
        if works && seen.service.as_ref().is_none_or(|service| service.state == State::Works) {
            self.moved(seen, changed, &mut events);
        }
        if let Some(certificate) = &seen.certificate
            && matches!(seen.path.state, State::Works | State::AtRisk)
        {
            self.expires(certificate, seen, rules, &mut events);
        }
        self.last = Some(Clocks { at: seen.at, mono: seen.mono });
        events
    }

    /// Ends what is open, since the target is not watched any more.
    pub fn removed(&mut self, at: i64, mono: i64) -> Vec<Event> {
        let mut events = Vec::new();
        for (subject, line) in
            [(Subject::Path, &mut self.path), (Subject::Service, &mut self.service)]
        {
            if let Some(incident) = line.open.take() {
                let note = Some("the target is not in the inventory any more".to_owned());
                let mut event = incident.event(&self.target, subject, Kind::Closed, at, mono);
                (event.note, event.muted) = (note, !incident.told);
                events.push(event);
            }
        }
        events
    }

    /// A good walk: what it found is what later ones are compared with.
    fn moved(&mut self, seen: &Observation, changed: Vec<String>, events: &mut Vec<Event>) {
        if !self.known.contains(&seen.facts) {
            if !changed.is_empty() && self.path.open.is_none() {
                events.push(Event {
                    kind: Kind::Moved,
                    target: self.target.clone(),
                    subject: Subject::Path,
                    severity: Severity::Info,
                    condition: Condition::Works,
                    incident: None,
                    cause: None,
                    changed,
                    note: None,
                    at: seen.at,
                    confirmed: None,
                    lasted: None,
                    muted: seen.muted,
                });
            }
            self.known.push_back(seen.facts.clone());
            while self.known.len() > MOST_KNOWN {
                self.known.pop_front();
            }
        }
        self.good = Some(seen.facts.clone());
    }

    /// Each number of days once a certificate.
    fn expires(
        &mut self,
        certificate: &CertificateSeen,
        seen: &Observation,
        rules: &Rules,
        events: &mut Vec<Event>,
    ) {
        let steps = rules.certificate_days.iter().copied().filter(|_| !certificate.young);
        let passed = steps.filter(|days| certificate.days_left <= *days);
        let Some(days) = passed.chain(certificate.fewer_than).min() else { return };
        // Leaves that are signed for each session are told of as one.
        let own = if certificate.young { YOUNG } else { &certificate.sha256 };
        let at = self.certificates.iter().position(|w| w.sha256 == own);
        let before = at.and_then(|at| self.certificates.remove(at));
        let news = before.as_ref().is_none_or(|w| days < w.days || !(w.told || seen.muted));
        let told = if news { !seen.muted } else { before.is_some_and(|w| w.told) };
        let sha256 = own.to_owned();
        self.certificates.push_back(Warned { sha256, days, told });
        while self.certificates.len() > MOST_CERTIFICATES {
            self.certificates.pop_front();
        }
        if !news {
            return;
        }
        events.push(Event {
            kind: Kind::Certificate,
            target: self.target.clone(),
            subject: Subject::Certificate,
            severity: Severity::Ticket,
            condition: Condition::AtRisk,
            incident: None,
            cause: None,
            changed: Vec::new(),
            note: Some({
                let (left, on) = (certificate.days_left, &certificate.not_after);
                let span = count(left.unsigned_abs(), "day");
                match left < 0 {
                    true => format!("the certificate ended {span} ago, on {on}"),
                    false => {
                        format!("the certificate ends in {span}, on {on} (told at {days} days)")
                    }
                }
            }),
            at: seen.at,
            confirmed: None,
            lasted: None,
            muted: seen.muted,
        });
    }
}

/// What a line needs to know of the walk at hand.
struct About<'a> {
    target: &'a str,
    serial: &'a mut u64,
    changed: &'a [String],
    seen: &'a Observation,
    rules: &'a Rules,
    events: &'a mut Vec<Event>,
}

impl Line {
    fn step(&mut self, subject: Subject, walk: &Judged, about: &mut About<'_>) {
        let change = self.track.step(walk.clone(), about.seen.mono, about.rules);
        let condition = self.track.condition();
        if change.is_some() {
            if let Some(ended) = self.open.take() {
                let (at, mono) = (about.seen.at, about.seen.mono);
                let mut event = ended.event(about.target, subject, Kind::Closed, at, mono);
                event.condition = condition.unwrap_or(Condition::Works);
                event.muted = !ended.told;
                about.events.push(event);
            }
            if let Some(condition) = condition.filter(|c| *c != Condition::Works) {
                self.begin(subject, condition, about);
            }
            return;
        }
        self.goes_on(subject, walk, about);
    }

    fn begin(&mut self, subject: Subject, condition: Condition, about: &mut About<'_>) {
        *about.serial += 1;
        let began_mono = self.track.began(condition, about.rules).unwrap_or(about.seen.mono);
        let of_ours = |walk: &Judged| walk.state == State::CannotTell;
        let blind_only = self.track.bad_walks(condition, about.rules).all(of_ours);
        let incident = Incident {
            id: format!("{}/{}/{}.{}", about.target, subject.id(), about.seen.at, about.serial),
            condition,
            severity: match condition {
                Condition::Unstable if blind_only => Severity::Owner,
                condition => Severity::of(condition),
            },
            cause: self.track.cause(condition, about.rules),
            began: about.seen.at.saturating_sub(about.seen.mono.saturating_sub(began_mono)),
            began_mono,
            confirmed: Some(about.seen.at),
            told: !about.seen.muted,
            sharpened: 0,
            flaps: self.track.flaps(about.rules),
            blind: false,
        };
        let mut event = about.event(&incident, subject, Kind::Opened);
        if incident.flaps {
            event.note = Some(changes(&self.track, about.rules));
        }
        about.events.push(event);
        self.open = Some(incident);
    }

    /// No new condition: the incident may have become clearer, or worth a remark.
    fn goes_on(&mut self, subject: Subject, walk: &Judged, about: &mut About<'_>) {
        let Some(incident) = &mut self.open else { return };
        // A good walk pages nobody: it may end what nobody was told of.
        if !incident.told && !about.seen.muted && walk.state != State::Works {
            incident.told = true;
            let mut event = about.event(incident, subject, Kind::Opened);
            let lasted = event.lasted.map(span).unwrap_or_default();
            event.note = Some(format!("it began {lasted} ago, while muted"));
            about.events.push(event);
        }
        if let Some(cause) = sharper(incident, walk, &self.track, about.rules) {
            incident.cause = Some(cause);
            incident.sharpened += 1;
            if incident.sharpened <= MOST_SHARPENED {
                about.events.push(about.event(incident, subject, Kind::Sharpened));
            }
        }
        let flaps = self.track.flaps(about.rules);
        if flaps && !incident.flaps {
            let mut event = about.event(incident, subject, Kind::Noted);
            let changes = changes(&self.track, about.rules);
            event.note = Some(format!("unstable: {changes}; it stays open until they end"));
            about.events.push(event);
        }
        incident.flaps = flaps;
        let blind = self.track.is_blind(about.seen.mono, about.rules)
            && incident.condition != Condition::CannotTell;
        if blind && !incident.blind {
            let mut event = about.event(incident, subject, Kind::Noted);
            event.severity = Severity::Owner;
            let why = walk.cause.as_ref().map_or("", |cause| cause.says.as_str());
            event.note = Some(format!("it cannot be judged any more: {why}"));
            about.events.push(event);
        }
        incident.blind = blind;
    }
}

/// `7 changes within 1 h`.
fn changes(track: &Track, rules: &Rules) -> String {
    let within = i64::try_from(rules.unstable_within.as_millis()).unwrap_or(i64::MAX);
    format!("{} within {}", count(track.changes() as u64, "change"), span(within))
}

/// The cause that is to take the place of the incident's: the same one surer, or another one
/// that two bad walks in a row agree on and that is as sure, or that alone is still seen.
fn sharper(incident: &Incident, walk: &Judged, track: &Track, rules: &Rules) -> Option<Cause> {
    let new = walk.cause.as_ref()?;
    let mut bad = track.bad_walks(incident.condition, rules);
    if bad.next() != Some(walk) {
        return None;
    }
    let Some(old) = &incident.cause else { return Some(new.clone()) };
    if new.id == old.id {
        return (new.sureness() > old.sureness()).then(|| new.clone());
    }
    let id = |judged: &Judged| judged.cause.as_ref().map(|cause| cause.id.clone());
    let again = bad.next().and_then(id).as_ref() == Some(&new.id);
    let gone =
        track.bad_walks(incident.condition, rules).all(|walk| id(walk).as_ref() != Some(&old.id));
    (again && (new.sureness() >= old.sureness() || gone)).then(|| new.clone())
}

impl About<'_> {
    fn event(&self, incident: &Incident, subject: Subject, kind: Kind) -> Event {
        let (at, mono) = (self.seen.at, self.seen.mono);
        let mut event = incident.event(self.target, subject, kind, at, mono);
        event.changed = self.changed.to_vec();
        event.muted = self.seen.muted || !incident.told;
        event
    }
}

impl Incident {
    fn event(&self, target: &str, subject: Subject, kind: Kind, at: i64, mono: i64) -> Event {
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

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
