//! `compare`: two saved reports, and `--baseline`: a run against a saved report.

use super::anonymous::Anonymous;
use super::output::style;
use super::saved_reports::judged_reports;
use super::{CANNOT_TELL, Output, Terminal, destinations};
use crate::args::{TextOrJson, Writing};
use crate::compare::{Named, OTHER_NAMES, compare, matched, of_one_account, repeated};
use crate::comparison::{Comparison, Difference};
use crate::evidence::TargetInfo;
use crate::render::comparison::{self, Compared};
use crate::render::{Style, Verbosity};
use crate::report::Report;
use crate::world::Environment;

/// Compares the reports of two files.
///
/// # Errors
///
/// A usage error. A file that cannot be read, and files of different targets, give an output with
/// the exit status "cannot tell": 1 and 2 mean that the reports differ.
pub(super) fn compare_files(
    a: &str,
    b: &str,
    (format, anonymise): (TextOrJson, bool),
    writing: &Writing,
    environment: &Environment,
    terminal: Terminal,
) -> Result<Output, String> {
    if a == "-" && b == "-" {
        return Err("only one of the two reports can come from standard input".to_owned());
    }
    destinations::check_file(writing, &[("first report", a), ("second report", b)])?;
    let read = judged_reports(a).and_then(|first| Ok((first, judged_reports(b)?)));
    let result = read.and_then(|(first, second)| match anonymise {
        true => anonymous_pairs([a, b], first, second),
        false => Ok((pairs(a, &first, b, &second)?, String::new())),
    });
    let (all, err) = match result {
        Ok(all) => all,
        Err(message) => {
            let err = format!("aoai-probe: {message}\n");
            return Ok(Output { err, status: CANNOT_TELL, ..Output::default() });
        }
    };
    let to_terminal = terminal.out && writing.output.is_none();
    let out = match format {
        TextOrJson::Json => comparison::to_json(&all.compared()).map_err(|e| e.to_string())?,
        TextOrJson::Human => {
            comparison::render(&all.compared(), style(writing, environment, to_terminal))
        }
    };
    let (file, status) = (writing.output.clone(), all.exit_status());
    Ok(Output { out, err, file, status, ..Output::default() })
}

/// The comparisons of two files with the same replacements in both, and a warning.
fn anonymous_pairs(
    [a, b]: [&str; 2],
    first: Vec<Report>,
    second: Vec<Report>,
) -> Result<(Pairs, String), String> {
    let mut anonymous = Anonymous::new(&[first.clone(), second.clone()].concat())?;
    let (first, second) = (anonymous.reports(&first)?, anonymous.reports(&second)?);
    let [a, b] = [a, b].map(|path| anonymous.text(path));
    Ok((pairs(&a, &first, &b, &second)?, anonymous.warning()))
}

/// The saved report that a run is compared with.
pub(super) struct Baseline {
    file: String,
    reports: Vec<Report>,
}

impl Baseline {
    /// Reads it, if there is one, before anything is walked.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, or that it is of none of these targets.
    pub(super) fn read<'a>(
        file: Option<&String>,
        targets: impl Iterator<Item = &'a TargetInfo>,
    ) -> Result<Option<Self>, String> {
        let Some(file) = file else { return Ok(None) };
        let reports = judged_reports(file).map_err(|message| format!("--baseline {message}"))?;
        if let Some(why) = repeated(&reports) {
            return Err(format!("--baseline {file} {why}"));
        }
        if reports.iter().all(|one| one.anonymised.is_some()) {
            return Err(format!("--baseline {file}: {OTHER_NAMES}"));
        }
        let mut walked = String::new();
        for target in targets {
            if reports.iter().any(|one| of_one_account(&one.evidence.target, target)) {
                return Ok(Some(Self { file: file.clone(), reports }));
            }
            walked = target.host.clone();
        }
        let saved = reports.first().map_or("", |one| one.evidence.target.host.as_str());
        Err(format!("--baseline {file}: different targets: it is of {saved}, this run of {walked}"))
    }

    /// The comparison as text below the result; with `--quiet` the result stands alone.
    pub(super) fn compared(&self, reports: &[Report], style: Style) -> String {
        if style.verbosity == Verbosity::Quiet {
            return String::new();
        }
        match pairs(&self.file, &self.reports, "this run", reports) {
            Ok(mut all) => {
                // A baseline may be of more targets than this run.
                all.only_a.clear();
                let shown = comparison::render(&all.compared(), style);
                format!("\ncompared with the baseline {}\n\n{shown}", repeatable_path(&self.file))
            }
            Err(message) => format!("\nbaseline: {message}\n"),
        }
    }
}

/// A path as it can be shown.
fn repeatable_path(path: &str) -> String {
    crate::evidence::text::clean(path, 200)
}

/// The comparisons of two files.
pub(super) struct Pairs {
    comparisons: Vec<Comparison>,
    only_a: Vec<String>,
    only_b: Vec<String>,
}

/// Compares the reports of two sources that belong together.
pub(super) fn pairs(
    source_a: &str,
    a: &[Report],
    source_b: &str,
    b: &[Report],
) -> Result<Pairs, String> {
    for (source, reports) in [(source_a, a), (source_b, b)] {
        if let Some(why) = repeated(reports) {
            return Err(format!("{source} {why}"));
        }
    }
    let matched = matched(a, b).map_err(|e| e.to_string())?;
    let titles = |all: &[&Report]| all.iter().map(|one| one.title().to_owned()).collect();
    let named =
        |path: &str| if path == "-" { "standard input".to_owned() } else { path.to_owned() };
    let (source_a, source_b) = (named(source_a), named(source_b));
    let one = |(a, b): &(&Report, &Report)| {
        let a = Named { source: &source_a, report: a };
        compare(a, Named { source: &source_b, report: b })
    };
    Ok(Pairs {
        comparisons: matched.pairs.iter().map(one).collect(),
        only_a: titles(&matched.only_a),
        only_b: titles(&matched.only_b),
    })
}

impl Pairs {
    /// In the form that renderers take.
    pub(super) fn compared(&self) -> Compared<'_> {
        Compared::new(&self.comparisons, &self.only_a, &self.only_b)
    }

    /// A different outcome counts before a target without a counterpart, that before a harmless
    /// difference.
    fn exit_status(&self) -> u8 {
        let worst = self.comparisons.iter().map(|one| one.result).max();
        let worst = worst.unwrap_or(Difference::Same);
        match self.only_a.is_empty() && self.only_b.is_empty() {
            false if worst < Difference::Outcome => CANNOT_TELL,
            _ => worst.exit_status(),
        }
    }
}
