//! Reports as Markdown: a ticket for the team that owns the fix.
//!
//! A ticket is complete by itself, since its reader was not there: what was tried, from where and
//! when, the fact, why it is theirs, what to look at before the change and after it, and what to
//! leave alone. [`escape`] is how every text gets in.

mod audience;
pub(super) mod escape;
mod ticket;
mod tried;
mod writer;

use audience::Subject;
use writer::Writer;

use super::command::Shell;
use super::progress::{Mark, milliseconds};
use super::summary::{Row, Summary};
use super::{azure, hop_table, titles};
use crate::diagnosis::Fix;
use crate::evidence::Hop;
use crate::report::Report;

/// The tickets, for `team` (one of [`crate::diagnosis::TEAMS`]); without one, each for the team
/// that owns its cause. Several targets: the causes, then a ticket each.
#[must_use]
pub fn render(reports: &[Report], team: Option<&str>) -> String {
    if let [one] = reports {
        let mut writer = Writer::new(0, shell(one));
        ticket::write(&mut writer, one, team);
        return writer.finish();
    }
    let mut summary = Summary::default();
    for (place, report) in reports.iter().enumerate() {
        summary.count(place, Row::of(report));
    }
    let mut writer = Writer::new(0, Shell::Posix);
    writer.heading(1, &format!("aoai-probe: {}", summary.line()));
    writer.raw_block(&causes(&summary.by_cause()));
    let mut out = writer.finish();
    let mut left_out: Vec<String> = Vec::new();
    for (title, report) in titles(reports).into_iter().zip(reports) {
        if team.is_some() && !matches!(audience::subject(report, team), Subject::Finding(_)) {
            left_out.push(title);
            continue;
        }
        let mut writer = Writer::new(1, shell(report));
        ticket::write_named(&mut writer, &title, report, team);
        out.push('\n');
        out.push_str(&writer.finish());
    }
    if let (Some(team), false) = (team, left_out.is_empty()) {
        let mut writer = Writer::new(1, Shell::Posix);
        writer.heading(1, &format!("Nothing for the {team} team"));
        for title in left_out {
            writer.item(&title);
        }
        out.push('\n');
        out.push_str(&writer.finish());
    }
    out
}

fn shell(report: &Report) -> Shell {
    Shell::of(&report.evidence.vantage.os)
}

/// A table of the causes, each with its targets and owner.
fn causes(all: &[(&Row, Vec<&str>)]) -> String {
    let mut out = String::from("| verdict | owner | targets |\n| --- | --- | --- |\n");
    for (row, names) in all {
        let owner = row.finding().and_then(|f| f.fix.as_ref()).map_or("", |fix: &Fix| &fix.owner);
        let cells = [row.line(), owner, &names.join(", ")].map(escape::cell);
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

/// A table of the hops of a report: state, fact, time.
pub(super) fn hop_rows(report: &Report) -> String {
    let mut out = String::from("| hop | state | fact | time |\n| --- | --- | --- | --- |\n");
    let hops = Hop::ALL.into_iter().map(|hop| {
        (hop.name(), hop_table::fact(report, hop), hop_table::explained_by(report, hop))
    });
    let asked = azure::fact(&report.evidence).map(|fact| (azure::NAME, fact, None));
    for (name, fact, explained) in hops.chain(asked) {
        let word = hop_table::word(fact.mark);
        let state = match fact.mark {
            Mark::Breaks => format!("**{word}**"),
            _ => word.to_owned(),
        };
        let explained = explained.map(|by| format!(", explained by {}", by.name()));
        let words: Vec<String> = std::iter::once(fact.text).chain(fact.notes).collect();
        let time = fact.took_ms.map(milliseconds).unwrap_or_default();
        out.push_str(&format!(
            "| {} | {state}{} | {} | {} |\n",
            name,
            explained.unwrap_or_default(),
            escape::cell(&words.join("; ")),
            escape::cell(&time)
        ));
    }
    out
}
