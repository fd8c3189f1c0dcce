//! A round over many targets for people: not target by target, but cause by cause.

use colored::Color;

use super::human::color;
use super::page::Page;
use super::steps;
use super::words::count;
use super::{Style, Verbosity, quoted};
use crate::diagnosis::{Finding, State};
use crate::report::Report;

/// Names that a group lists before it only counts them.
const MOST_NAMES: usize = 50;

/// What a summary keeps of a report: little, since rounds are long.
#[derive(Debug, Clone)]
pub struct Row {
    name: String,
    muted: bool,
    state: State,
    cause: Option<String>,
    place: Option<String>,
    /// The cause in full, until a group has one.
    finding: Option<Box<Finding>>,
    line: String,
}

impl Row {
    /// A report's row.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            name: report.title().to_owned(),
            muted: report.muted_until.is_some(),
            state: report.verdict.state,
            cause: report.verdict.cause.clone(),
            place: report.place(),
            finding: report.cause().cloned().map(Box::new),
            line: report.verdict.line.clone(),
        }
    }

    /// Whether two rows have one cause at one place.
    fn is_like(&self, other: &Self) -> bool {
        let alike = self.state == other.state && self.cause == other.cause;
        // Without a cause nothing is known to be common but the state.
        let named = self.cause.is_some() || self.state == State::Works || self.line == other.line;
        alike && named && self.place == other.place
    }
}

/// Targets with one cause.
#[derive(Debug)]
struct Group {
    /// The row of the first of them in the inventory.
    first: Row,
    /// Its place there.
    place: usize,
    /// Places and names of all.
    names: Vec<(usize, String)>,
    /// How many of them are muted.
    muted: usize,
}

/// Rows by cause; each group keeps one finding for all of its targets.
#[derive(Debug, Default)]
pub struct Summary {
    groups: Vec<Group>,
    walked: usize,
    /// Targets that do not affect the exit status.
    muted: usize,
}

impl Summary {
    /// Counts the report of the target at `place` of the inventory.
    pub fn count(&mut self, place: usize, row: Row) {
        self.walked += 1;
        let muted = usize::from(row.muted);
        self.muted += muted;
        let mark = if row.muted { " (muted)" } else { "" };
        let name = (place, format!("{}{mark}", row.name));
        match self.groups.iter_mut().find(|group| group.first.is_like(&row)) {
            Some(group) => {
                // The words of a group are those of its first target in the inventory, whichever
                // is finished first: two rounds over the same faults must say the same.
                if place < group.place {
                    (group.first, group.place) = (row, place);
                }
                group.names.push(name);
                group.muted += muted;
            }
            None => self.groups.push(Group { first: row, place, names: vec![name], muted }),
        }
    }

    /// Targets counted so far.
    #[must_use]
    pub fn walked(&self) -> usize {
        self.walked
    }

    /// Targets of a state that are not muted.
    #[must_use]
    pub fn of_state(&self, state: State) -> usize {
        let groups = self.groups.iter().filter(|group| group.first.state == state);
        groups.map(|group| group.names.len() - group.muted).sum()
    }

    /// `12 targets: 9 broken, 1 works, 2 muted`.
    #[must_use]
    pub fn line(&self) -> String {
        let words = [
            (State::Broken, "broken"),
            (State::CannotTell, "cannot tell"),
            (State::AtRisk, "at risk"),
            (State::Works, "works"),
        ];
        let mut counts: Vec<String> = words
            .into_iter()
            .filter_map(|(state, word)| match (self.of_state(state), state) {
                (0, _) => None,
                (several, State::Works) if several > 1 => Some(format!("{several} work")),
                (count, _) => Some(format!("{count} {word}")),
            })
            .collect();
        if self.muted > 0 {
            counts.push(format!("{} muted", self.muted));
        }
        format!("{}: {}", targets(self.walked), counts.join(", "))
    }

    /// The summary. `again` is the command that walks one of the targets by itself, up to its
    /// name.
    #[must_use]
    pub fn render(mut self, again: &str, style: Style) -> String {
        let mut page = Page::new(style);
        if self.walked > 0 {
            page.headline("", Color::Green, &self.line());
        }
        if style.verbosity == Verbosity::Quiet {
            return page.finish();
        }
        for group in &mut self.groups {
            group.names.sort_unstable();
        }
        // The worst first, then the largest, then as the inventory has them; what is muted needs
        // no care.
        self.groups.sort_by_key(|group| {
            let cares = group.names.len() - group.muted;
            let weight = group.first.state.weight();
            (cares == 0, weight, std::cmp::Reverse(cares), group.place)
        });
        for Group { first, names, .. } in &self.groups {
            page.blank();
            group(&mut page, first, names, again);
        }
        if self.muted > 0 {
            page.blank();
            page.label("muted");
            page.words("by `until`: walked; does not affect the exit status");
        }
        page.finish()
    }
}

fn targets(number: usize) -> String {
    count(number as u64, "target")
}

fn group(page: &mut Page, row: &Row, names: &[(usize, String)], again: &str) {
    let state = row.state.words();
    let at = row.finding.as_ref().map(|f| format!(" at {} ({})", f.hop.name(), f.id));
    let place = row.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    let head = format!("{}: {}{place}", at.unwrap_or_default(), targets(names.len()));
    page.headline(state, color(row.state), &head);
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(|(_, name)| name.as_str()).collect();
    let more = match names.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    page.label("targets");
    page.words(&format!("{}{more}", shown.join(", ")));
    match &row.finding {
        Some(finding) => {
            page.label(finding.sure.word());
            let only = names.len() == 1;
            let name = &row.name;
            page.words(&match only {
                true => finding.says.clone(),
                false => format!("{} ({name})", finding.says),
            });
            if let Some(fix) = &finding.fix {
                steps::fix(page, fix);
            }
            page.label("");
            page.closing(
                &format!("aoai-probe explain {}", finding.id),
                &format!("{again}{}", quoted(name)),
            );
        }
        None if row.state != State::Works => {
            page.label("verdict");
            page.words(&row.line);
        }
        None => {}
    }
}
