//! The path in the report for people, one line a hop.
//!
//! Where a cause is shown, the first screen has to hold everything down to the reason: there, a hop
//! gets further lines only while they fit, and what does not fit is shown later in the report.

use super::azure;
use super::fact_lines::{self, Fact};
use super::hop_table;
use super::progress::{HopLine, Mark};
use super::text_writer::TextWriter;
use crate::diagnosis::State;
use crate::evidence::{Evidence, Hop, Observed, SkipReason};
use crate::report::Report;
use crate::sorting;

/// A hop of the path as it is shown, or what Resource Manager was asked next to it.
struct Line {
    hop: Option<Hop>,
    fact: Fact,
    explained_by: Option<Hop>,
}

impl Line {
    fn name(&self) -> &'static str {
        self.hop.map_or(azure::NAME, Hop::name)
    }

    fn with<'a>(&'a self, text: &'a str) -> HopLine<'a> {
        HopLine {
            name: self.name(),
            mark: self.fact.mark,
            fact: text,
            explained_by: self.explained_by,
            took_ms: self.fact.took_ms,
        }
    }
}

/// The hops that are on the path.
fn lines(report: &Report) -> Vec<Line> {
    let line = |hop| {
        let fact = hop_table::fact(report, hop);
        let shown = !is_skipped(report, hop, fact.mark);
        let explained_by = hop_table::explained_by(report, hop);
        shown.then_some(Line { hop: Some(hop), fact, explained_by })
    };
    let azure = azure::fact(&report.evidence);
    let azure = azure.map(|fact| Line { hop: None, fact, explained_by: None });
    Hop::ALL.into_iter().filter_map(line).chain(azure).collect()
}

/// The path with everything that there is about each hop.
pub(super) fn whole(writer: &mut TextWriter, report: &Report) {
    for line in lines(report) {
        writer.write_hop(&line.with(&line.fact.text), &line.fact.notes);
    }
}

/// The path in at most `rows` rows, as far as it has fewer hops. Returns what was left out, each
/// with its hop.
pub(super) fn within(writer: &mut TextWriter, report: &Report, rows: usize) -> Vec<String> {
    let mut lines = lines(report);
    let mut later: Vec<String> = Vec::new();
    // What is next to the path has no row that the path needs.
    if lines.len() > rows
        && let Some(line) = lines.pop_if(|line| line.hop.is_none())
    {
        let notes = line.fact.notes.iter();
        later.extend(std::iter::once(&line.fact.text).chain(notes).map(|n| format!("azure: {n}")));
    }
    let mut texts: Vec<String> = lines.iter().map(|line| line.fact.text.clone()).collect();
    let mut heights: Vec<usize> =
        lines.iter().map(|line| writer.hop_rows(&line.with(&line.fact.text))).collect();
    let mut shorten = |at: usize, heights: &mut [usize]| {
        let line: &Line = &lines[at];
        texts[at] = in_one_row(writer, line);
        heights[at] = 1;
        later.push(format!("{}: {}", line.name(), line.fact.text));
    };
    for at in 0..lines.len() {
        if heights[at] > 1 && lines[at].fact.brief.is_some() {
            shorten(at, &mut heights);
        }
    }
    // The longest first, until all fit.
    while heights.iter().sum::<usize>() > rows {
        let longest = heights.iter().enumerate().max_by_key(|(_, height)| **height);
        let Some((at, 2..)) = longest.map(|(at, height)| (at, *height)) else { break };
        shorten(at, &mut heights);
    }
    let used: usize = heights.iter().sum();
    let mut left = rows.saturating_sub(used);
    // The hop of the cause has precedence.
    let cause = report.cause().map(|cause| cause.hop);
    let mut order: Vec<usize> = (0..lines.len()).collect();
    sorting::by_key(&mut order, |at| cause.is_none() || cause != lines[*at].hop);
    let mut shown = vec![0; lines.len()];
    for at in order {
        let fact = &lines[at].fact;
        for note in fact.notes.iter().take(fact.first) {
            let height = writer.note_rows(note);
            if height > left {
                break;
            }
            left -= height;
            shown[at] += 1;
        }
    }
    for ((line, text), shown) in lines.iter().zip(&texts).zip(shown) {
        let (here, rest) = line.fact.notes.split_at(shown);
        writer.write_hop(&line.with(text), here);
        later.extend(rest.iter().map(|note| format!("{}: {note}", line.name())));
    }
    later
}

/// The fact in a shorter form, or cut behind a word, so that the hop takes one row.
fn in_one_row(writer: &TextWriter, line: &Line) -> String {
    let text = line.fact.brief.as_ref().unwrap_or(&line.fact.text);
    let mut shown = text.clone();
    let mut kept = text.as_str();
    while writer.hop_rows(&line.with(&shown)) > 1 {
        let Some((shorter, _)) = kept.rsplit_once(' ') else { break };
        kept = shorter;
        shown = format!("{}...", kept.trim_end_matches([',', ':', ';', ' ']));
    }
    shown
}

/// Whether a line adds nothing: the vantage point of a working path, and hops that are not on it.
fn is_skipped(report: &Report, hop: Hop, mark: Mark) -> bool {
    let e = &report.evidence;
    let off_path = |by: Option<SkipReason>| {
        matches!(by, Some(SkipReason::NoProxyApplies | SkipReason::ProxyApplies))
            && mark == Mark::NotDone
    };
    match hop {
        Hop::Vantage => report.verdict.state == State::Works && mark == Mark::Works,
        Hop::Tcp => off_path(choice(&e.tcp)),
        Hop::Proxy => off_path(choice(&e.proxy)),
        Hop::Identity => {
            mark == Mark::NotDone && choice(&e.http) == Some(SkipReason::ServiceHasNoCall)
        }
        Hop::Dns | Hop::Tls | Hop::Http => false,
    }
}

fn choice<T>(observed: &Observed<T>) -> Option<SkipReason> {
    match observed {
        Observed::NotAsked { reason } => Some(*reason),
        _ => None,
    }
}

/// A walk in parallel to the one that is judged: its heading, and its hops.
pub(super) type Parallel = (String, Vec<(Hop, Fact)>);

/// The walks in parallel: the direct path, the original name of a privatelink one, and the backend of
/// a gateway.
pub(super) fn parallel(e: &Evidence) -> Vec<Parallel> {
    let mut all = Vec::new();
    if let Observed::Done { value, .. } = &e.direct {
        let hops =
            vec![(Hop::Tcp, fact_lines::tcp(&value.tcp)), (Hop::Tls, fact_lines::tls(&value.tls))];
        all.push(("in parallel: the direct path".to_owned(), hops));
    }
    if let Some(original) = &e.original {
        let tls = fact_lines::tls(&original.tls);
        let verified = if tls.mark == Mark::Works { "verified" } else { "not verified" };
        let name = &original.target.host;
        let mut hops = hops_of(original);
        hops.push((Hop::Tls, tls));
        all.push((format!("in parallel: the original name {name}, {verified}"), hops));
    }
    if let Some(backend) = &e.backend {
        let mut hops = hops_of(backend);
        hops.push((Hop::Tls, fact_lines::tls(&backend.tls)));
        hops.push((Hop::Http, fact_lines::http(&backend.http)));
        let name = &backend.target.host;
        all.push((format!("in parallel, from here: the backend {name}, no credential sent"), hops));
    }
    all
}

/// The hops of another walk that come before TLS.
fn hops_of(e: &Evidence) -> Vec<(Hop, Fact)> {
    let mut hops = vec![(Hop::Dns, fact_lines::target_dns(e))];
    if choice(&e.tcp) != Some(SkipReason::ProxyApplies) {
        hops.push((Hop::Tcp, fact_lines::target_tcp(e)));
    }
    if choice(&e.proxy) != Some(SkipReason::NoProxyApplies) {
        hops.push((Hop::Proxy, fact_lines::proxy(&e.proxy)));
    }
    hops
}

/// The walks in parallel, each under its heading.
pub(super) fn reference_walks(writer: &mut TextWriter, e: &Evidence) {
    for (heading, hops) in parallel(e) {
        writer.write_blank_line();
        writer.write_heading(&heading);
        for (hop, fact) in hops {
            let line = Line { hop: Some(hop), fact, explained_by: None };
            writer.write_hop(&line.with(&line.fact.text), &line.fact.notes);
        }
    }
}
