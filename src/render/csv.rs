//! A table for spreadsheets: a header, then a row for each hop of each target, which repeats what is true
//! of the whole target, so that filters and pivot tables work without formulas.
//!
//! RFC 4180 with `\n` as line end. A cell that a spreadsheet would take for a formula begins with an
//! apostrophe (OWASP, "CSV Injection").

use std::borrow::Cow;

use super::{escape, hop_table, titles};
use crate::diagnosis::Finding;
use crate::evidence::{Evidence, Hop};
use crate::report::Report;

/// The columns; new ones come at the end.
pub const COLUMNS: [&str; 17] = [
    "target",
    "host",
    "state",
    "cause",
    "confidence",
    "owner",
    "muted_until",
    "hop",
    "hop_state",
    "finding",
    "headline",
    "explained_by",
    "fact",
    "took_ms",
    "address",
    "started",
    "checked_from",
];

/// The table.
///
/// # Errors
///
/// Those of the CSV writer, which writes into memory: none are known.
pub fn render(reports: &[Report]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for (title, report) in titles(reports).into_iter().zip(reports) {
        for hop in Hop::ALL {
            writer.write_record(row(&title, report, hop).map(|cell| cell_of(&cell)))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(title: &str, report: &Report, hop: Hop) -> [String; COLUMNS.len()] {
    let (e, verdict) = (&report.evidence, &report.verdict);
    let cause = verdict.cause.as_deref();
    let of_cause = report.findings.iter().find(|finding| Some(finding.id.as_str()) == cause);
    let owner = of_cause.and_then(|finding| finding.fix.as_ref()).map(|fix| fix.owner.clone());
    let fact = hop_table::fact(report, hop);
    let finding = heaviest(report, hop);
    let facts: Vec<String> = std::iter::once(fact.text).chain(fact.notes).collect();
    [
        title.to_owned(),
        e.target.host.clone(),
        verdict.state.words().to_lowercase(),
        verdict.cause.clone().unwrap_or_default(),
        verdict.confidence.map(|sure| sure.word().to_owned()).unwrap_or_default(),
        owner.unwrap_or_default(),
        report.muted_until.clone().unwrap_or_default(),
        hop.name().to_owned(),
        hop_table::word(fact.mark).to_owned(),
        finding.map(|finding| finding.id.clone()).unwrap_or_default(),
        finding.map(|finding| finding.headline.clone()).unwrap_or_default(),
        finding.and_then(|finding| finding.explained_by.clone()).unwrap_or_default(),
        facts.join("; "),
        fact.took_ms.map(|ms| format!("{ms:.1}")).unwrap_or_default(),
        address(e),
        e.started.clone(),
        e.vantage.host.clone(),
    ]
}

/// The finding of a hop that weighs most; of two alike, the one that the report has first.
fn heaviest(report: &Report, hop: Hop) -> Option<&Finding> {
    let here = report.findings.iter().filter(|finding| finding.hop == hop);
    here.reduce(|first, next| if next.level > first.level { next } else { first })
}

/// The address that the call went to, else those that applications get.
fn address(e: &Evidence) -> String {
    let selected = e.tcp.value().and_then(|tcp| tcp.selected);
    match selected {
        Some(address) => address.to_string(),
        None => e.dns.effective().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    }
}

/// A cell: no control characters, and no formula.
fn cell_of(text: &str) -> String {
    let text = escape(text);
    match text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        true => format!("'{text}"),
        false => Cow::into_owned(text),
    }
}

#[cfg(test)]
mod tests {
    use super::cell_of;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\u{ff1d}1"] {
            assert_eq!(cell_of(text), format!("'{text}"));
        }
        // A tab or a line end in front is no control character any more once it is escaped.
        assert_eq!(cell_of("\t=1"), "\\u{9}=1");
        assert_eq!(cell_of("10.3.0.5:443, ok"), "10.3.0.5:443, ok");
    }
}
