//! Events: an incident opens, becomes clearer, or closes. Plain data and its text.

use serde::{Deserialize, Serialize};

use super::confirm::Condition;
use super::observation::Cause;

/// Something that may be reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The target's name.
    pub target: String,
    /// What it is about.
    pub subject: Subject,
    /// Its receiver.
    pub severity: Severity,
    /// The condition that holds now.
    pub condition: Condition,
    /// The id of the incident, which never changes; none for events without an incident.
    pub incident: Option<String>,
    /// Why.
    pub cause: Option<Cause>,
    /// Differences from the last good walk, as text.
    pub changed: Vec<String>,
    /// Details in one clause: counts, days, reasons.
    pub note: Option<String>,
    /// Wall clock, in milliseconds since 1970.
    pub at: i64,
    /// Wall clock when the incident was confirmed, in milliseconds since 1970.
    #[serde(default)]
    pub confirmed: Option<i64>,
    /// Duration of the incident since its first bad walk, in milliseconds of monotonic time.
    pub lasted: Option<i64>,
    /// Recorded, but not reported.
    pub muted: bool,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An incident opens.
    Opened,
    /// The cause of an open incident is known more precisely.
    #[serde(rename = "sharpened")]
    CauseRefined,
    /// A note on an open incident: it flaps, or it can no longer be judged.
    #[serde(rename = "noted")]
    Annotated,
    /// An incident closed.
    Closed,
    /// A certificate has fewer days left than a limit.
    Certificate,
    /// The path works and differs from before.
    #[serde(rename = "moved")]
    PathChanged,
}

impl Kind {
    /// The word in JSON and in the history.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::CauseRefined => "sharpened",
            Self::Annotated => "noted",
            Self::Closed => "closed",
            Self::Certificate => "certificate",
            Self::PathChanged => "moved",
        }
    }
}

/// What an event is about; each subject has incidents of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The path.
    Path,
    /// The load and the answer times of the service: 429, 5xx, slowness.
    Service,
    /// The expiry of the certificate.
    Certificate,
}

impl Subject {
    /// The word in JSON and in the history.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Service => "service",
            Self::Certificate => "certificate",
        }
    }
}

/// How urgent an event is, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// For the owner of this tool, which cannot judge.
    Owner,
    /// During working hours.
    Ticket,
    /// Now: the application's calls fail.
    Page,
}

impl Severity {
    /// The word in JSON and in the history.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Owner => "owner",
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }

    /// By the effect on the application.
    #[must_use]
    pub const fn of(condition: Condition) -> Self {
        match condition {
            Condition::Broken => Self::Page,
            Condition::AtRisk | Condition::Unstable => Self::Ticket,
            Condition::CannotTell => Self::Owner,
            Condition::Works => Self::Info,
        }
    }
}

impl Event {
    /// Whether it is sent to the webhook: not if it is muted or only for the record.
    #[must_use]
    pub fn should_notify(&self) -> bool {
        !self.muted && self.severity > Severity::Info
    }

    /// Wall clock at the incident's first bad walk, in milliseconds since 1970.
    #[must_use]
    pub fn began(&self) -> Option<i64> {
        self.incident.as_ref().and(self.lasted).map(|lasted| self.at.saturating_sub(lasted))
    }

    /// The event in one line, without the target's name.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = match self.kind {
            Kind::Opened => self.opening_line(),
            Kind::CauseRefined => format!("{}, cause refined", self.opening_line()),
            Kind::Annotated | Kind::Certificate | Kind::PathChanged => String::new(),
            Kind::Closed => self.closing_line(),
        };
        if let Some(note) = &self.note {
            let apart = if line.is_empty() { "" } else { "; " };
            line.push_str(&format!("{apart}{note}"));
        }
        if !self.changed.is_empty() {
            line.push_str(&match self.kind {
                Kind::PathChanged => self.changed.join("; "),
                _ => format!("; since the last good walk: {}", self.changed.join("; ")),
            });
        }
        line
    }

    /// `WORKS again after 4 min (dns-zone-not-linked)`.
    fn closing_line(&self) -> String {
        let mut line = match self.condition {
            Condition::Works => "WORKS again".to_owned(),
            _ => "ended".to_owned(),
        };
        if let Some(lasted) = self.lasted {
            line.push_str(&format!(" after {}", span(lasted)));
        }
        if let Some(cause) = &self.cause {
            line.push_str(&format!(" ({})", cause.id));
        }
        if self.condition != Condition::Works && self.note.is_none() {
            line.push_str(&format!("; now {}", self.condition.words()));
        }
        line
    }

    /// `BROKEN at dns (dns-zone-not-linked): cause`.
    fn opening_line(&self) -> String {
        let state = match self.subject {
            Subject::Service => format!("service {}", self.condition.words()),
            _ => self.condition.words().to_owned(),
        };
        match &self.cause {
            None => state,
            Some(cause) => match cause.hop {
                Some(hop) => format!("{state} at {} ({}): {}", hop.name(), cause.id, cause.message),
                None => format!("{state} ({}): {}", cause.id, cause.message),
            },
        }
    }
}

/// A duration for people, in its two largest units.
#[must_use]
pub fn span(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units.iter().skip(first).take(2) {
        let count = rest / size;
        rest %= size;
        if count > 0 || parts.is_empty() {
            parts.push(format!("{count} {unit}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        for (ms, words) in [
            (-5, "0 s"),
            (900, "0 s"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h"),
            (90_061_000, "1 d 1 h"),
        ] {
            assert_eq!(span(ms), words);
        }
    }
}
