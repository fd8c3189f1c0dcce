//! Reports without what identifies their owner, judged again.

use super::judged;
use crate::anonymise::Anonymiser;
use crate::report::Report;

/// The reports of a run, with what identifies their owner replaced.
pub(super) struct Anonymous {
    anonymiser: Anonymiser,
    /// Reports whose conclusions are not those of the original.
    pub(super) differing: usize,
}

impl Anonymous {
    /// What replaces the names of these reports.
    pub(super) fn new(reports: &[Report]) -> Result<Self, String> {
        Ok(Self { anonymiser: Anonymiser::new(reports)?, differing: 0 })
    }

    /// What replaces the names of reports that are still to come, of targets with these names.
    pub(super) fn of_targets<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut new = Self::new(&[])?;
        new.add_targets(names);
        Ok(new)
    }

    /// Further targets whose reports are still to come.
    pub(super) fn add_targets<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        names.for_each(|name| self.anonymiser.add_target(name));
    }

    /// One report, judged again.
    pub(super) fn report(&mut self, report: &Report) -> Result<Report, String> {
        let saved = self.anonymiser.report(report);
        let saved = saved.map_err(|why| format!("--anonymise: {why}"))?;
        let mut new = judged(saved.evidence);
        (new.name, new.labels) = (saved.name, saved.labels);
        new.anonymised = saved.anonymised;
        new.muted_until.clone_from(&report.muted_until);
        let (old, now) = (&report.verdict, &new.verdict);
        if (old.state, &old.cause, old.confidence) != (now.state, &now.cause, now.confidence) {
            self.differing += 1;
        }
        Ok(new)
    }

    /// All of them.
    pub(super) fn reports(&mut self, reports: &[Report]) -> Result<Vec<Report>, String> {
        reports.iter().map(|report| self.report(report)).collect()
    }

    /// A text with the same replacements: an option, a path, a message.
    pub(super) fn text(&mut self, text: &str) -> String {
        self.anonymiser.text(text)
    }

    /// A name of this kind, replaced whatever it is.
    pub(super) fn name(&mut self, name: &str, kind: &'static str) -> String {
        self.anonymiser.named(name, kind)
    }

    /// What a reader has to know of the result: empty where there is nothing.
    pub(super) fn warning(&self) -> String {
        match self.differing {
            0 => String::new(),
            1 => "aoai-probe: --anonymise: without its names a report is judged differently: \
                  compare it with the original before you send it\n"
                .to_owned(),
            n => format!(
                "aoai-probe: --anonymise: without their names {n} reports are judged differently: \
                 compare them with the originals before you send them\n"
            ),
        }
    }
}
