//! From single walks to a confirmed condition, on one track of one target. Pure.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::observation::{Cause, Judged};
use super::settings::Rules;
use crate::diagnosis::State;

/// Changes of one track that are remembered.
const MOST_CHANGES: usize = 1000;

/// What is held to be true of a track, after confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Works.
    Works,
    /// Works, and something needs care.
    AtRisk,
    /// Changes too often for any other word.
    Unstable,
    /// A hop is broken.
    Broken,
    /// The walks could not be judged.
    CannotTell,
}

impl Condition {
    /// The words that begin a line.
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

/// The recent walks of one track, and the condition that they confirmed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Track {
    /// Newest last.
    recent: VecDeque<Walk>,
    /// None before the first good walk or the first confirmed bad state.
    condition: Option<Condition>,
    /// Walks since it last became better: those before it confirm nothing any more.
    counted: usize,
    /// When one walk's state was another than the one's before it, oldest first.
    changes: VecDeque<i64>,
    /// Walks since the last of them, and the time of the newest walk.
    steady: usize,
    now: i64,
    broken: Run,
    bad: Run,
    blind: Run,
}

/// A walk that is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Walk {
    #[serde(flatten)]
    judged: Judged,
    /// Milliseconds of the monotonic axis.
    #[serde(default)]
    at: i64,
}

/// Walks in a row that have something in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    walks: usize,
    /// Milliseconds of the monotonic axis.
    since: i64,
}

impl Run {
    fn step(&mut self, goes_on: bool, now: i64) {
        match (goes_on, self.walks) {
            (false, _) => self.walks = 0,
            (true, 0) => *self = Self { walks: 1, since: now },
            (true, _) => self.walks = self.walks.saturating_add(1),
        }
    }

    /// Two walks at least: one alone confirms nothing, however long ago.
    fn lasts(self, now: i64, within: std::time::Duration) -> bool {
        let lasted = u128::try_from(now.saturating_sub(self.since)).unwrap_or(0);
        self.walks >= 2 && lasted >= within.as_millis()
    }
}

impl Track {
    /// Takes one walk at `now` (milliseconds, monotonic) in; gives the condition before it, when
    /// it changed.
    pub fn step(&mut self, walk: Judged, now: i64, rules: &Rules) -> Option<Option<Condition>> {
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

    /// The condition that holds.
    #[must_use]
    pub const fn condition(&self) -> Option<Condition> {
        self.condition
    }

    /// Whether the newest walk says something else than the condition: the next one should not
    /// be long in coming.
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

    /// Whether walks cannot be judged, by the rule that confirms any other bad state.
    #[must_use]
    pub fn is_blind(&self, now: i64, rules: &Rules) -> bool {
        self.confirmed(|state| state == State::CannotTell, rules)
            || self.blind.lasts(now, rules.confirm_within)
    }

    /// Whether the target changes its state too often.
    #[must_use]
    pub fn flaps(&self, rules: &Rules) -> bool {
        self.changes() >= rules.unstable_changes && !self.is_steady(rules)
    }

    /// Changes of state within the time in which they are counted.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// The walks of a condition's own kind among the newest, newest first.
    pub fn bad_walks(&self, condition: Condition, rules: &Rules) -> impl Iterator<Item = &Judged> {
        self.of_its_kind(condition, rules).map(|walk| &walk.judged)
    }

    /// When what confirmed a condition began, in milliseconds of the monotonic axis: its first
    /// bad walk, as far as walks are remembered.
    #[must_use]
    pub fn began(&self, condition: Condition, rules: &Rules) -> Option<i64> {
        let run = match condition {
            Condition::Broken => self.broken,
            Condition::AtRisk => self.bad,
            Condition::CannotTell => self.blind,
            Condition::Unstable | Condition::Works => Run::default(),
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

    /// The cause to name: the surest, then the most frequent, then the newest.
    #[must_use]
    pub fn cause(&self, condition: Condition, rules: &Rules) -> Option<Cause> {
        let causes: Vec<&Cause> =
            self.bad_walks(condition, rules).filter_map(|walk| walk.cause.as_ref()).collect();
        let times = |id: &str| causes.iter().filter(|cause| cause.id == id).count();
        // The first one wins among equals with `rev`: max_by_key takes the last.
        causes.iter().rev().max_by_key(|c| (c.sureness(), times(&c.id))).map(|c| (*c).clone())
    }

    /// Forgets the walks: too much time has gone by for them to confirm anything with.
    pub fn forget_walks(&mut self) {
        self.recent.clear();
        self.counted = 0;
        (self.broken, self.bad, self.blind) = (Run::default(), Run::default(), Run::default());
    }

    /// Moves the monotonic axis, as a restart does.
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
        let lasts = |run: Run| run.lasts(now, rules.confirm_within);
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
        while self.changes.len() > MOST_CHANGES
            || self.changes.front().is_some_and(|at| now.saturating_sub(*at) > within)
        {
            self.changes.pop_front();
        }
    }

    /// A quarter of the time in which changes are counted, and the walks that confirm anything
    /// else, without a change.
    fn is_steady(&self, rules: &Rules) -> bool {
        let quarter = i64::try_from(rules.unstable_within.as_millis() / 4).unwrap_or(i64::MAX);
        let last = self.changes.back();
        self.steady >= rules.confirm_walks
            && last.is_none_or(|at| self.now.saturating_sub(*at) >= quarter)
    }

    fn newest(&self, count: usize) -> impl Iterator<Item = &Judged> {
        self.recent.iter().rev().take(count).map(|walk| &walk.judged)
    }
}
