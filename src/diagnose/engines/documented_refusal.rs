//! A refusal that the service documents, whose fix does not depend on the path.

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::Evidence;

/// One documented refusal.
pub(in crate::diagnose) struct Row {
    /// The clause of the first line, with `{account}` and `{deployment}` filled in.
    pub(in crate::diagnose) message: &'static str,
    /// What it means, in sentences.
    pub(in crate::diagnose) means: &'static [&'static str],
    /// What the answer rules out by what it says.
    pub(in crate::diagnose) excludes: &'static str,
    /// The team.
    pub(in crate::diagnose) owner: &'static str,
    /// Adds the steps of the fix.
    pub(in crate::diagnose) steps: fn(&Evidence, FindingBuilder) -> FindingBuilder,
}

/// Whether the service sends the refusal `id`, which `row` describes.
pub(in crate::diagnose) fn check(e: &View<'_>, id: &str, row: &Row) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, id)?;
    let account = match host_kind(e).is_gateway() {
        true => "the account behind the gateway",
        false => reading::account(e),
    };
    let message = row
        .message
        .replace("{account}", account)
        .replace("{deployment}", e.options.deployment.as_deref().unwrap_or("the deployment"));
    let mut finding = refusal.finding(refusal.level(e), refusal.confidence(), message);
    for name in ["apim-request-id", "x-ms-region"] {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    for sentence in row.means {
        finding = finding.reasoning(*sentence);
    }
    finding = finding.ruled_out(row.excludes).owner(row.owner);
    Some((row.steps)(e, finding).check(reading::again(e)))
}
