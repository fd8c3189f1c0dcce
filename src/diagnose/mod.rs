//! Judges evidence: pure, offline, again and again with the same result.
//!
//! This module may not touch the network, the clock, the environment or a file; it sees
//! the evidence and nothing else.

mod again;
pub mod because;
pub mod clock;
mod closed;
pub mod headline;
pub mod platform_advice;
pub mod reading;
pub mod resolver_class;
pub mod resolver_profile;
pub mod rules;
pub mod timing;
mod verdict;

use std::collections::BTreeMap;

use crate::diagnosis::{Diagnosis, Finding};
use crate::evidence::{Evidence, Hop};

pub use because::Because;

/// One rule: a fault that evidence can show.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Kebab-case id, `hop-fault`, named for the fault; stable for ever.
    pub id: &'static str,
    /// The hop of the fault.
    pub hop: Hop,
    /// What it is, in one line, for lists.
    pub title: &'static str,
    /// Its page: what `explain` prints, the same bytes as `docs/findings/<id>.md`.
    pub page: &'static str,
    /// Ids of findings that are symptoms of this one when both fire.
    pub explains: &'static [&'static str],
    /// Whether the evidence shows it.
    pub check: fn(&Evidence) -> Option<Because>,
}

/// Ids that are no longer given, with the release that dropped them; never reused.
pub const RETIRED: &[(&str, &str)] = &[];

/// The rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules::all().find(|rule| rule.id == id)
}

/// Judges the evidence of one walk.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    // What is not there yet looks like what is missing: no rule may read it.
    if let Some(why) = &evidence.unfinished {
        return Diagnosis { verdict: verdict::unfinished(why), findings: Vec::new() };
    }
    let mut clauses = BTreeMap::new();
    let mut fired: Vec<(&'static Rule, Finding)> = Vec::new();
    for rule in rules::all() {
        if let Some(because) = (rule.check)(evidence) {
            clauses.insert(rule.id.to_owned(), because.clause().clone());
            fired.push((rule, because.finding(rule)));
        }
    }
    for (_, finding) in &mut fired {
        rules::dns::unanswered::lower(evidence, finding);
        closed::keep_shut(evidence, finding);
    }
    fold_symptoms(&mut fired);
    let mut findings: Vec<Finding> = fired.into_iter().map(|(_, finding)| finding).collect();
    findings.sort_by_key(|f| (f.explained_by.is_some(), std::cmp::Reverse(f.level), f.hop));
    let verdict = verdict::of(evidence, &findings, &clauses);
    Diagnosis { verdict, findings }
}

/// Marks each finding that a cause of at least its own weight explains.
fn fold_symptoms(fired: &mut [(&'static Rule, Finding)]) {
    let causes: Vec<(&'static Rule, crate::diagnosis::Level)> =
        fired.iter().map(|(rule, finding)| (*rule, finding.level)).collect();
    for (rule, finding) in fired.iter_mut() {
        finding.explained_by = causes
            .iter()
            .filter(|(cause, level)| {
                *level >= finding.level && cause.id != rule.id && cause.explains.contains(&rule.id)
            })
            .min_by_key(|(cause, _)| cause.hop)
            .map(|(cause, _)| cause.id.to_owned());
    }
}
