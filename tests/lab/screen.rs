//! The first screen of a report for people: what its first 24 rows of 80 columns hold. Checked for
//! every fixture and for what the program prints in every world.

use aoai_probe::diagnosis::{Confidence, Level};
use aoai_probe::evidence::{Evidence, Hop, Observed, SkipReason};
use aoai_probe::report::Report;
use textwrap::core::display_width;

const ROWS: usize = 24;
const COLUMNS: usize = 80;
/// The verdict alone may be longer: it is never wrapped.
const VERDICT_COLUMNS: usize = 100;

/// What is wrong with the first screen of `printed`: the report without colour, or that of another
/// run in the same world, which may have measured other times.
pub(crate) fn faults(report: &Report, printed: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let first = printed.lines().next().unwrap_or_default();
    let before_clause = |line: &str| line.split(": ").next().unwrap_or_default().to_owned();
    if before_clause(first) != before_clause(&report.verdict.line) {
        faults.push(format!("the first line is not {:?}", report.verdict.line));
    }
    for (number, line) in printed.lines().enumerate() {
        let most = if number == 0 { VERDICT_COLUMNS } else { COLUMNS };
        let width = display_width(line);
        if width > most && !is_one_word(line) {
            faults.push(format!("{width} columns: {line}"));
        }
    }
    let screen = screen(printed);
    let at = |wanted: &dyn Fn(&str) -> bool| screen.iter().position(|line| wanted(line));
    let mut place = 0;
    let mut holds = |what: &str, found: Option<usize>| match found {
        None => faults.push(format!("the first {ROWS} rows do not hold {what}")),
        Some(found) if found < place => faults.push(format!("{what} is not in its place")),
        Some(found) => place = found,
    };
    if let Some(cause) = report.cause() {
        if cause.level > Level::Note || cause.fix.is_some() {
            let owner = cause.fix.as_ref().map_or("", |fix| fix.team());
            let begins = format!("  owner     {owner}");
            holds("the owner", at(&|line| line.starts_with(&begins)));
        }
        // Another run may be surer: a neighbour that is looked up in vain is reported later.
        let confidences = [Confidence::Proved, Confidence::Inferred, Confidence::Possible];
        let confidence = |line: &str| {
            confidences.iter().any(|c| line.ends_with(&format!("confidence: {}", c.word())))
        };
        holds("the confidence", at(&confidence));
        if cause.fix.as_ref().is_some_and(|fix| !fix.steps.is_empty()) {
            holds("what to do now", at(&|line| line.starts_with("  do now    ")));
        }
    }
    for hop in on_the_path(&report.evidence) {
        let green = report.cause().is_none();
        let name = format!("  {}", hop.name());
        let of_hop = |line: &str| {
            ["  ok", "   !", "  !!", "  --"].iter().any(|mark| {
                let rest = line.strip_prefix(mark);
                rest.is_some_and(|rest| rest.starts_with(&name))
            })
        };
        if !green || hop != Hop::Vantage {
            holds(hop.name(), at(&of_hop));
        }
    }
    if report.cause().is_some() {
        holds("the reason", at(&|line| line.starts_with("  why       ")));
    }
    faults
}

/// Lines that begin on the first screen and end on it.
fn screen(printed: &str) -> Vec<&str> {
    let mut rows = 0;
    printed
        .lines()
        .take_while(|line| {
            rows += display_width(line).div_ceil(COLUMNS).max(1);
            rows <= ROWS
        })
        .collect()
}

/// Whether a line holds one word that has no place to break, such as a text in quotes; a
/// placeholder may come before it.
fn is_one_word(line: &str) -> bool {
    let text = line.trim().trim_end_matches([' ', '\\', '`']);
    let text = text.split_once('>').map_or(text, |(_, after)| after);
    let first = text.split(['\'', '"']).next().unwrap_or_default();
    !text.contains(' ') || (first.split(' ').count() <= 3 && text.contains(['\'', '"']))
}

/// The hops that the call passes.
fn on_the_path(e: &Evidence) -> Vec<Hop> {
    fn asked<T>(hop: &Observed<T>) -> bool {
        !matches!(
            hop,
            Observed::NotAsked { reason: SkipReason::NoProxyApplies | SkipReason::ProxyApplies }
        )
    }
    let called = !matches!(e.http, Observed::NotAsked { reason: SkipReason::ServiceHasNoCall });
    let all = [
        (Hop::Vantage, true),
        (Hop::Dns, true),
        (Hop::Tcp, asked(&e.tcp)),
        (Hop::Proxy, asked(&e.proxy)),
        (Hop::Tls, true),
        (Hop::Identity, called),
        (Hop::Http, true),
    ];
    all.into_iter().filter(|(_, on)| *on).map(|(hop, _)| hop).collect()
}
