//! Repeated checks of one target, as `ping` shows them: a line for each, and a summary.

mod statistics;

pub use statistics::{HopStatistics, Seen, Statistics, Times};

use colored::Color;

use super::human::color;
use super::progress::milliseconds;
use super::text;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, escape, paint};
use crate::evidence::Hop;
use crate::report::Report;
use crate::sorting;

/// Verdicts or answers that are listed, at most.
const MAX_LISTED: usize = 8;

/// The line of a check that has just ended, without a line feed.
#[must_use]
pub fn line(number: u32, of: u32, report: &Report, style: Style) -> String {
    let width = of.to_string().len();
    let verdict = &report.verdict;
    let took = match report.evidence.unfinished {
        Some(_) => "-".to_owned(),
        None => time(report.evidence.cost.took_ms),
    };
    let state = verdict.state.words();
    let (state, rest) = match verdict.line.strip_prefix(state) {
        Some(rest) => (state, rest),
        None => ("", verdict.line.as_str()),
    };
    format!(
        "  {number:>width$}/{of}  {}  {:>9}  {}{}",
        escape(clock(&report.evidence.started)),
        took,
        paint(state, color(verdict.state), style),
        escape(rest)
    )
}

/// The summary: verdicts with their counts, times and failures of each hop, addresses.
#[must_use]
pub fn summary(all: &Statistics, style: Style) -> String {
    let mut writer = TextWriter::new(style);
    writer.write_headline("", Color::Green, &headline(all));
    if style.verbosity == Verbosity::Quiet || all.checks == 0 {
        return writer.finish();
    }
    writer.write_blank_line();
    writer.set_label("verdicts");
    for seen in all.verdicts.iter().take(MAX_LISTED) {
        writer.write_after(&times_seen(seen), &format!("{}{}", seen.what.line, period(all, seen)));
    }
    more(&mut writer, all.verdicts.len());
    if all.addresses.len() > 1 {
        writer.write_blank_line();
        writer.set_label("addresses");
        for seen in all.addresses.iter().take(MAX_LISTED) {
            let words = match seen.what.as_slice() {
                [] => "none".to_owned(),
                addresses => text::classed_addresses(addresses, 4),
            };
            writer.write_after(&times_seen(seen), &format!("{words}{}", period(all, seen)));
        }
        more(&mut writer, all.addresses.len());
    }
    writer.write_blank_line();
    for row in table(all) {
        writer.write_heading(&row);
    }
    if let Some((number, _)) = all.shown().filter(|_| all.checks > 1) {
        let which = if all.verdicts.len() > 1 { "the worst one" } else { "the last one" };
        writer.write_blank_line();
        writer.write_heading(&format!("Check {number}, {which}:"));
    }
    writer.finish()
}

/// `10 checks of myacct.openai.azure.com: 8 WORKS, 2 BROKEN`.
fn headline(all: &Statistics) -> String {
    let mut states: Vec<(u8, &str, u32)> = Vec::new();
    for seen in &all.verdicts {
        let (weight, words) = (seen.what.state.weight(), seen.what.state.words());
        match states.iter_mut().find(|(other, ..)| *other == weight) {
            Some((.., count)) => *count += seen.count,
            None => states.push((weight, words, seen.count)),
        }
    }
    sorting::ascending(&mut states);
    let counts: Vec<String> =
        states.iter().map(|(_, words, count)| format!("{count} {words}")).collect();
    let target = all.shown().map(|(_, report)| report.title()).unwrap_or_default();
    if all.checks == 0 {
        return format!("no check of {target} is complete");
    }
    format!("{} of {target}: {}", text::count(all.checks.into(), "check"), counts.join(", "))
}

fn times_seen<T>(seen: &Seen<T>) -> String {
    format!("{} x ", seen.count)
}

/// When it was seen; nothing where it was seen in every check.
fn period<T>(all: &Statistics, seen: &Seen<T>) -> String {
    match seen.count {
        count if count == all.checks => String::new(),
        1 => format!(" (at {} UTC)", clock(&seen.first)),
        _ => format!(" (first at {}, last at {} UTC)", clock(&seen.first), clock(&seen.last)),
    }
}

fn more(writer: &mut TextWriter, listed: usize) {
    if listed > MAX_LISTED {
        writer.write_text(&format!("and {} more", listed - MAX_LISTED));
    }
}

/// The table of the hops: those that took time or failed.
fn table(all: &Statistics) -> Vec<String> {
    let row = |name: &str, times: &Times, failed: &str| {
        let (min, mean, max) = match times.summary() {
            Some((min, mean, max)) => (time(min), time(mean), time(max)),
            None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        };
        format!("{name:<10}{min:>10}{mean:>10}{max:>10}   {failed}").trim_end().to_owned()
    };
    let mut rows = vec![format!("{:<10}{:>10}{:>10}{:>10}   failed", "hop", "min", "mean", "max")];
    for (hop, one) in Hop::ALL.into_iter().zip(&all.hops) {
        // Neither a time nor a failure: the vantage point, or a key that was at hand.
        if one.failed == 0 && one.times.summary().is_none() {
            continue;
        }
        rows.push(row(hop.name(), &one.times, &failed(one)));
    }
    rows.push(row("whole", &all.whole, ""));
    rows
}

/// `2 of 10 (20%)`.
fn failed(one: &HopStatistics) -> String {
    match one.failed {
        0 => format!("0 of {}", one.reached),
        failed => {
            let percent = f64::from(failed) * 100.0 / f64::from(one.reached);
            format!("{failed} of {} ({percent:.0}%)", one.reached)
        }
    }
}

/// A time with a decimal where it is short: repeated checks are made to compare times.
fn time(took_ms: f64) -> String {
    match took_ms {
        short if (0.0..9.95).contains(&short) => format!("{short:.1} ms"),
        long => milliseconds(long),
    }
}

/// The time of day of a start, to the second, UTC.
fn clock(started: &str) -> &str {
    started.get(11..19).unwrap_or(started)
}
