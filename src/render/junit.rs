//! JUnit's XML: one suite per target, with a case for the verdict and one for each hop.
//!
//! `failure` is a broken hop, with the id of the finding as its type; `error` a walk that cannot be
//! judged, and its hop that failed without a finding; `skipped` a hop that was not walked or whose
//! failure another hop explains, and any failure of a muted target.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Style, caveats, escape, hop_table, human, titles};
use crate::commands::words::one_line;
use crate::diagnosis::{Finding, Level, State};
use crate::evidence::Hop;
use crate::render::progress::Mark;
use crate::report::Report;

/// One case of a suite.
struct Case {
    name: &'static str,
    took_ms: Option<f64>,
    outcome: Outcome,
    /// The facts, for people.
    message: String,
}

enum Outcome {
    Passed,
    Failed { message: String, kind: String, text: String },
    Error { message: String, text: String },
    Skipped { message: String },
}

/// The XML document.
///
/// # Errors
///
/// Those of the XML writer, which writes into memory: none are known.
pub fn render(reports: &[Report]) -> io::Result<String> {
    let suites: Vec<(String, &Report, Vec<Case>)> = titles(reports)
        .into_iter()
        .zip(reports)
        .map(|(title, report)| (title, report, cases(report)))
        .collect();
    let all: Vec<&Case> = suites.iter().flat_map(|(_, _, cases)| cases).collect();
    let took: f64 = reports.iter().map(|report| report.evidence.cost.took_ms).sum();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([("name", "aoai-probe"), ("time", &seconds(took))])
        // Jenkins's schema has no `skipped` attribute here.
        .with_attributes(counts(&all).iter().take(3).map(|(name, value)| (*name, value.as_str())))
        .write_inner_content(|writer| {
            for (title, report, cases) in &suites {
                suite(writer, title, report, cases)?;
            }
            Ok(())
        })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

type Xml = Writer<Vec<u8>>;

fn suite(writer: &mut Xml, title: &str, report: &Report, cases: &[Case]) -> io::Result<()> {
    let title = escape(title);
    // As the schema requires: without a time zone, and to the second.
    let started = report.evidence.started.get(..19).unwrap_or_default();
    let refs: Vec<&Case> = cases.iter().collect();
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", title.as_ref()),
            ("timestamp", &escape(started)),
            ("hostname", &escape(&report.evidence.vantage.host)),
            ("time", &seconds(report.evidence.cost.took_ms)),
        ])
        .with_attributes(counts(&refs).iter().map(|(name, value)| (*name, value.as_str())))
        .write_inner_content(|writer| {
            for one in cases {
                case(writer, &title, one)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn case(writer: &mut Xml, title: &str, case: &Case) -> io::Result<()> {
    writer
        .create_element("testcase")
        .with_attributes([("classname", title), ("name", case.name)])
        .with_attribute(("time", seconds(case.took_ms.unwrap_or(0.0)).as_str()))
        .write_inner_content(|writer| {
            outcome(writer, &case.outcome)?;
            if !case.message.is_empty() {
                let message = escape(&case.message);
                writer.create_element("system-out").write_text_content(BytesText::new(&message))?;
            }
            Ok(())
        })?;
    Ok(())
}

fn outcome(writer: &mut Xml, outcome: &Outcome) -> io::Result<()> {
    let (element, kind, message, text) = match outcome {
        Outcome::Passed => return Ok(()),
        Outcome::Skipped { message } => {
            writer
                .create_element("skipped")
                .with_attribute(("message", escape(message).as_ref()))
                .write_empty()?;
            return Ok(());
        }
        Outcome::Failed { message, kind, text } => ("failure", kind.as_str(), message, text),
        Outcome::Error { message, text } => ("error", "cannot-tell", message, text),
    };
    writer
        .create_element(element)
        .with_attributes([("type", escape(kind).as_ref()), ("message", &escape(message))])
        .write_text_content(BytesText::new(text))?;
    Ok(())
}

fn counts(cases: &[&Case]) -> [(&'static str, String); 4] {
    let count = |is: fn(&Outcome) -> bool| {
        cases.iter().filter(|case| is(&case.outcome)).count().to_string()
    };
    [
        ("tests", cases.len().to_string()),
        ("failures", count(|o| matches!(o, Outcome::Failed { .. }))),
        ("errors", count(|o| matches!(o, Outcome::Error { .. }))),
        ("skipped", count(|o| matches!(o, Outcome::Skipped { .. }))),
    ]
}

fn cases(report: &Report) -> Vec<Case> {
    let message = report.verdict.line.clone();
    let whole = || human::render(std::slice::from_ref(report), Style::default());
    let outcome = match report.verdict.state {
        State::Works | State::AtRisk => Outcome::Passed,
        State::CannotTell => Outcome::Error { message: message.clone(), text: whole() },
        State::Broken => Outcome::Failed {
            message: message.clone(),
            kind: report.verdict.cause.clone().unwrap_or_default(),
            text: whole(),
        },
    };
    let took_ms = Some(report.evidence.cost.took_ms);
    let limits = caveats::lines(report, true).into_iter().map(|line| format!("limit: {line}"));
    let message = std::iter::once(message).chain(limits).collect::<Vec<_>>().join("; ");
    let verdict = Case { name: "verdict", took_ms, outcome, message };
    let hops = Hop::ALL.into_iter().map(|hop| of_hop(report, hop));
    let mut all: Vec<Case> = std::iter::once(verdict).chain(hops).collect();
    if let Some(until) = &report.muted_until {
        for case in &mut all {
            if let Outcome::Failed { message, .. } | Outcome::Error { message, .. } = &case.outcome
            {
                let message = format!("muted until {until}: {message}");
                case.outcome = Outcome::Skipped { message };
            }
        }
    }
    all
}

fn of_hop(report: &Report, hop: Hop) -> Case {
    let fact = hop_table::fact(report, hop);
    let outcome = match (fact.mark, hop_table::explained_by(report, hop)) {
        (Mark::Works | Mark::Care, _) => Outcome::Passed,
        (Mark::NotDone, _) => Outcome::Skipped { message: fact.text.clone() },
        (Mark::Breaks, Some(cause)) => {
            Outcome::Skipped { message: format!("{}: explained by {}", fact.text, cause.name()) }
        }
        (Mark::Breaks, None) => broken(report, hop, &fact.text),
    };
    let lines = std::iter::once(&fact.text).chain(&fact.notes);
    // Each line separately: the separators between them are ours.
    let message: Vec<String> = lines.map(|line| escape(line).into_owned()).collect();
    Case { name: hop.name(), took_ms: fact.took_ms, outcome, message: message.join("; ") }
}

/// A broken hop: its own finding, else its evidence.
fn broken(report: &Report, hop: Hop, text: &str) -> Outcome {
    let here = |finding: &&Finding| {
        finding.hop == hop && finding.level == Level::Broken && finding.explained_by.is_none()
    };
    match report.findings.iter().find(here) {
        // Nothing is proved broken: all that is known is that the walk stopped here.
        None if report.verdict.state == State::CannotTell => {
            Outcome::Error { message: text.to_owned(), text: escape(text).into_owned() }
        }
        None => Outcome::Failed {
            message: text.to_owned(),
            kind: hop.name().to_owned(),
            text: escape(text).into_owned(),
        },
        Some(finding) => Outcome::Failed {
            message: finding.headline.clone(),
            kind: finding.id.clone(),
            text: reasons(finding),
        },
    }
}

fn reasons(finding: &Finding) -> String {
    let fix = finding.fix.iter().flat_map(|fix| {
        let steps = fix.steps.iter().flat_map(|step| {
            std::iter::once(step.text.clone()).chain(step.command.as_deref().map(one_line))
        });
        std::iter::once(format!("fix: {}", fix.owner)).chain(steps)
    });
    let all = finding.facts.iter().chain(&finding.reasoning).cloned().chain(fix);
    let lines: Vec<String> = all.map(|line| escape(&line).into_owned()).collect();
    lines.join("\n")
}

/// Seconds with three digits, as the schema of Surefire and Jenkins allows.
fn seconds(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.max(0.0) } else { 0.0 };
    format!("{:.3}", ms / 1e3)
}
