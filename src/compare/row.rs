//! A fact that is compared: how it is read from a report, and when two readings count as equal.

use std::collections::BTreeMap;

use crate::comparison::Fact;
use crate::report::Report;
use crate::sorting;

/// A time counts as different when it is more than this many times the other one, and longer by
/// more than the row's floor. What the same path takes varies by less: a cached and an uncached
/// answer, a busy peer, another front end.
const JITTER_FACTOR: f64 = 3.0;

/// A fact that is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Its id: the part, a dot and a word.
    pub(super) id: &'static str,
    what: &'static str,
    read: fn(&Report) -> Reading,
    rule: Rule,
    outcome: bool,
    /// The rows whose difference makes this one a repetition.
    covered_by: &'static [&'static str],
    /// Whether entries that only one report has are left out.
    common: bool,
}

/// When two readings count as equal.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// When their keys are equal.
    Equal,
    /// When they are milliseconds within jitter, with this floor.
    Jitter(f64),
    /// When the numbers are at most this far apart.
    Within(f64),
}

/// What a report has of a fact: none where the hop was not walked, so that nothing is compared.
pub(super) type Reading = Option<Vec<Item>>;

/// One entry of a fact.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Of which one, where there are several.
    of: String,
    /// For people.
    shown: String,
    /// What is compared.
    key: String,
    number: f64,
}

impl Item {
    /// An entry that is compared as it is shown.
    pub(super) fn new(of: impl Into<String>, shown: impl Into<String>) -> Self {
        let shown = shown.into();
        Self { of: of.into(), key: shown.clone(), shown, number: 0.0 }
    }

    /// The same entry, compared by another text.
    pub(super) fn key(self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self }
    }
}

/// A fact with one value.
pub(super) fn one(shown: impl Into<String>) -> Reading {
    Some(vec![Item::new("", shown)])
}

/// A fact with one value, compared by `key`.
pub(super) fn keyed(shown: impl Into<String>, key: impl Into<String>) -> Reading {
    Some(vec![Item::new("", shown).key(key)])
}

/// A value that may be missing; a missing one differs from any other.
pub(super) fn optional(value: Option<&String>) -> Reading {
    one(value.map_or("none", String::as_str))
}

/// Several values in their order.
pub(super) fn ordered<T: ToString>(values: impl IntoIterator<Item = T>) -> Reading {
    let all: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    one(match all.is_empty() {
        true => "none".to_owned(),
        false => all.join(", "),
    })
}

/// Several values without an order.
pub(super) fn unordered<T: ToString>(values: impl IntoIterator<Item = T>) -> Reading {
    let mut all: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    sorting::ascending(&mut all);
    all.dedup();
    ordered(all)
}

/// A number, shown as `shown`.
pub(super) fn number(value: f64, shown: String) -> Reading {
    Some(vec![Item { number: value, ..Item::new("", shown) }])
}

/// A time in milliseconds.
pub(super) fn milliseconds(value: Option<f64>) -> Reading {
    let value = value?;
    number(value, crate::render::progress::milliseconds(value))
}

impl Row {
    /// A fact whose difference changes no outcome by itself.
    pub(super) const fn new(
        id: &'static str,
        what: &'static str,
        read: fn(&Report) -> Reading,
    ) -> Self {
        Self { id, what, read, rule: Rule::Equal, outcome: false, covered_by: &[], common: false }
    }

    /// As the outcome of a hop.
    pub(super) const fn outcome(mut self) -> Self {
        self.outcome = true;
        self
    }

    /// As milliseconds, within jitter: `floor` is the least difference that counts.
    pub(super) const fn jitter(mut self, floor: f64) -> Self {
        self.rule = Rule::Jitter(floor);
        self
    }

    /// As numbers that may be this far apart.
    pub(super) const fn within(mut self, most: f64) -> Self {
        self.rule = Rule::Within(most);
        self
    }

    /// Left out where one of these rows, above this one, differs.
    pub(super) const fn covered_by(mut self, ids: &'static [&'static str]) -> Self {
        self.covered_by = ids;
        self
    }

    /// Entries that only one report has are left out.
    pub(super) const fn common(mut self) -> Self {
        self.common = true;
        self
    }

    /// What differs, with the facts that differ already.
    pub(super) fn differences(&self, a: &Report, b: &Report, known: &[Fact]) -> Vec<Fact> {
        if known.iter().any(|fact| self.covered_by.contains(&fact.id)) {
            return Vec::new();
        }
        let (Some(a), Some(b)) = ((self.read)(a), (self.read)(b)) else { return Vec::new() };
        let mut entries: BTreeMap<String, [Option<Item>; 2]> = BTreeMap::new();
        for (side, items) in [a, b].into_iter().enumerate() {
            for item in items {
                entries.entry(item.of.clone()).or_default()[side].get_or_insert(item);
            }
        }
        let differs = |sides: &[Option<Item>; 2]| match sides {
            [Some(a), Some(b)] => !self.equal(a, b),
            _ => !self.common,
        };
        let fact = |(of, [a, b]): (String, [Option<Item>; 2])| Fact {
            part: self.part(),
            id: self.id,
            what: self.what,
            of,
            outcome: self.outcome,
            a: a.map(|item| item.shown),
            b: b.map(|item| item.shown),
        };
        entries.into_iter().filter(|(_, sides)| differs(sides)).map(fact).collect()
    }

    /// The part of the comparison.
    pub(super) fn part(&self) -> &'static str {
        self.id.split('.').next().unwrap_or_default()
    }

    fn equal(&self, a: &Item, b: &Item) -> bool {
        let apart = (a.number - b.number).abs();
        match self.rule {
            Rule::Equal => a.key == b.key,
            Rule::Within(most) => apart <= most,
            Rule::Jitter(floor) => {
                apart <= floor || a.number.max(b.number) <= JITTER_FACTOR * a.number.min(b.number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_within_jitter_are_equal() {
        let row = Row::new("dns.time", "time", |_| None).jitter(100.0);
        let time = |ms: f64| Item { number: ms, ..Item::new("", "") };
        for (a, b, equal) in [
            (1.0, 90.0, true),
            (1.0, 120.0, false),
            (120.0, 1.0, false),
            (200.0, 590.0, true),
            (200.0, 610.0, false),
            (0.0, 0.0, true),
        ] {
            assert_eq!(row.equal(&time(a), &time(b)), equal, "{a} ms and {b} ms");
        }
    }
}
