//! What of a report a ticket is about, and for which team.

use crate::diagnosis::{Finding, Level};
use crate::report::Report;

/// What a ticket for a team is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Subject<'a> {
    /// This finding.
    Finding(&'a Finding),
    /// Findings of this team, all of them symptoms of a cause that another team owns.
    Symptom(&'a Finding),
    /// Nothing: another team owns the cause, or no finding needs action.
    Nothing,
}

/// The subject for `team`, one of [`crate::diagnosis::TEAMS`]; without one, the cause.
///
/// Of a team's findings the cause is first, then what no other finding explains, then symptoms.
pub(super) fn subject<'a>(report: &'a Report, team: Option<&str>) -> Subject<'a> {
    let Some(team) = team else {
        return report.cause().map_or(Subject::Nothing, Subject::Finding);
    };
    if let Some(cause) = report.cause().filter(|cause| is_of(cause, team)) {
        return Subject::Finding(cause);
    }
    let of_team = || report.findings.iter().filter(|f| f.level > Level::Note && is_of(f, team));
    if let Some(finding) = of_team().find(|f| f.explained_by.is_none()) {
        return Subject::Finding(finding);
    }
    of_team().next().map_or(Subject::Nothing, Subject::Symptom)
}

fn is_of(finding: &Finding, team: &str) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.team() == team)
}
