//! Judges evidence: pure, offline, always with the same result.
//!
//! This module may not touch the network, the clock, the environment or a file; it sees
//! the evidence and nothing else.

mod account;
mod again;
pub mod audit;
mod azure;
pub mod clock;
mod dns64;
mod endpoint_of;
mod engines;
mod expect_closed;
pub mod finding;
pub mod headline;
pub mod pasted;
pub mod platform_advice;
mod private_dns;
pub mod reading;
pub mod resolver_class;
pub mod resolver_profile;
#[macro_use]
mod rule;
pub mod rules;
mod system;
pub mod timing;
mod verdict;
mod view;
mod word_match;

use std::collections::BTreeMap;

use crate::diagnosis::{Confidence, Diagnosis, Finding};
use crate::evidence::{Evidence, Hop};
use crate::sorting;

use headline::Clause;

pub use finding::FindingBuilder;
pub use rule::{About, Rule};
use rule::{Check, ForTokens};
use view::View;

/// Ids that are no longer used, with the release that dropped them; never reused.
pub const RETIRED: &[(&str, &str)] = &[];

/// The rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules::all().find(|rule| rule.id == id)
}

/// Whether the evidence makes the rule of an id fire, whatever it yields to. False for ids of no
/// rule.
#[must_use]
pub fn fires(id: &str, evidence: &Evidence) -> bool {
    rule(id).is_some_and(|rule| rule.fires(&View::new(evidence)).is_some())
}

/// Judges the evidence of one walk, in the commands and words of the system that it ran on.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    let mut diagnosis = judge(evidence);
    diagnosis.findings.iter_mut().for_each(|finding| system::suit(evidence, finding));
    diagnosis
}

/// The same in the rules' own words, for findings that another finding takes over.
fn judge(evidence: &Evidence) -> Diagnosis {
    // Evidence that is not there yet looks like missing evidence: no rule may read it.
    if let Some(why) = &evidence.unfinished {
        return Diagnosis { verdict: verdict::unfinished(why), findings: Vec::new() };
    }
    let view = View::new(evidence);
    let mut fired: Vec<(&'static Rule, FindingBuilder)> = rules::all()
        .filter_map(|rule| Some((rule, about_the_target(rule, rule.fires(&view)?, evidence))))
        .collect();
    drop_yielding(&mut fired);
    azure::apply(&view, &mut fired);
    let clauses: BTreeMap<String, Clause> = sorting::map(
        fired.iter().map(|(rule, finding)| (rule.id.to_owned(), finding.clause_of(rule))),
    );
    let settled: Vec<bool> = fired.iter().map(|(_, finding)| finding.is_settled()).collect();
    let mut fired: Vec<(&'static Rule, Finding)> =
        fired.into_iter().map(|(rule, finding)| (rule, finding.finding(rule))).collect();
    for ((rule, finding), settled) in fired.iter_mut().zip(settled) {
        if !settled {
            rules::dns::unanswered::lower(evidence, rule.decided_by, finding);
        }
        expect_closed::drop_opening_steps(evidence, finding);
    }
    fold_symptoms(&mut fired);
    for (rule, finding) in &mut fired {
        let is_open = finding.confidence != Confidence::Proved && finding.is_unexplained();
        finding.azure = is_open.then(|| azure::offer(evidence, rule.id)).flatten();
    }
    let mut findings: Vec<Finding> = fired.into_iter().map(|(_, finding)| finding).collect();
    sorting::by_key(&mut findings, |f| {
        (f.explained_by.is_some(), std::cmp::Reverse(f.level), f.hop)
    });
    let verdict = verdict::of(&view, &findings, &clauses);
    Diagnosis { verdict, findings }
}

/// A finding about a name in the words of what the name is of: its rules speak of an account. Those of
/// the later hops also mean other accounts, and say for themselves which.
fn about_the_target(rule: &Rule, finding: FindingBuilder, e: &Evidence) -> FindingBuilder {
    if rule.hop == Hop::Dns { finding.about_a(reading::noun(e)) } else { finding }
}

/// Drops each finding whose rule yields to another that fired.
fn drop_yielding(fired: &mut Vec<(&'static Rule, FindingBuilder)>) {
    let ids: Vec<&str> = fired.iter().map(|(rule, _)| rule.id).collect();
    fired.retain(|(rule, _)| !rule.yields_to.iter().any(|sharper| ids.contains(sharper)));
}

/// Marks each finding that a cause of at least its own weight explains. One that says that the walk could
/// not test the path has the weight of any.
fn fold_symptoms(fired: &mut [(&'static Rule, Finding)]) {
    let weight = |finding: &Finding| match finding.untested {
        true => crate::diagnosis::Level::Broken,
        false => finding.level,
    };
    let causes: Vec<(&'static Rule, crate::diagnosis::Level)> =
        fired.iter().map(|(rule, finding)| (*rule, weight(finding))).collect();
    for (rule, finding) in fired.iter_mut() {
        finding.explained_by = causes
            .iter()
            .filter(|(cause, level)| {
                *level >= finding.level
                    && cause.id != rule.id
                    && cause.symptoms().any(|id| id == rule.id)
            })
            .min_by_key(|(cause, _)| cause.hop)
            .map(|(cause, _)| cause.id.to_owned());
    }
}
