//! The state of one target: observations in, events out. Pure: no clock, no file.
//!
//! A target has two tracks, the path and the service behind it; each has at most one open incident,
//! since there is only one place for it.

mod incident;

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use incident::Incident;
use incident::{EventContext, IncidentTrack};

use super::confirm::Condition;
use super::event::{Event, Kind, Severity, Subject};
use super::observation::{CertificateInfo, Facts, Observation};
use super::settings::Rules;
use crate::diagnosis::State;
use crate::render::text::count;

/// Sets of facts of good walks that are kept: what rotates among them is not a change.
const MAX_KNOWN: usize = 16;
/// Certificates that are kept for one target.
const MAX_CERTIFICATES: usize = 8;

/// One target. Fields that an earlier version did not save have their initial value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetState {
    target: String,
    #[serde(default)]
    path: IncidentTrack,
    #[serde(default)]
    service: IncidentTrack,
    /// Facts of the last good walk.
    good: Option<Facts>,
    /// Facts of good walks, newest last.
    #[serde(default)]
    known: VecDeque<Facts>,
    #[serde(default)]
    certificates: VecDeque<ExpiryNotice>,
    /// Number of incidents so far, for their ids.
    #[serde(default)]
    serial: u64,
    /// Times of the last observation.
    last: Option<Timestamps>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Timestamps {
    at: i64,
    mono: i64,
}

/// In place of the fingerprint of a certificate with more than a third of its lifetime left, which
/// only the inventory's limit reports.
const YOUNG: &str = "young";

/// A certificate that has been reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ExpiryNotice {
    sha256: String,
    days: i64,
    #[serde(rename = "told")]
    reported: bool,
}

impl TargetState {
    /// A target without any walk.
    #[must_use]
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            path: IncidentTrack::default(),
            service: IncidentTrack::default(),
            good: None,
            known: VecDeque::new(),
            certificates: VecDeque::new(),
            serial: 0,
            last: None,
        }
    }

    /// A saved state, after a restart at `at` (wall clock) and `mono` (the new monotonic axis). The
    /// downtime is part of the duration of an incident but confirms nothing. After a downtime of more
    /// than `forget`, earlier walks no longer count; nor do they if the clock went back by as much,
    /// since the downtime is unknown then.
    #[must_use]
    pub fn resumed(mut self, at: i64, mono: i64, forget: Duration) -> Self {
        let Some(last) = self.last else { return self };
        let difference = at.saturating_sub(last.at);
        let away = difference.max(0);
        let shift = mono.saturating_sub(last.mono);
        for line in [&mut self.path, &mut self.service] {
            line.track.shift(shift);
            if u128::from(difference.unsigned_abs()) > forget.as_millis() {
                line.track.forget_walks();
            }
            if let Some(incident) = &mut line.open {
                incident.began_mono =
                    incident.began_mono.saturating_add(shift).saturating_sub(away);
            }
        }
        self.last = Some(Timestamps { at, mono });
        self
    }

    /// The target's name.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The confirmed condition of the path, if there is one.
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

    /// Whether the newest walk disagrees with the confirmed condition, so that the next one should
    /// follow soon.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.path.track.in_doubt()
    }

    /// Adds a walk.
    pub fn observe(&mut self, seen: &Observation, rules: &Rules) -> Vec<Event> {
        let changed = match &self.good {
            // A walk without any facts has not changed any.
            Some(good) if seen.facts != Facts::default() => seen.facts.since(good),
            _ => Vec::new(),
        };
        let mut events = Vec::new();
        let mut context = EventContext {
            target: &self.target,
            serial: &mut self.serial,
            changed: &changed,
            seen,
            rules,
            events: &mut events,
        };
        self.path.step(Subject::Path, &seen.path, &mut context);
        if let Some(service) = &seen.service {
            self.service.step(Subject::Service, service, &mut context);
        }
        let works = seen.path.state == State::Works;
        if works && seen.service.as_ref().is_none_or(|service| service.state == State::Works) {
            self.record_good_walk(seen, changed, &mut events);
        }
        if let Some(certificate) = &seen.certificate
            && matches!(seen.path.state, State::Works | State::AtRisk)
        {
            self.check_expiry(certificate, seen, rules, &mut events);
        }
        self.last = Some(Timestamps { at: seen.at, mono: seen.mono });
        events
    }

    /// Closes open incidents, since the target is no longer watched.
    pub fn removed(&mut self, at: i64, mono: i64) -> Vec<Event> {
        let mut events = Vec::new();
        for (subject, line) in
            [(Subject::Path, &mut self.path), (Subject::Service, &mut self.service)]
        {
            if let Some(incident) = line.open.take() {
                let note = Some("the target is no longer in the inventory".to_owned());
                let mut event = incident.event(&self.target, subject, Kind::Closed, at, mono);
                (event.note, event.muted) = (note, !incident.reported);
                events.push(event);
            }
        }
        events
    }

    /// Records a good walk: later ones are compared with it.
    fn record_good_walk(
        &mut self,
        seen: &Observation,
        changed: Vec<String>,
        events: &mut Vec<Event>,
    ) {
        if !self.known.contains(&seen.facts) {
            if !changed.is_empty() && self.path.open.is_none() {
                events.push(Event {
                    kind: Kind::PathChanged,
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
            while self.known.len() > MAX_KNOWN {
                self.known.pop_front();
            }
        }
        self.good = Some(seen.facts.clone());
    }

    /// Reports each limit of days once per certificate.
    fn check_expiry(
        &mut self,
        certificate: &CertificateInfo,
        seen: &Observation,
        rules: &Rules,
        events: &mut Vec<Event>,
    ) {
        let steps = rules.certificate_days.iter().copied().filter(|_| !certificate.young);
        let passed = steps.filter(|days| certificate.days_left <= *days);
        let Some(days) = passed.chain(certificate.fewer_than).min() else { return };
        // Certificates that are signed for each session are reported as one.
        let own = if certificate.young { YOUNG } else { &certificate.sha256 };
        let at = self.certificates.iter().position(|w| w.sha256 == own);
        let before = at.and_then(|at| self.certificates.remove(at));
        let news = before.as_ref().is_none_or(|w| days < w.days || !(w.reported || seen.muted));
        let reported = if news { !seen.muted } else { before.is_some_and(|w| w.reported) };
        let sha256 = own.to_owned();
        self.certificates.push_back(ExpiryNotice { sha256, days, reported });
        while self.certificates.len() > MAX_CERTIFICATES {
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
                    true => format!("the certificate expired {span} ago, on {on}"),
                    false => {
                        format!("the certificate expires in {span}, on {on} (limit: {days} days)")
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

#[cfg(test)]
mod tests;
