//! Which reports of two files belong together.

use crate::evidence::{TargetInfo, TargetKind};
use crate::report::Report;

/// The reports of two files.
#[derive(Debug)]
pub struct Matched<'a> {
    /// Reports of one target, in the order of the second file.
    pub pairs: Vec<(&'a Report, &'a Report)>,
    /// Reports of targets that only the first file has.
    pub only_a: Vec<&'a Report>,
    /// Reports of targets that only the second file has.
    pub only_b: Vec<&'a Report>,
}

/// Two files without a common target.
#[derive(Debug, thiserror::Error)]
pub enum NotComparable {
    /// They are of different accounts.
    #[error("different targets: {a} and {b}; compare reports of one account")]
    Targets {
        /// The hosts of the first file.
        a: String,
        /// The hosts of the second file.
        b: String,
    },
    /// Names were replaced in one of them, or in each by itself.
    #[error("{OTHER_NAMES}: compare the originals with compare --anonymise")]
    Anonymised,
}

/// Why an anonymised report is not comparable with one of another run.
pub const OTHER_NAMES: &str = "anonymised in another run, where the same name means something else";

/// Pairs of reports: one report a file belong together when they are of one account; several are
/// matched by the inventory's name and the host, then by host, then by account.
///
/// # Errors
///
/// [`NotComparable`] where the files have no target in common.
pub fn matched<'a>(a: &'a [Report], b: &'a [Report]) -> Result<Matched<'a>, NotComparable> {
    let mut left: Vec<Option<&Report>> = a.iter().map(Some).collect();
    let mut found: Vec<Option<&Report>> = vec![None; b.len()];
    for fits in [same_name as fn(&Report, &Report) -> bool, same_host, same_account] {
        for (place, report) in found.iter_mut().zip(b) {
            if place.is_none() {
                let fits = |a: &Report| a.anonymised == report.anonymised && fits(a, report);
                let one = left.iter_mut().find(|one| one.is_some_and(fits));
                *place = one.and_then(Option::take);
            }
        }
    }
    let pairs: Vec<_> = found.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, b))).collect();
    if pairs.is_empty() {
        let anonymised = a.iter().chain(b).any(|report| report.anonymised.is_some());
        let same_run = a.iter().any(|a| b.iter().any(|b| a.anonymised == b.anonymised));
        return Err(match anonymised && !same_run {
            true => NotComparable::Anonymised,
            false => NotComparable::Targets { a: hosts(a), b: hosts(b) },
        });
    }
    let only_b = found.iter().zip(b).filter(|(a, _)| a.is_none()).map(|(_, b)| b).collect();
    Ok(Matched { pairs, only_a: left.into_iter().flatten().collect(), only_b })
}

/// How often, and of what, there are several reports in one file: then it is not clear which one is
/// meant. `has 3 reports of myacct.openai.azure.com; give one`.
#[must_use]
pub fn repeated(reports: &[Report]) -> Option<String> {
    let same = |a: &Report, b: &Report| a.name == b.name && same_host(a, b);
    let count = |report: &Report| reports.iter().filter(|one| same(one, report)).count();
    let report = reports.iter().find(|report| count(report) > 1)?;
    Some(format!("has {} reports of {}; give one", count(report), report.title()))
}

fn same_name(a: &Report, b: &Report) -> bool {
    a.name.is_some() && a.name == b.name && same_account(a, b)
}

fn same_host(a: &Report, b: &Report) -> bool {
    endpoint(a) == endpoint(b) && a.evidence.target.base_path == b.evidence.target.base_path
}

fn same_account(a: &Report, b: &Report) -> bool {
    of_one_account(&a.evidence.target, &b.evidence.target)
}

/// Whether both are endpoints of one account: the same host, or the same first label under two of
/// the suffixes that an account has (`openai.azure.com`, `cognitiveservices.azure.com`,
/// `services.ai.azure.com`, and the privatelink name of each).
#[must_use]
pub fn of_one_account(a: &TargetInfo, b: &TargetInfo) -> bool {
    let account = |target: &TargetInfo| {
        Some((target.account.clone()?, family(target)?, target.cloud.clone()?))
    };
    let same_endpoint = (&a.host, a.port) == (&b.host, b.port);
    same_endpoint || account(a).is_some_and(|one| account(b) == Some(one))
}

/// The kind of resource that a name is an endpoint of: all suffixes of an Azure AI account belong
/// to one, every other service has one of its own.
fn family(target: &TargetInfo) -> Option<String> {
    let suffix = target.public_suffix.as_deref()?;
    let azure_ai = ["openai.", "cognitiveservices.", "services.ai."];
    if azure_ai.iter().any(|begin| suffix.starts_with(begin)) {
        return (target.kind != TargetKind::Regional).then(|| "azure-ai".to_owned());
    }
    Some(suffix.to_owned())
}

fn endpoint(r: &Report) -> (&str, u16) {
    (&r.evidence.target.host, r.evidence.target.port)
}

/// The first hosts of a file.
fn hosts(reports: &[Report]) -> String {
    let mut hosts: Vec<&str> = reports.iter().map(|r| r.evidence.target.host.as_str()).collect();
    let more = hosts.len().saturating_sub(3);
    hosts.truncate(3);
    match more {
        0 => hosts.join(", "),
        more => format!("{} and {more} more", hosts.join(", ")),
    }
}
