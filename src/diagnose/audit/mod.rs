//! Judges what Resource Manager says of an account's private access, without a path: which parts of
//! it are there, and whether they fit each other. What the caller does not see stays open.

mod account;
mod endpoints;
mod gaps;
mod gateways;
mod names;
mod resolvers;
#[cfg(test)]
mod tests;

use super::view::azure::AzureView;
use crate::audit::{Audit, AuditCheck, SCHEMA_VERSION};
use crate::diagnosis::State;
use crate::evidence::Evidence;
use crate::evidence::azure::Answer;

/// One kind of check: several results where the account has several of something.
type Check = fn(&AzureView<'_>) -> Vec<AuditCheck>;

/// Every check, in the order of the path.
const CHECKS: &[Check] = &[
    account::account,
    account::public_access,
    account::keys,
    account::perimeter,
    endpoints::connections,
    endpoints::endpoints,
    gateways::gateways,
    names::names,
    resolvers::forwarding,
    resolvers::policies,
    not_read,
    gaps::gaps,
];

/// The audit of the account that the evidence of Resource Manager is about; none where it was not
/// asked.
#[must_use]
pub fn audit(evidence: &Evidence) -> Option<Audit> {
    let view = AzureView::new(evidence)?;
    let host = evidence.target.host.clone();
    let mut checks: Vec<AuditCheck> = Vec::new();
    if let Some(why) = &view.said.stopped {
        checks.push(AuditCheck::new("resource-manager", State::CannotTell, why));
    } else {
        checks.extend(CHECKS.iter().flat_map(|check| check(&view)));
    }
    let worst = checks.iter().min_by_key(|check| check.state.weight());
    let state = worst.map_or(State::CannotTell, |check| check.state);
    let count = checks.iter().filter(|check| check.state == state).count();
    let line = match (worst, state) {
        (Some(_), State::Works) => {
            format!("{}: every part of {host}'s private access fits the others", state.words())
        }
        (Some(check), _) if count > 1 => {
            format!("{} ({}, and {} more): {}", state.words(), check.id, count - 1, check.says)
        }
        (Some(check), _) => format!("{} ({}): {}", state.words(), check.id, check.says),
        (None, _) => format!("{}: nothing was read", state.words()),
    };
    let schema_version = SCHEMA_VERSION.to_owned();
    let azure = (*view.said).clone();
    Some(Audit { schema_version, host, state, line, checks, azure })
}

/// Why an answer says nothing.
fn open<T>(answer: &Answer<T>, what: &str) -> String {
    match answer {
        Answer::Read { .. } => format!("{what} is known"),
        Answer::Listed { .. } => {
            format!("{what}: Resource Graph alone shows it, which learns of changes late")
        }
        Answer::Absent => format!("Resource Manager knows no {what} of this id"),
        Answer::NotVisible => format!("no {what} is visible to this caller, which is no absence"),
        Answer::Refused { refusal } => match (&refusal.action, &refusal.scope) {
            (Some(action), Some(scope)) => {
                format!("{what}: not read: {action} over {scope} is needed")
            }
            _ => format!("{what}: not read: {}", refusal.code),
        },
        Answer::Failed { message } => format!("{what}: not read: {message}"),
        Answer::NotAsked => format!("{what}: not asked"),
    }
}

/// The rights that this caller lacks, once each.
fn not_read(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let mut rights: Vec<String> = Vec::new();
    for read in &view.said.reads {
        if let (Some(action), Some(scope)) = (&read.action, &read.scope) {
            let right = format!("{action} over {scope}");
            if !rights.contains(&right) {
                rights.push(right);
            }
        }
    }
    let check = match rights.len() {
        0 => return Vec::new(),
        1 => AuditCheck::new("rights", State::CannotTell, "this caller may not read a part of it"),
        more => {
            let says = format!("this caller may not read {more} parts of it");
            AuditCheck::new("rights", State::CannotTell, says)
        }
    };
    vec![rights.into_iter().fold(check, AuditCheck::fact)]
}
