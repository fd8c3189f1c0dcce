//! The report for people: the first line, the cause with its proof and its fix, the walk.

use colored::Color;

use super::facts::{self, Fact};
use super::page::Page;
use super::progress::{Mark, WalkLine, milliseconds};
use super::words::count;
use super::{Style, Verbosity, hops, limits, steps, verbose};
use crate::diagnosis::{Finding, Level, State, Sure};
use crate::evidence::{Choice, Cost, Evidence, Hop, Observed};
use crate::report::Report;

/// The reports, one after the other; with several, each under its target's name.
#[must_use]
pub fn render(reports: &[Report], style: Style) -> String {
    let mut page = Page::new(style);
    let several = reports.len() > 1;
    for report in reports {
        if style.verbosity == Verbosity::Quiet {
            first_line(&mut page, report, several);
            continue;
        }
        page.blank();
        if several {
            page.headline("", Color::Green, report.title());
        }
        first_line(&mut page, report, false);
        body(&mut page, report, style);
    }
    page.finish()
}

/// The verdict's line as it is, its state in colour; with several targets and `-q` the
/// target's name before it.
fn first_line(page: &mut Page, report: &Report, named: bool) {
    let state = report.verdict.state;
    let color = color(state);
    let line = report.verdict.line.as_str();
    let (painted, rest) = match line.strip_prefix(state.words()) {
        Some(rest) => (state.words(), rest),
        None => ("", line),
    };
    let muted = if report.muted_until.is_some() { " (muted)" } else { "" };
    if named {
        page.inline(&format!("{}: ", report.title()));
    }
    page.headline(painted, color, &format!("{rest}{muted}"));
}

/// The colour of a state.
pub(super) fn color(state: State) -> Color {
    match state {
        State::Works => Color::Green,
        State::AtRisk | State::CannotTell => Color::Yellow,
        State::Broken => Color::Red,
    }
}

fn body(page: &mut Page, report: &Report, style: Style) {
    let verbose = style.verbosity == Verbosity::Verbose;
    let cause = report.cause();
    let further: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|f| f.level > Level::Note && f.explained_by.is_none())
        .filter(|f| cause.is_none_or(|cause| cause.id != f.id))
        .collect();
    if let Some(until) = &report.muted_until {
        page.blank();
        page.label("muted");
        page.words(&format!("until {until}: does not affect the exit status"));
    }
    if let Some(finding) = cause {
        page.blank();
        // The first line may have room for a shorter wording alone.
        if !report.verdict.line.ends_with(finding.says.as_str()) {
            block(page, "cause", std::slice::from_ref(&finding.says));
        }
        why(page, finding);
    }
    if !further.is_empty() {
        page.blank();
    }
    for finding in further {
        page.label("also");
        page.words(&also(finding));
        if verbose {
            why(page, finding);
        }
    }
    page.blank();
    limits::block(page, report, verbose);
    page.blank();
    walk(page, report, verbose);
    in_parallel(page, &report.evidence);
    if verbose {
        verbose::evidence(page, &report.evidence);
        folded(page, report);
    }
    page.blank();
    let explain = report.verdict.cause.as_ref().map(|id| format!("aoai-probe explain {id}"));
    page.closing(&cost(&report.evidence.cost), &explain.unwrap_or_default());
    page.heading(&made(report));
}

/// A further finding in one line.
fn also(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Broken => "broken",
        Level::Risk => "at risk",
        Level::Note => "note",
    };
    format!("{level} at {} ({}): {}", finding.hop.name(), finding.id, finding.says)
}

/// What was seen, how it is known, what is left open, and the fix.
fn why(page: &mut Page, finding: &Finding) {
    block(page, "seen", &finding.seen);
    if finding.known_by.is_empty() && finding.sure == Sure::Possible {
        block(page, finding.sure.word(), std::slice::from_ref(&finding.says));
    } else {
        block(page, finding.sure.word(), &finding.known_by);
    }
    if !finding.ruled_out.is_empty() {
        block(page, "ruled out", &[finding.ruled_out.join("; ")]);
    }
    page.label("tells it");
    for command in &finding.tells_it {
        page.command(0, "", command);
    }
    if let Some(fix) = &finding.fix {
        steps::fix(page, fix);
    }
    page.label("");
}

fn block(page: &mut Page, label: &str, lines: &[String]) {
    page.label(label);
    for line in lines {
        page.words(line);
    }
}

/// The walk, a line a hop.
fn walk(page: &mut Page, report: &Report, verbose: bool) {
    for hop in Hop::ALL {
        let fact = hops::fact(report, hop);
        if !verbose && left_out(report, hop, fact.mark) {
            continue;
        }
        line(page, hop, &fact, hops::explained_by(report, hop));
    }
}

fn line(page: &mut Page, hop: Hop, fact: &Fact, explained_by: Option<Hop>) {
    let Fact { mark, text, notes, took_ms } = fact;
    page.walk(&WalkLine { hop, mark: *mark, fact: text, explained_by, took_ms: *took_ms }, notes);
}

/// Lines that add nothing: where we are when all is well, and hops that are not on this path.
fn left_out(report: &Report, hop: Hop, mark: Mark) -> bool {
    let e = &report.evidence;
    let off_path = |by: Option<Choice>| {
        matches!(by, Some(Choice::NoProxyApplies | Choice::ProxyApplies)) && mark == Mark::NotDone
    };
    match hop {
        Hop::Vantage => report.verdict.state == State::Works && mark == Mark::Works,
        Hop::Tcp => off_path(choice(&e.tcp)),
        Hop::Proxy => off_path(choice(&e.proxy)),
        Hop::Identity => mark == Mark::NotDone && choice(&e.http) == Some(Choice::ServiceHasNoCall),
        Hop::Dns | Hop::Tls | Hop::Http => false,
    }
}

fn choice<T>(observed: &Observed<T>) -> Option<Choice> {
    match observed {
        Observed::NotAsked { by } => Some(*by),
        _ => None,
    }
}

/// The walks made in parallel: the direct path, and the original name of a privatelink one.
fn in_parallel(page: &mut Page, e: &Evidence) {
    if let Observed::Ran { saw, .. } = &e.direct {
        page.blank();
        page.heading("in parallel: the direct path");
        line(page, Hop::Tcp, &facts::tcp(&saw.tcp), None);
        line(page, Hop::Tls, &facts::tls(&saw.tls), None);
    }
    if let Some(original) = &e.original {
        let tls = facts::tls(&original.tls);
        let verified = if tls.mark == Mark::Works { "verified" } else { "not verified" };
        page.blank();
        page.heading(&format!(
            "in parallel: the original name {}, {verified}",
            original.target.host
        ));
        line(page, Hop::Dns, &facts::target_dns(original), None);
        if choice(&original.tcp) != Some(Choice::ProxyApplies) {
            line(page, Hop::Tcp, &facts::target_tcp(original), None);
        }
        if choice(&original.proxy) != Some(Choice::NoProxyApplies) {
            line(page, Hop::Proxy, &facts::proxy(&original.proxy), None);
        }
        line(page, Hop::Tls, &tls, None);
    }
}

/// Notes and symptoms in full, for `-v`.
fn folded(page: &mut Page, report: &Report) {
    let mut first = true;
    for finding in &report.findings {
        let (label, says) = match &finding.explained_by {
            Some(cause) => {
                ("symptom", format!("{}: {} (explained by {cause})", finding.id, finding.says))
            }
            None if finding.level == Level::Note => {
                ("note", format!("{}: {}", finding.id, finding.says))
            }
            None => continue,
        };
        if std::mem::take(&mut first) {
            page.blank();
        }
        page.label(label);
        page.words(&says);
        for seen in finding.seen.iter().chain(&finding.known_by) {
            page.indented(2, seen);
        }
    }
}

/// When the walk was made, on which machine, and by which version.
fn made(report: &Report) -> String {
    let (v, tool) = (&report.evidence.vantage, &report.tool);
    // To the minute: a report for people is compared by eye.
    let minute = report.evidence.started.get(..16).unwrap_or_default().replace('T', " ");
    format!("{minute} UTC on {} ({}), {} {}", v.host, v.os, tool.name, tool.version)
}

/// What the walk cost: time, packets, hosts.
fn cost(cost: &Cost) -> String {
    let took = match cost.took_ms {
        took if took < 9_999.5 => format!("{:.2} s", took.max(0.0) / 1000.0),
        took => milliseconds(took),
    };
    let packets = match cost.segments_sent {
        Some(segments) => count(u64::from(cost.datagrams_sent) + u64::from(segments), "packet"),
        None => format!("{} (TCP not counted)", count(cost.datagrams_sent.into(), "datagram")),
    };
    let again = match cost.segments_repeated {
        0 => String::new(),
        again => format!(" ({again} sent again)"),
    };
    format!("{took}, {packets}{again} to {}", count(cost.hosts.len() as u64, "host"))
}
