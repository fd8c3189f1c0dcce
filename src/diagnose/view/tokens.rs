//! The paths to the hosts that give tokens: walks of their own, judged once.

use crate::diagnose::{ForTokens, judge, rule};
use crate::diagnosis::{Finding, Level};
use crate::evidence::Evidence;
use crate::evidence::identity::TokenRequest;

use super::View;

/// The findings of the walk of each token request, in the order of the requests.
#[derive(Default)]
pub(in crate::diagnose) struct TokenPaths {
    findings: Vec<Vec<Finding>>,
    /// The first finding that makes a token slow or unreliable, with the index of its request.
    care: Option<(usize, Finding)>,
}

impl TokenPaths {
    /// Judges the walks of `view`.
    pub(super) fn judged(view: &View<'_>) -> Self {
        let requests = view.identity.acquisition.iter().flat_map(|how| &how.requests);
        let judge = |request| walk_of(request).map(|walk| judge(walk).findings);
        let findings: Vec<Vec<Finding>> =
            requests.map(|request| judge(request).unwrap_or_default()).collect();
        let care = findings
            .iter()
            .enumerate()
            .find_map(|(index, found)| Some((index, care(view, found)?.clone())));
        Self { findings, care }
    }

    /// The cause on the path of the request at `index`: the earliest finding of this level that
    /// none explains.
    pub(in crate::diagnose) fn cause(&self, index: usize, level: Level) -> Option<&Finding> {
        earliest(self.findings.get(index)?.iter().filter(|f| f.level == level))
    }

    /// The first finding that makes a token slow or unreliable, with the index of its request.
    pub(in crate::diagnose) fn care(&self) -> Option<(usize, &Finding)> {
        self.care.as_ref().map(|(index, finding)| (*index, finding))
    }
}

/// What a finding of such a path means for the token.
pub(in crate::diagnose) fn means(finding: &Finding) -> ForTokens {
    rule(&finding.id).map_or(ForTokens::Other, |rule| rule.for_tokens)
}

/// The walk of a request. It asks for no token of its own; a saved report that says so is not
/// followed into its depths.
pub(in crate::diagnose) fn walk_of(request: &TokenRequest) -> Option<&Evidence> {
    request.path.as_deref().filter(|walk| walk.identity.acquisition.is_none())
}

/// The earliest risk that is the path's own: not one that the target's path has as well.
fn care<'f>(view: &View<'_>, findings: &'f [Finding]) -> Option<&'f Finding> {
    let here = |f: &Finding| rule(&f.id).is_some_and(|rule| rule.fires(view).is_some());
    earliest(findings.iter().filter(|f| {
        f.level == Level::Risk
            && matches!(means(f), ForTokens::Care | ForTokens::DeadAddress)
            && !here(f)
    }))
}

fn earliest<'f>(findings: impl Iterator<Item = &'f Finding>) -> Option<&'f Finding> {
    findings.filter(|f| f.explained_by.is_none()).min_by_key(|f| f.hop)
}
