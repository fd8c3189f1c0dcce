//! Repeated checks: their statistics as tables, their lines and summary as text.

use aoai_probe::evidence::{Hop, Observed};
use aoai_probe::render::repeated::{Statistics, Times, line, summary};
use aoai_probe::render::{Style, Verbosity};
use aoai_probe::report::Report;

use crate::fixtures::{assert_file, report, snapshot};
use crate::program::run;

const REFRESH: &str = "UPDATE_SNAPSHOTS=1 cargo test --test it repeated";

/// The report of a check that starts at this second and takes this long.
fn at(name: &str, second: u32, took_ms: f64) -> Report {
    let mut report = report(name);
    report.evidence.started = format!("2026-11-21T10:00:{second:02}Z");
    report.evidence.cost.took_ms = took_ms;
    report
}

fn counted(reports: &[Report]) -> Statistics {
    let mut all = Statistics::default();
    reports.iter().for_each(|report| all.count(report));
    all
}

/// The place of a hop among the statistics.
fn place(hop: Hop) -> usize {
    Hop::ALL.iter().position(|one| *one == hop).unwrap()
}

#[test]
fn times_have_a_minimum_a_mean_and_a_maximum() {
    assert_eq!(Times::default().summary(), None);
    for (took, wanted) in [
        (&[5.0][..], (5.0, 5.0, 5.0)),
        (&[3.0, 1.0, 8.0], (1.0, 4.0, 8.0)),
        (&[0.0, 0.0], (0.0, 0.0, 0.0)),
    ] {
        let reports: Vec<Report> = took.iter().map(|took| at("healthy", 0, *took)).collect();
        assert_eq!(counted(&reports).whole.summary(), Some(wanted), "{took:?}");
    }
}

#[test]
fn a_hop_fails_among_the_checks_that_reached_it() {
    // tcp fails in `two-causes`, and nothing after it is reached; `no-token` has no call.
    let all =
        counted(&[at("healthy", 0, 10.0), at("two-causes", 1, 5000.0), at("healthy", 2, 12.0)]);
    for (hop, reached, failed) in [
        (Hop::Dns, 3, 0),
        (Hop::Tcp, 3, 1),
        (Hop::Proxy, 0, 0),
        (Hop::Tls, 2, 0),
        (Hop::Http, 2, 0),
    ] {
        let one = all.hops[place(hop)];
        assert_eq!((one.reached, one.failed), (reached, failed), "{}", hop.name());
    }
    // The 5000 ms of the failure are the deadline, not a time of the hop.
    let (_, _, max) = all.hops[place(Hop::Tcp)].times.summary().unwrap();
    assert!(max < 100.0, "{max}");
}

#[test]
fn a_check_that_was_interrupted_is_not_counted() {
    let mut cut = at("nothing-resolved", 0, 0.0);
    cut.evidence.unfinished = Some("interrupted after 0.4 s, while dns was under way".to_owned());
    let all = counted(std::slice::from_ref(&cut));
    assert_eq!(all.checks, 0);
    assert!(all.hops.iter().all(|hop| (hop.reached, hop.failed) == (0, 0)));
    assert_eq!(all.whole.summary(), None);
    let shown = summary(&all, Style::default());
    assert!(shown.starts_with("no check of myacct.openai.azure.com is complete"), "{shown}");
    assert!(!shown.contains("whole") && !shown.contains("100%"), "{shown}");
    let (_, kept) = all.shown().unwrap();
    assert_eq!(kept.evidence.unfinished, cut.evidence.unfinished);
    assert!(!line(1, 3, &cut, Style::default()).contains("0.0 ms"));
}

#[test]
fn verdicts_are_counted_by_state_and_cause() {
    let mut other_line = at("zone-not-linked", 3, 1.0);
    other_line.verdict.line = "BROKEN at dns (dns-zone-not-linked): 10.1.0.11 gives another".into();
    let all = counted(&[
        at("healthy", 0, 1.0),
        at("zone-not-linked", 1, 1.0),
        at("healthy", 2, 1.0),
        other_line,
    ]);
    let seen: Vec<(u32, &str, &str)> = all
        .verdicts
        .iter()
        .map(|seen| (seen.count, &seen.first[17..19], &seen.last[17..19]))
        .collect();
    assert_eq!(seen, [(2, "00", "02"), (2, "01", "03")]);
    assert_eq!(all.addresses.len(), 2);
}

#[test]
fn resolvers_may_rotate_their_answers() {
    let mut turned = at("two-causes", 1, 1.0);
    turned.evidence.dns.selected.reverse();
    let all = counted(&[at("two-causes", 0, 1.0), turned]);
    assert_eq!(all.addresses.len(), 1, "{:?}", all.addresses);
}

#[test]
fn the_first_of_the_worst_is_shown_and_the_last_of_equals() {
    for (names, wanted) in [
        (&["healthy", "healthy", "healthy"][..], 3),
        (&["healthy", "zone-not-linked", "zone-not-linked"], 2),
        (&["proxied", "healthy", "two-causes", "zone-not-linked"], 3),
        (&["proxied", "healthy"], 1),
        (&["zone-not-linked"], 1),
    ] {
        let reports: Vec<Report> = names.iter().map(|name| at(name, 0, 1.0)).collect();
        let all = counted(&reports);
        let (number, shown) = all.shown().unwrap();
        assert_eq!(number, wanted, "{names:?}");
        assert_eq!(shown, &reports[wanted as usize - 1]);
    }
    assert!(Statistics::default().shown().is_none());
}

#[test]
fn the_summary_reads_as_its_snapshot() {
    let reports = [
        at("healthy", 0, 166.0),
        at("healthy", 1, 12.3),
        at("two-causes", 2, 5012.0),
        at("zone-not-linked", 8, 180.0),
        at("two-causes", 9, 5020.0),
    ];
    let style = Style::default();
    let mut text: String = reports
        .iter()
        .zip(1..)
        .map(|(report, number)| line(number, 5, report, style) + "\n")
        .collect();
    let all = counted(&reports);
    text.push('\n');
    text.push_str(&summary(&all, style));
    assert_file(&snapshot("../formats/repeated.txt"), &text, REFRESH);
    let quiet = Style { verbosity: Verbosity::Quiet, ..style };
    let quiet = summary(&all, quiet);
    assert_eq!(quiet, "5 checks of myacct.openai.azure.com: 3 BROKEN, 2 WORKS\n");
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let mut bad = at("escapes", 0, f64::NAN);
    bad.evidence.started = "\u{1b}[2J\u{202e}".to_owned();
    bad.evidence.tls = Observed::NotReached { stopped_at: Hop::Tcp };
    let all = counted(&[bad.clone(), at("healthy", 1, -1e300)]);
    for text in [line(1, 1, &bad, Style::default()), summary(&all, Style::default())] {
        let raw = text.chars().find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}'));
        assert_eq!(raw, None, "{text}");
    }
}

#[test]
fn repeated_checks_are_of_one_target() {
    for (arguments, words) in [
        (&["--count", "3", "a1", "a2"][..], "--count is for one target, and 2 are named"),
        (&["check", "--count", "3", "--config", "no-such.toml"], "--count is for one target"),
        (&["--count", "0", "a1"], "0 is not in 1..=1000"),
        (&["--count", "1001", "a1"], "1001 is not in 1..=1000"),
        (&["--interval", "1", "a1"], "--count <N>"),
        (&["--count", "2", "--interval", "0", "a1"], "expected a time from 0.2 s to 1 h"),
        (&["--count", "2", "--interval", "2h", "a1"], "expected a time from 0.2 s to 1 h"),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 64, "{arguments:?}: {}", ran.out);
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
}
