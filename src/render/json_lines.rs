//! Reports as JSON Lines: one object per line, in the order of the targets.

use super::json;
use crate::report::Report;

/// One line per report, each with its line feed.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn render(reports: &[Report]) -> Result<String, serde_json::Error> {
    reports.iter().map(line).collect()
}

/// The line of one report, with its line feed.
///
/// # Errors
///
/// Those of `serde_json`: none are known for reports.
pub fn line(report: &Report) -> Result<String, serde_json::Error> {
    Ok(json::compact(report)? + "\n")
}
