//! From single walks to a confirmed condition, on one track of one target. Pure.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::observation::{Cause, TrackObservation};
use super::settings::Rules;
use crate::diagnosis::State;

/// Changes that are kept for one track.
const MAX_CHANGES: usize = 1000;

/// The confirmed condition of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Works.
    Works,
    /// Works, but something needs attention.
    AtRisk,
    /// Its state changes too often.
    Unstable,
    /// A hop is broken.
    Broken,
    /// The walks could not be judged.
    CannotTell,
}

impl Condition {
    /// The words at the start of a line.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Works => "WORKS",
            Self::AtRisk => "AT RISK",
            Self::Unstable => "UNSTABLE",
            Self::Broken => "BROKEN",
            Self::CannotTell => "CANNOT TELL",
        }
    }

    /// The word in JSON and in the history.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::AtRisk => "at_risk",
            Self::Unstable => "unstable",
            Self::Broken => "broken",
            Self::CannotTell => "cannot_tell",
        }
    }
}

/// The recent walks of one track, and the condition that they have confirmed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Debounce {
    /// Newest last.
    recent: VecDeque<Walk>,
    /// None before the first good walk or the first confirmed bad state.
    condition: Option<Condition>,
    /// Walks since the last improvement; earlier ones no longer count.
    counted: usize,
    /// When the state changed from one walk to the next, oldest first.
    changes: VecDeque<i64>,
    /// Walks since the last change, and the time of the newest walk.
    steady: usize,
    now: i64,
    broken: Streak,
    bad: Streak,
    blind: Streak,
}

/// A walk that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Walk {
    #[serde(flatten)]
    judged: TrackObservation,
    /// Milliseconds of the monotonic axis.
    #[serde(default)]
    at: i64,
}

/// Consecutive walks that have something in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Streak {
    walks: usize,
    /// Milliseconds of the monotonic axis.
    since: i64,
}

impl Streak {
    fn step(&mut self, goes_on: bool, now: i64) {
        match (goes_on, self.walks) {
            (false, _) => self.walks = 0,
            (true, 0) => *self = Self { walks: 1, since: now },
            (true, _) => self.walks = self.walks.saturating_add(1),
        }
    }

    /// At least two walks: a single one confirms nothing, however long ago it was.
    fn lasts(self, now: i64, within: std::time::Duration) -> bool {
        let lasted = u128::try_from(now.saturating_sub(self.since)).unwrap_or(0);
        self.walks >= 2 && lasted >= within.as_millis()
    }
}

impl Debounce {
    /// Adds a walk at `now` (milliseconds, monotonic); returns the previous condition if it has changed.
    pub fn step(
        &mut self,
        walk: TrackObservation,
        now: i64,
        rules: &Rules,
    ) -> Option<Option<Condition>> {
        let state = walk.state;
        self.count_change(state, now, rules);
        self.broken.step(state == State::Broken, now);
        self.bad.step(matches!(state, State::Broken | State::AtRisk), now);
        self.blind.step(state == State::CannotTell, now);
        self.recent.push_back(Walk { judged: walk, at: now });
        while self.recent.len() > rules.remembered() {
            self.recent.pop_front();
        }
        self.counted = self.counted.saturating_add(1);
        let before = self.condition;
        self.condition = self.next(now, rules);
        if self.condition == before {
            return None;
        }
        let better = match self.condition {
            Some(Condition::Works) => before.is_some(),
            Some(Condition::AtRisk) => {
                matches!(before, Some(Condition::Broken | Condition::Unstable))
            }
            _ => false,
        };
        if better {
            self.counted = 0;
        }
        Some(before)
    }

    /// The confirmed condition.
    #[must_use]
    pub const fn condition(&self) -> Option<Condition> {
        self.condition
    }

    /// Whether the newest walk disagrees with the condition, so that the next one should follow soon.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        let newest = self.recent.back().map(|walk| walk.judged.state);
        !matches!(
            (self.condition, newest),
            (_, None)
                | (Some(Condition::Works), Some(State::Works))
                | (Some(Condition::AtRisk), Some(State::AtRisk))
                | (Some(Condition::Broken), Some(State::Broken))
                | (Some(Condition::CannotTell), Some(State::CannotTell))
                | (Some(Condition::Unstable), _)
        )
    }

    /// Whether walks cannot be judged, by the same rule that confirms any other bad state.
    #[must_use]
    pub fn is_blind(&self, now: i64, rules: &Rules) -> bool {
        self.confirmed(|state| state == State::CannotTell, rules)
            || self.blind.lasts(now, rules.confirm_within)
    }

    /// Whether the state changes too often.
    #[must_use]
    pub fn flaps(&self, rules: &Rules) -> bool {
        self.changes() >= rules.unstable_changes && !self.is_steady(rules)
    }

    /// Changes of state within the time in which they count.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// The newest walks with the state of a condition, newest first.
    pub fn bad_walks(
        &self,
        condition: Condition,
        rules: &Rules,
    ) -> impl Iterator<Item = &TrackObservation> {
        self.of_its_kind(condition, rules).map(|walk| &walk.judged)
    }

    /// The time of the first bad walk of a condition, as far as walks are kept, in milliseconds of the
    /// monotonic axis.
    #[must_use]
    pub fn began(&self, condition: Condition, rules: &Rules) -> Option<i64> {
        let run = match condition {
            Condition::Broken => self.broken,
            Condition::AtRisk => self.bad,
            Condition::CannotTell => self.blind,
            Condition::Unstable | Condition::Works => Streak::default(),
        };
        let counted = self.of_its_kind(condition, rules).take(self.counted).map(|walk| walk.at);
        let first_change = self.changes.front().filter(|_| condition == Condition::Unstable);
        let run = (run.walks > 0).then_some(run.since);
        counted.chain(run).chain(first_change.copied()).min()
    }

    fn of_its_kind(&self, condition: Condition, rules: &Rules) -> impl Iterator<Item = &Walk> {
        let (count, of): (usize, fn(State) -> bool) = match condition {
            Condition::Broken => (rules.confirm_walks, |s| s == State::Broken),
            Condition::AtRisk => (rules.confirm_walks, |s| s == State::AtRisk),
            Condition::CannotTell => (rules.confirm_walks, |s| s == State::CannotTell),
            _ => (rules.remembered(), |s| s != State::Works),
        };
        self.recent.iter().rev().take(count).filter(move |walk| of(walk.judged.state))
    }

    /// The cause to name: the most certain one, then one that rests on Azure's answer, then the most
    /// frequent, then the newest.
    #[must_use]
    pub fn cause(&self, condition: Condition, rules: &Rules) -> Option<Cause> {
        let causes: Vec<&Cause> =
            self.bad_walks(condition, rules).filter_map(|walk| walk.cause.as_ref()).collect();
        let times = |id: &str| causes.iter().filter(|cause| cause.id == id).count();
        let informed = |cause: &Cause| cause.azure.is_some_and(|azure| azure.decides);
        let rank = |cause: &Cause| (cause.sureness(), informed(cause), times(&cause.id));
        // The first one wins among equals with `rev`: max_by_key takes the last.
        causes.iter().rev().max_by_key(|cause| rank(cause)).map(|c| (*c).clone())
    }

    /// Forgets the walks after a long downtime.
    pub fn forget_walks(&mut self) {
        self.recent.clear();
        self.counted = 0;
        (self.broken, self.bad, self.blind) =
            (Streak::default(), Streak::default(), Streak::default());
    }

    /// Shifts the monotonic axis after a restart.
    pub fn shift(&mut self, by: i64) {
        let runs = [&mut self.broken, &mut self.bad, &mut self.blind].map(|run| &mut run.since);
        let walks = self.recent.iter_mut().map(|walk| &mut walk.at);
        for at in runs.into_iter().chain(walks).chain(&mut self.changes).chain([&mut self.now]) {
            *at = at.saturating_add(by);
        }
    }

    fn next(&self, now: i64, rules: &Rules) -> Option<Condition> {
        use Condition::{AtRisk, Broken, CannotTell, Unstable, Works};
        let newest = self.recent.back().map(|walk| walk.judged.state);
        let lasts = |run: Streak| run.lasts(now, rules.confirm_within);
        let broken = self.confirmed(|s| s == State::Broken, rules) || lasts(self.broken);
        if broken && newest == Some(State::Broken) {
            return Some(Broken);
        }
        let at_risk = matches!(newest, Some(State::AtRisk | State::Broken))
            && (self.confirmed(|s| matches!(s, State::AtRisk | State::Broken), rules)
                || lasts(self.bad));
        let works = self.good(|s| s == State::Works, rules);
        let flaps = self.flaps(rules);
        match self.condition {
            Some(Broken) => {
                let better = self.good(|s| matches!(s, State::Works | State::AtRisk), rules);
                match (better && !flaps, works) {
                    (true, true) => Some(Works),
                    (true, false) => Some(AtRisk),
                    (false, _) => Some(Broken),
                }
            }
            Some(Unstable) => match (self.is_steady(rules), newest) {
                (true, Some(State::Works)) => Some(Works),
                (true, Some(State::AtRisk)) => Some(AtRisk),
                (true, Some(State::CannotTell)) => Some(CannotTell),
                _ => Some(Unstable),
            },
            _ if flaps => Some(Unstable),
            Some(AtRisk) if works => Some(Works),
            Some(AtRisk) => Some(AtRisk),
            _ if at_risk => Some(AtRisk),
            Some(CannotTell) if works => Some(Works),
            Some(CannotTell) => Some(CannotTell),
            _ if self.is_blind(now, rules) && newest == Some(State::CannotTell) => Some(CannotTell),
            None if newest == Some(State::Works) => Some(Works),
            other => other,
        }
    }

    fn confirmed(&self, of: impl Fn(State) -> bool, rules: &Rules) -> bool {
        let walks = rules.confirm_walks.min(self.counted);
        self.newest(walks).filter(|w| of(w.state)).count() >= rules.confirm_bad
    }

    fn good(&self, of: impl Fn(State) -> bool, rules: &Rules) -> bool {
        self.recent.len() >= rules.good_again
            && self.newest(rules.good_again).all(|walk| of(walk.state))
    }

    fn count_change(&mut self, state: State, now: i64, rules: &Rules) {
        match self.recent.back() {
            Some(before) if before.judged.state != state => {
                self.changes.push_back(now);
                self.steady = 0;
            }
            _ => self.steady = self.steady.saturating_add(1),
        }
        self.now = now;
        let within = i64::try_from(rules.unstable_within.as_millis()).unwrap_or(i64::MAX);
        while self.changes.len() > MAX_CHANGES
            || self.changes.front().is_some_and(|at| now.saturating_sub(*at) > within)
        {
            self.changes.pop_front();
        }
    }

    /// No change for a quarter of the time in which changes count, and for as many walks as confirm any
    /// other condition.
    fn is_steady(&self, rules: &Rules) -> bool {
        let quarter = i64::try_from(rules.unstable_within.as_millis() / 4).unwrap_or(i64::MAX);
        let last = self.changes.back();
        self.steady >= rules.confirm_walks
            && last.is_none_or(|at| self.now.saturating_sub(*at) >= quarter)
    }

    fn newest(&self, count: usize) -> impl Iterator<Item = &TrackObservation> {
        self.recent.iter().rev().take(count).map(|walk| &walk.judged)
    }
}
