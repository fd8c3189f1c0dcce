//! Everything that an application calls, side by side: which address each name has, whether a proxy is
//! used, and whether it works.

use colored::Color;
use textwrap::core::display_width;

use super::human::color;
use super::text_writer::TextWriter;
use super::{Style, Verbosity, escape};
use crate::diagnosis::State;
use crate::evidence::address::{AddressClass, classify};
use crate::evidence::{Evidence, Observed, SkipReason, tunnel};
use crate::report::Report;
use crate::report::part::{PART, REVOCATION, UNUSED, USED};

/// Columns of a host, at most; a longer one moves its own line.
const MAX_HOST: usize = 48;

/// What the rows of hosts for revocation mean (facts S53 and S54).
const REVOCATION_NOTE: [&str; 3] = [
    "  only for revocation: named by a certificate for clients that check revocation",
    "  (curl on Windows; .NET and Java if set to; not OpenSSL, rustls, Go). Its name",
    "  and port were tested, without a request; its state does not count",
];

/// The table, one row a report; empty with `-q`.
#[must_use]
pub fn table(reports: &[Report], style: Style) -> String {
    if style.verbosity == Verbosity::Quiet {
        return String::new();
    }
    let head = ["host", "address", "by"].map(str::to_owned);
    let rows = reports.iter().map(|report| {
        let host = escape(report.title()).into_owned();
        [host, address(&report.evidence).to_owned(), way(&report.evidence).to_owned()]
    });
    let rows: Vec<[String; 3]> = rows.collect();
    let width = |column: usize, most: usize| {
        let all = rows.iter().chain([&head]).map(|row| display_width(&row[column]));
        all.max().unwrap_or_default().min(most)
    };
    let widths = [width(0, MAX_HOST), width(1, usize::MAX), width(2, usize::MAX)];
    let line = |row: &[String; 3]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| {
            let gap = width.saturating_sub(display_width(cell)) + 2;
            format!("{cell}{:gap$}", "")
        });
        format!("  {}", cells.collect::<String>())
    };
    let mut writer = TextWriter::new(style);
    writer.write_rendered("\n");
    writer.write_inline(&line(&head));
    writer.write_headline("", Color::White, "state");
    for (report, row) in reports.iter().zip(&rows) {
        if is_of_revocation(report) && is_reached(report) {
            writer.write_inline(&line(row));
            writer.write_headline("REACHED", Color::White, ", only for revocation");
            continue;
        }
        let state = report.verdict.state;
        let at = report.cause().map(|f| format!(" at {} ({})", f.hop.name(), f.id));
        let unused = match (is_of_revocation(report), is_unused(report)) {
            (true, _) => ", only for revocation",
            (false, true) => ", not used",
            (false, false) => "",
        };
        writer.write_inline(&line(row));
        let no_call = matches!(
            report.evidence.http,
            Observed::NotAsked { reason: SkipReason::ServiceHasNoCall }
        );
        let far = if no_call && state == State::Works { ", up to TLS" } else { "" };
        let rest = format!("{}{far}{unused}", at.unwrap_or_default());
        writer.write_headline(state.words(), color(state), &rest);
    }
    if reports.iter().any(is_of_revocation) {
        for line in REVOCATION_NOTE {
            writer.write_headline("", Color::White, line);
        }
    }
    if reports.iter().any(|report| is_unused(report) && !is_of_revocation(report)) {
        writer.write_headline(
            "",
            Color::White,
            "  not used: no option and no variable names it; its state does not count",
        );
    }
    writer.finish()
}

fn is_unused(report: &Report) -> bool {
    report.labels.get(USED).is_some_and(|value| value == UNUSED)
}

fn is_of_revocation(report: &Report) -> bool {
    report.labels.get(PART).is_some_and(|value| value == REVOCATION)
}

/// Whether the host of a service without TLS accepted the connection: what a walk can show of it.
fn is_reached(report: &Report) -> bool {
    let connected = report.evidence.tcp.value().is_some_and(|tcp| tcp.selected.is_some());
    connected && report.verdict.state == State::CannotTell && report.cause().is_none()
}

/// What kind of address applications get; not seen where a proxy resolves the name.
fn address(e: &Evidence) -> &'static str {
    if e.proxy.value().is_some() {
        return "not seen";
    }
    if tunnel::of_application(e).is_some() {
        return "tunnel";
    }
    let effective = e.dns.effective();
    let private = |address: &std::net::IpAddr| classify(*address).is_private();
    match effective.as_slice() {
        [] => "none",
        all if all.iter().all(private) => "private",
        all if all.iter().all(|a| classify(*a) == AddressClass::Public) => "public",
        all if all.iter().any(private) => "mixed",
        _ => "other",
    }
}

/// How the connection is made.
fn way(e: &Evidence) -> &'static str {
    match e.vantage.proxy.applies {
        Some(_) => "proxy",
        None => "direct",
    }
}
