//! A comparison of two reports: for people, and as JSON.

use crate::sorting;
use colored::Color;
use serde::Serialize;

use super::text::count;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, json};
use crate::comparison::{COMPARISON_VERSION, Cause, Comparison, Difference, Fact, PARTS, Side};
use crate::evidence::Hop;

/// The first line's longest cause, in columns with what is before it; a longer one follows below.
const FIRST_LINE: usize = 100;
/// Facts of one part that are shown without `-v`.
const MAX_FACTS: usize = 12;
/// Characters of a value that are shown without `-v`.
const MAX_VALUE: usize = 300;

/// Comparisons of two files.
#[derive(Debug, Serialize)]
pub struct Compared<'a> {
    comparison_version: &'static str,
    /// One for each target that both files have.
    pub comparisons: &'a [Comparison],
    /// Titles of targets that only the first file has.
    pub only_a: &'a [String],
    /// Titles of targets that only the second file has.
    pub only_b: &'a [String],
}

impl<'a> Compared<'a> {
    /// Of these comparisons, and of what has no counterpart.
    #[must_use]
    pub const fn new(
        comparisons: &'a [Comparison],
        only_a: &'a [String],
        only_b: &'a [String],
    ) -> Self {
        Self { comparison_version: COMPARISON_VERSION, comparisons, only_a, only_b }
    }
}

/// Pretty JSON with a line feed at its end.
///
/// # Errors
///
/// Those of `serde_json`: none are known for comparisons.
pub fn to_json(compared: &Compared<'_>) -> Result<String, serde_json::Error> {
    Ok(json::escape(&crate::report::json::pretty(compared)?) + "\n")
}

/// The comparisons, one after the other; with several, each under its target's name.
#[must_use]
pub fn render(compared: &Compared<'_>, style: Style) -> String {
    let mut writer = TextWriter::new(style);
    let several = compared.comparisons.len() + compared.only_a.len() + compared.only_b.len() > 1;
    let mut same: Vec<&str> = Vec::new();
    for one in compared.comparisons {
        if several && one.result == Difference::Same && style.verbosity != Verbosity::Verbose {
            same.push(&one.target);
            continue;
        }
        if style.verbosity == Verbosity::Quiet {
            if several {
                writer.write_inline(&format!("{}: ", one.target));
            }
            first_line(&mut writer, one);
            continue;
        }
        writer.write_blank_line();
        if several {
            writer.write_headline("", Color::Green, &one.target);
        }
        first_line(&mut writer, one);
        body(&mut writer, one, style.verbosity == Verbosity::Verbose);
    }
    if !same.is_empty() {
        if style.verbosity != Verbosity::Quiet {
            writer.write_blank_line();
        }
        let names = shorten(&same.join(", "), MAX_VALUE);
        let rest = format!(": {}: {names}", count(same.len() as u64, "target"));
        writer.write_headline("SAME", Color::Green, &rest);
    }
    for (only, file) in [(compared.only_a, "first"), (compared.only_b, "second")] {
        for title in only {
            writer.write_blank_line();
            let line = format!("NOT COMPARED: {title} is only in the {file} file");
            writer.write_headline("", Color::Yellow, &line);
        }
    }
    writer.finish()
}

/// What changed from the first report to the second, where an outcome did: facts of the first hop,
/// at most `most`, each at most 160 characters.
#[must_use]
pub fn changes(one: &Comparison, most: usize) -> Vec<String> {
    let Some(hop) = one.first_hop.filter(|_| one.result == Difference::Outcome) else {
        return Vec::new();
    };
    let mut facts: Vec<&Fact> = one.facts.iter().filter(|fact| fact.part == hop.name()).collect();
    sorting::by_key(&mut facts, |fact| !fact.outcome);
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let line = |fact: &&Fact| {
        let text = format!("{} {} -> {}", fact.name(), value(&fact.a), value(&fact.b));
        shorten(&format!("{}: {text}", hop.name()), 160)
    };
    facts.iter().take(most).map(line).collect()
}

fn first_line(writer: &mut TextWriter, one: &Comparison) {
    let (words, rest) = headline(one);
    let color = match one.result {
        Difference::Same => Color::Green,
        Difference::Harmless => Color::Yellow,
        Difference::Outcome => Color::Red,
    };
    writer.write_headline(&words, color, &rest);
}

/// The words of the result, and the rest of the first line.
fn headline(one: &Comparison) -> (String, String) {
    let hop = one.first_hop.map(Hop::name);
    match one.result {
        Difference::Same => {
            return ("SAME".to_owned(), ": nothing differs but noise".to_owned());
        }
        Difference::Harmless => {
            let facts = count(one.facts.len() as u64, "fact");
            let verb = if one.facts.len() == 1 { "differs" } else { "differ" };
            let first = one.facts.first().map_or("", |fact| fact.part);
            let first = hop.unwrap_or(first);
            return ("SAME OUTCOME".to_owned(), format!(": {facts} {verb}, first at {first}"));
        }
        Difference::Outcome => {}
    }
    let words = match hop {
        Some(hop) => format!("DIFFERENT at {hop}"),
        None => "DIFFERENT".to_owned(),
    };
    let rest = match one.causes.as_slice() {
        [cause] => {
            let whole = format!(" ({}): {}", cause.id, cause.headline);
            match words.len() + whole.chars().count() <= FIRST_LINE {
                true => whole,
                false => {
                    let values = telling(one).map(|fact| format!(": {}", values(fact, usize::MAX)));
                    let short = format!(" ({}){}", cause.id, values.unwrap_or_default());
                    match words.len() + short.chars().count() <= FIRST_LINE {
                        true => short,
                        false => format!(" ({})", cause.id),
                    }
                }
            }
        }
        [] => telling(one).map(|fact| format!(": {}", line(fact, usize::MAX))).unwrap_or_default(),
        several => format!(": {} possible causes", several.len()),
    };
    match words.len() + rest.chars().count() <= FIRST_LINE {
        true => (words, rest),
        false => (words, String::new()),
    }
}

/// The fact at the first hop that shows the difference best: its outcome, else any.
fn telling(one: &Comparison) -> Option<&Fact> {
    let hop = one.first_hop.map(Hop::name);
    let here = || one.facts.iter().filter(|fact| Some(fact.part) == hop);
    let outcome = || one.facts.iter().find(|fact| fact.outcome);
    here().find(|fact| fact.outcome).or_else(|| here().next()).or_else(outcome)
}

fn body(writer: &mut TextWriter, one: &Comparison, verbose: bool) {
    writer.write_blank_line();
    for (letter, side) in [("A", &one.a), ("B", &one.b)] {
        writer.set_label(letter);
        writer.write_text(&side_line(side));
        writer.write_text(&side.line);
    }
    if !one.causes.is_empty() {
        writer.write_blank_line();
    }
    for cause in &one.causes {
        self::cause(writer, cause);
    }
    if !one.notes.is_empty() {
        writer.write_blank_line();
        writer.set_label("note");
        one.notes.iter().for_each(|note| writer.write_text(note));
    }
    writer.set_label("");
    for part in PARTS {
        let facts: Vec<&Fact> = one.facts.iter().filter(|fact| fact.part == part).collect();
        self::part(writer, part, &facts, verbose);
    }
}

fn side_line(side: &Side) -> String {
    // To the minute: people compare reports by eye.
    let minute = side.started.get(..16).unwrap_or_default().replace('T', " ");
    format!("{}: {minute} UTC on {}", side.source, side.vantage_host)
}

fn cause(writer: &mut TextWriter, cause: &Cause) {
    writer.set_label("cause");
    writer.write_text(&format!("{} ({})", cause.headline, cause.id));
    writer.set_label(cause.confidence.word());
    for text in &cause.reasoning {
        writer.write_text(text);
    }
    writer.set_label("decides");
    for text in &cause.decide_with {
        match text.split_once(": aoai-probe ") {
            Some((place, command)) => {
                writer.write_text(&format!("{place}:"));
                writer.write_command(2, &format!("aoai-probe {command}"));
            }
            None => writer.write_text(text),
        }
    }
    writer.set_label("owner");
    writer.write_text(&match cause.owner {
        "Azure platform" => cause.owner.to_owned(),
        owner => format!("{owner} team"),
    });
}

/// The facts of one part; `!!` before those that are an outcome.
fn part(writer: &mut TextWriter, part: &str, facts: &[&Fact], verbose: bool) {
    if facts.is_empty() {
        return;
    }
    writer.write_blank_line();
    writer.set_label(part);
    let (most, longest) = if verbose { (usize::MAX, usize::MAX) } else { (MAX_FACTS, MAX_VALUE) };
    for fact in facts.iter().take(most) {
        writer.write_after(if fact.outcome { "!! " } else { "   " }, &line(fact, longest));
    }
    if facts.len() > most {
        writer.write_after("   ", &format!("and {} more (-v shows them)", facts.len() - most));
    }
}

/// A fact with both values, in one line.
fn line(fact: &Fact, longest: usize) -> String {
    format!("{}: {}", fact.name(), values(fact, longest))
}

fn values(fact: &Fact, longest: usize) -> String {
    let value = |value: &Option<String>| match value {
        Some(value) => shorten(value, longest),
        None => "not there".to_owned(),
    };
    format!("A={} | B={}", value(&fact.a), value(&fact.b))
}

fn shorten(text: &str, most: usize) -> String {
    if text.len() <= most || text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
}
