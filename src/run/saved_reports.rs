//! `diagnose`: saved reports, judged again.

use super::about::About;
use super::anonymous::Anonymous;
use super::azure::Offline;
use super::bundle::Bundle;
use super::interruption::Interruption;
use super::output::written;
use super::{INPUT_TIMEOUT, Output, Terminal, destinations, judged};
use crate::args::{self, AzureOptions, AzureWay, OutputOptions};
use crate::blocking;
use crate::evidence::Evidence;
use crate::files::{self, May};
use crate::platform;
use crate::report::{self, Report, SavedReport};
use crate::world::World;

/// What Resource Manager is asked about saved reports.
pub(super) struct Question<'a> {
    pub(super) azure: &'a AzureOptions,
    pub(super) way: &'a AzureWay,
    pub(super) world: &'a dyn Fn() -> World,
    /// Whether this machine made the walks, so that what it is in Azure belongs to them.
    pub(super) made_here: bool,
}

/// `diagnose --azure` in a given world, of walks that this machine made or another one.
///
/// # Errors
///
/// What the user got wrong, or a file that cannot be read.
pub fn diagnose_in(
    reports: &[String],
    (azure, way): (&AzureOptions, &AzureWay),
    output: &OutputOptions,
    world: &dyn Fn() -> World,
    made_here: bool,
) -> Result<Output, String> {
    let question = Question { azure, way, world, made_here };
    diagnose_files(reports, &question, output, Terminal::default())
}

pub(super) fn diagnose_files(
    paths: &[String],
    question: &Question<'_>,
    output: &OutputOptions,
    terminal: Terminal,
) -> Result<Output, String> {
    args::output_contradiction(output)?;
    question.azure.contradiction()?;
    if let (false, Some(option)) = (question.azure.azure, question.way.given()) {
        return Err(format!("{option} needs --azure: without it, nothing is contacted"));
    }
    let world = (question.world)();
    let environment = &world.environment.clone();
    let inputs: Vec<(&str, &str)> = paths.iter().map(|path| ("report", path.as_str())).collect();
    destinations::check(output, &inputs)?;
    let mut reports = Vec::new();
    for path in paths {
        reports.extend(judged_reports(path)?);
    }
    let ended = match question.azure.azure {
        true => ask(&mut reports, question, world)?,
        false => None,
    };
    let mut anonymous = output.anonymise.then(|| Anonymous::new(&reports)).transpose()?;
    if let Some(anonymous) = &mut anonymous {
        reports = anonymous.reports(&reports)?;
    }
    let mut done = written(&reports, "", output, environment, terminal)?;
    done.err = anonymous.as_ref().map(Anonymous::warning).unwrap_or_default();
    if let Some(ended) = ended {
        platform::default_signals();
        done.err.push_str("aoai-probe: interrupted\n");
        done.status = ended.status();
    }
    if let Some(file) = &output.bundle {
        let about = About { command: "diagnose", options: Vec::new(), environment };
        done.bundle = Some(Bundle::new(file, &reports, &about, anonymous.as_mut())?);
    }
    Ok(done)
}

/// Asks Resource Manager about the walks of these reports, and judges them with its answers.
fn ask(
    reports: &mut [Report],
    question: &Question<'_>,
    world: World,
) -> Result<Option<Interruption>, String> {
    if reports.iter().any(|report| report.anonymised.is_some()) {
        return Err(
            "--azure: the report is anonymised, so its names are none of Azure's: use the \
                    original"
                .to_owned(),
        );
    }
    let offline = Offline::new(question.way, world)?;
    let mut walks: Vec<Evidence> = reports.iter().map(|report| report.evidence.clone()).collect();
    let ended = offline.read(&question.azure.questions, &mut walks, question.made_here)?;
    for (report, walked) in reports.iter_mut().zip(walks) {
        let kept = (report.name.take(), std::mem::take(&mut report.labels));
        *report = judged(walked);
        (report.name, report.labels) = kept;
    }
    Ok(ended)
}

/// The reports of a file, judged anew.
///
/// # Errors
///
/// Why they cannot be read, after the name of the file.
pub(super) fn judged_reports(path: &str) -> Result<Vec<Report>, String> {
    let from = path.to_owned();
    let saved = blocking::run_with_timeout(INPUT_TIMEOUT, move || saved(&from))
        .map_err(|_| format!("{path}: no end of it after 30 s"))?
        .map_err(|e| format!("{path}: {e}"))?;
    let one = |saved: SavedReport| {
        let mut report = judged(saved.evidence);
        // Muting does not apply to a report that the user asks to judge.
        (report.name, report.labels) = (saved.name, saved.labels);
        report.anonymised = saved.anonymised;
        report
    };
    Ok(saved.into_iter().map(one).collect())
}

fn saved(path: &str) -> Result<Vec<SavedReport>, report::ReadError> {
    if path == "-" {
        return report::read(std::io::stdin().lock());
    }
    report::read(files::open(path, May::BeAnything).map_err(report::ReadError::Io)?)
}
