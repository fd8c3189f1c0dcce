//! The summary of a round for people: by cause, not by target.

use crate::sorting;
use colored::Color;
use textwrap::core::display_width;

use super::command::Shell;
use super::human::color;
use super::steps;
use super::text::count;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, escape, quoted};
use crate::diagnosis::{Finding, State};
use crate::report::Report;
use crate::report::part::PART;

/// Names that a group lists, at most.
const MAX_NAMES: usize = 50;

/// Columns of a name in the list of targets, at most; a longer one moves its own line.
const MAX_NAME_COLUMNS: usize = 40;

/// What a summary keeps of a report: only a little, since rounds are long.
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
    /// The shell of the machine that walked.
    shell: Shell,
    /// The options of a part of an application: each has its own.
    options: String,
}

impl Row {
    /// The row of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            name: report.title().to_owned(),
            muted: report.muted_until.is_some(),
            state: report.verdict.state,
            cause: report.verdict.cause.clone(),
            place: report.shared_location(),
            finding: report.cause().cloned().map(Box::new),
            line: report.verdict.line.clone(),
            shell: Shell::of(&report.evidence.vantage.os),
            options: own_options(report),
        }
    }

    /// The first line of its report.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// Its cause.
    pub(super) fn finding(&self) -> Option<&Finding> {
        self.finding.as_deref()
    }

    /// Whether two rows have the same cause at the same place.
    fn is_like(&self, other: &Self) -> bool {
        let alike = self.state == other.state && self.cause == other.cause;
        // Without a cause, only the state is known to be the same.
        let named = self.cause.is_some() || self.state == State::Works || self.line == other.line;
        alike && named && self.place == other.place
    }
}

/// Targets with one cause.
#[derive(Debug)]
struct Group {
    /// The row of the first target, in the order of the inventory.
    first: Row,
    /// Its index there.
    place: usize,
    /// Indexes and names of all.
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
    /// Adds the report of the target with index `place` in the inventory.
    pub fn count(&mut self, place: usize, row: Row) {
        self.walked += 1;
        let muted = usize::from(row.muted);
        self.muted += muted;
        let mark = if row.muted { " (muted)" } else { "" };
        let name = (place, format!("{}{mark}", row.name));
        match self.groups.iter_mut().find(|group| group.first.is_like(&row)) {
            Some(group) => {
                // The text of a group is that of its first target in the inventory, not of the one
                // that finished first: two rounds over the same faults must look the same.
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

    /// The worst first, then the largest, then in the order of the inventory; muted targets come
    /// last.
    fn sort(&mut self) {
        for group in &mut self.groups {
            sorting::ascending(&mut group.names);
        }
        sorting::by_key(&mut self.groups, |group| {
            let not_muted = group.names.len() - group.muted;
            let weight = group.first.state.weight();
            (not_muted == 0, weight, std::cmp::Reverse(not_muted), group.place)
        });
    }

    /// The first target of each cause and the names of all, in the order of the summary.
    pub(super) fn by_cause<'a>(&'a mut self) -> Vec<(&'a Row, Vec<&'a str>)> {
        self.sort();
        let one = |group: &'a Group| {
            let shown = group.names.iter().take(MAX_NAMES).map(|(_, name)| name.as_str());
            let more = (group.names.len() > MAX_NAMES).then_some("and more");
            (&group.first, shown.chain(more).collect())
        };
        self.groups.iter().map(one).collect()
    }

    /// The summary: how many work, then `table`, then the causes. `again` is the command that checks
    /// one of the targets alone, up to its name.
    #[must_use]
    pub fn render(self, table: &str, again: &str, style: Style) -> String {
        self.causes(table, again, style, true)
    }

    fn causes(mut self, table: &str, again: &str, style: Style, with_fix: bool) -> String {
        let mut writer = TextWriter::new(style);
        if self.walked > 0 {
            writer.write_headline("", Color::Green, &self.line());
        }
        writer.write_rendered(table);
        if style.verbosity == Verbosity::Quiet {
            return writer.finish();
        }
        self.sort();
        for Group { first, names, .. } in &self.groups {
            writer.write_blank_line();
            group(&mut writer, first, names, again, with_fix);
        }
        if self.muted > 0 {
            writer.write_blank_line();
            writer.set_label("muted");
            writer.write_text("by `until`: checked, but does not affect the exit status");
        }
        writer.finish()
    }
}

/// The beginning of a report over several targets: their causes, then a line a target. What each of
/// them has in full follows. `again` is as in [`Summary::render`]; empty if there is no such command.
#[must_use]
pub fn overview(reports: &[Report], again: &str, style: Style) -> String {
    let mut summary = Summary::default();
    for (place, report) in reports.iter().enumerate() {
        summary.count(place, Row::of(report));
    }
    let mut writer = TextWriter::new(style);
    writer.write_blank_line();
    let names = reports.iter().map(|report| display_width(&escape(report.title())));
    let longest = names.max().unwrap_or_default().min(MAX_NAME_COLUMNS);
    for report in reports {
        target_line(&mut writer, report, longest);
    }
    // The fix of each is in its report.
    format!("{}\n{}\n", summary.causes("", again, style, false), writer.finish())
}

/// The name of a target, its state and the id of its cause, which the summary has in words.
fn target_line(writer: &mut TextWriter, report: &Report, longest: usize) {
    let state = report.verdict.state;
    let name = escape(report.title());
    let gap = longest.saturating_sub(display_width(&name)) + 2;
    let at = report.cause().map(|f| format!(" at {} ({})", f.hop.name(), f.id));
    let muted = if report.muted_until.is_some() { " (muted)" } else { "" };
    writer.write_inline(&format!("  {name}{:gap$}", ""));
    writer.write_headline(
        state.words(),
        color(state),
        &format!("{}{muted}", at.unwrap_or_default()),
    );
}

/// The options that repeat the walk of a part of an application alone; empty for other targets.
fn own_options(report: &Report) -> String {
    let repeat = &report.evidence.options.repeat;
    match report.labels.contains_key(PART) && repeat.inventory.is_none() {
        true => {
            let words = repeat.options.iter().map(|option| match option.split_once('=') {
                Some((name, value)) => format!(" {} {}", quoted(name), quoted(value)),
                None => format!(" {}", quoted(option)),
            });
            words.collect()
        }
        false => String::new(),
    }
}

fn targets(number: usize) -> String {
    count(number as u64, "target")
}

fn group(
    writer: &mut TextWriter,
    row: &Row,
    names: &[(usize, String)],
    again: &str,
    with_fix: bool,
) {
    let state = row.state.words();
    let at = row.finding.as_ref().map(|f| format!(" at {} ({})", f.hop.name(), f.id));
    let place = row.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    let head = format!("{}: {}{place}", at.unwrap_or_default(), targets(names.len()));
    writer.write_headline(state, color(row.state), &head);
    let shown: Vec<&str> = names.iter().take(MAX_NAMES).map(|(_, name)| name.as_str()).collect();
    let more = match names.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    writer.set_shell(row.shell);
    writer.set_label("targets");
    writer.write_text(&format!("{}{more}", shown.join(", ")));
    match &row.finding {
        Some(finding) => {
            writer.set_label("cause");
            let only = names.len() == 1;
            let name = &row.name;
            writer.write_text(&match only {
                true => finding.headline.clone(),
                false => format!("{} ({name})", finding.headline),
            });
            steps::owner(writer, finding);
            steps::do_now(writer, finding);
            if let Some(fix) = finding.fix.as_ref().filter(|_| with_fix) {
                steps::fix(writer, fix);
            }
            writer.set_label("");
            let again = match again {
                "" => String::new(),
                again => format!("{}{} {}", again.trim_end(), row.options, quoted(name)),
            };
            writer.write_closing(&format!("aoai-probe explain {}", finding.id), &again);
        }
        None if row.state != State::Works => {
            writer.set_label("verdict");
            writer.write_text(&row.line);
        }
        None => {}
    }
}
