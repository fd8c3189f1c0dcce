mod promises;

use super::*;

use crate::diagnosis::Confidence;
use crate::evidence::Hop;
use crate::monitor::observation::{AskedAzure, Cause, TrackObservation};

const MINUTE: i64 = 60_000;

fn cause(id: &str, confidence: Confidence) -> Cause {
    Cause {
        id: id.to_owned(),
        hop: Some(Hop::Dns),
        confidence: Some(confidence),
        message: "10.1.0.10 gives the public address".to_owned(),
        via: Some("resolver 10.1.0.10".to_owned()),
        owner: None,
        fact: None,
        first_step: None,
        azure: None,
    }
}

fn judged(letter: char) -> TrackObservation {
    let bad = |state| TrackObservation {
        state,
        cause: Some(cause("dns-zone-not-linked", Confidence::Inferred)),
    };
    match letter {
        'w' => TrackObservation::bare(State::Works),
        'r' => bad(State::AtRisk),
        'b' => bad(State::Broken),
        'p' => TrackObservation {
            state: State::Broken,
            cause: Some(cause("dns-zone-not-linked", Confidence::Proved)),
        },
        'o' => TrackObservation {
            state: State::Broken,
            cause: Some(cause("tcp-silent", Confidence::Possible)),
        },
        // The same fault where the walk asked Azure, by which another finding is proved; and another
        // fault where Azure was asked, and has no part in it; and the first one where it gave no answer.
        'a' | 'q' | 's' => {
            let (id, confidence) = match letter {
                'a' => ("dns-zone-bypassed", Confidence::Proved),
                's' => ("dns-zone-not-linked", Confidence::Inferred),
                _ => ("tcp-silent", Confidence::Possible),
            };
            let azure = Some(AskedAzure { decides: letter == 'a', at: 0 });
            TrackObservation {
                state: State::Broken,
                cause: Some(Cause { azure, ..cause(id, confidence) }),
            }
        }
        'c' => TrackObservation::bare(State::CannotTell),
        other => panic!("{other}"),
    }
}

fn walk(mut path: TrackObservation, at: i64, mono: i64) -> Observation {
    if let Some(azure) = path.cause.as_mut().and_then(|cause| cause.azure.as_mut()) {
        azure.at = at;
    }
    Observation {
        target: "prod".to_owned(),
        at,
        mono,
        path,
        service: Some(TrackObservation::bare(State::Works)),
        facts: Facts::default(),
        certificate: None,
        muted: false,
        azure_interval: Some(Duration::from_secs(3600)),
    }
}

/// Walks a minute apart; returns the events, each with the number of its walk.
fn run(machine: &mut TargetState, letters: &str) -> Vec<String> {
    run_every(machine, letters, MINUTE)
}

fn run_every(machine: &mut TargetState, letters: &str, every: i64) -> Vec<String> {
    let mut out = Vec::new();
    let start = machine.last.map_or(0, |last| last.mono + every);
    for (n, letter) in letters.chars().enumerate() {
        let mono = start + n as i64 * every;
        for event in machine.observe(&walk(judged(letter), mono, mono), &Rules::default()) {
            let (kind, severity) = (event.kind.id(), event.severity.id());
            out.push(format!("{} {kind} {} {severity}", n + 1, event.condition.id()));
        }
    }
    out
}

/// The events of a sequence of walks, a minute apart: `w`orks, at `r`isk, `b`roken, `p` broken and
/// proved, `o` another cause, `c`annot tell.
#[test]
fn events_of_a_sequence_of_walks() {
    let table: &[(&str, &[&str])] = &[
        ("wwwww", &[]),
        // One bad walk, or two of five, is not enough.
        ("wbwwwwbwwww", &[]),
        ("wbbwww", &[]),
        ("b", &[]),
        // Three of five, also with good ones in between.
        ("wbbb", &["4 opened broken page"]),
        ("wbwbwb", &["6 opened broken page"]),
        // Good again after two; a new outage needs three bad walks of its own.
        ("wbbbw", &["4 opened broken page"]),
        ("wbbbww", &["4 opened broken page", "6 closed works page"]),
        ("wbbbwwb", &["4 opened broken page", "6 closed works page"]),
        ("wbbbwwbbb", &["4 opened broken page", "6 closed works page", "9 opened broken page"]),
        // One event per state, however long it lasts.
        ("wbbbbbbbbbbbbbbbbbbbbbb", &["4 opened broken page"]),
        // A cause that becomes certain, or another one that persists, does not reopen the incident.
        ("wbbbpppp", &["4 opened broken page", "5 sharpened broken page"]),
        ("wooobo", &["4 opened broken page"]),
        ("wooobbbb", &["4 opened broken page", "6 sharpened broken page"]),
        // A less certain one replaces it when the old one has disappeared.
        ("wpppoooooo", &["4 opened broken page", "9 sharpened broken page"]),
        ("wabbbbbbbb", &["4 opened broken page"]),
        ("wabbbbboooooo", &["4 opened broken page"]),
        ("wabbbbbqoooo", &["4 opened broken page", "9 sharpened broken page"]),
        // Azure was asked, and gave no answer: what it showed before counts no longer.
        ("wabbbbbsbbb", &["4 opened broken page", "8 sharpened broken page"]),
        ("wabbsbbbb", &["4 opened broken page", "7 sharpened broken page"]),
        // At risk is a ticket; it may get worse and better.
        ("wrrr", &["4 opened at_risk ticket"]),
        ("wrbr", &["4 opened at_risk ticket"]),
        ("wrrrbbb", &["4 opened at_risk ticket", "7 closed broken ticket", "7 opened broken page"]),
        ("wbbbrr", &["4 opened broken page", "6 closed at_risk page", "6 opened at_risk ticket"]),
        // CANNOT TELL goes to the owner and closes no incident.
        ("wccc", &["4 opened cannot_tell owner"]),
        ("wbbbccc", &["4 opened broken page", "7 noted broken owner"]),
        ("wcccww", &["4 opened cannot_tell owner", "6 closed works owner"]),
        (
            "wcccbbb",
            &["4 opened cannot_tell owner", "7 closed broken owner", "7 opened broken page"],
        ),
        // Recurring single bad walks: unstable, opened once, closed once.
        ("wwwbwwwwbwwwwbwwwwwwwww", &["15 opened unstable ticket"]),
        (
            "wwwbwwwwbwwwwbwwwwwwwwwwwwwwwww",
            &["15 opened unstable ticket", "30 closed works ticket"],
        ),
        ("wcwwwcwwwcww", &["11 opened unstable owner"]),
        // A recurring outage becomes one incident, not many.
        (
            "bbbwwbbbwwbbbwwbbbwwbbbwwbbbwwbbbwwbbbwwww",
            &[
                "3 opened broken page",
                "5 closed works page",
                "8 opened broken page",
                "10 closed works page",
                "13 opened broken page",
                "15 closed works page",
                "16 opened unstable ticket",
                "18 closed broken ticket",
                "18 opened broken page",
            ],
        ),
        // The first walks of a new target.
        ("bbb", &["3 opened broken page"]),
        ("bwbwb", &["5 opened broken page"]),
    ];
    for (letters, wanted) in table {
        let told = run(&mut TargetState::new("prod"), letters);
        assert_eq!(told, *wanted, "{letters}");
    }
}

#[test]
fn what_azure_showed_counts_for_one_interval() {
    let hour = "b".repeat(59);
    // Asked again and again, it stays.
    let asked = format!("wa{hour}a{hour}a{hour}");
    let mut machine = TargetState::new("prod");
    assert_eq!(run(&mut machine, &asked), ["4 opened broken page"]);
    // Not asked within the hour after walk 122, the cause that every walk sees replaces it.
    assert_eq!(run(&mut machine, "bb"), ["2 sharpened broken page"]);
    assert_eq!(machine.open().next().unwrap().1.cause.as_ref().unwrap().id, "dns-zone-not-linked");
    // Azure is no longer asked at all.
    let mut machine = TargetState::new("prod");
    run(&mut machine, "wabbbbb");
    let at = 7 * MINUTE;
    let seen = Observation { azure_interval: None, ..walk(judged('b'), at, at) };
    assert_eq!(machine.observe(&seen, &Rules::default()).len(), 1);
}

#[test]
fn two_minutes_of_two_walks_confirm_too() {
    let told = run_every(&mut TargetState::new("prod"), "wbb", 2 * MINUTE);
    assert_eq!(told, ["3 opened broken page"]);
    assert!(run_every(&mut TargetState::new("prod"), "wbb", 2 * MINUTE - 1).is_empty());
    assert!(run_every(&mut TargetState::new("prod"), "b", 60 * MINUTE).is_empty());
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let wall = [0, 86_400_000, -5_000, 3, 7_200_000, 1];
    let mut told = Vec::new();
    for (n, (letter, at)) in "wbbbww".chars().zip(wall).enumerate() {
        told.extend(machine.observe(&walk(judged(letter), at, n as i64 * 30_000), &rules));
    }
    let kinds: Vec<Kind> = told.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [Kind::Opened, Kind::Closed]);
    assert_eq!(told[1].lasted, Some(120_000));
}

#[test]
fn a_muted_incident_is_reported_once_it_is_no_longer_muted() {
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let mut at = 0;
    let mut step = |letter: char, muted: bool| {
        at += MINUTE;
        let seen = Observation { muted, ..walk(judged(letter), at, at) };
        machine.observe(&seen, &rules).into_iter().map(|e| (e.kind, e.muted)).collect::<Vec<_>>()
    };
    for letter in "wbb".chars() {
        assert!(step(letter, true).is_empty());
    }
    assert_eq!(step('b', true), [(Kind::Opened, true)]);
    assert_eq!(step('b', false), [(Kind::Opened, false)]);
    // The end of a reported incident is reported, muted or not.
    assert!(step('w', true).is_empty());
    assert_eq!(step('w', true), [(Kind::Closed, false)]);
    // An incident that began and ended muted is not reported.
    let all: Vec<_> = "bbbww".chars().flat_map(|letter| step(letter, true)).collect();
    assert_eq!(all, [(Kind::Opened, true), (Kind::Closed, true)]);
}

#[test]
fn the_service_has_a_track_of_its_own() {
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let limited = TrackObservation {
        state: State::AtRisk,
        cause: Some(cause("http-rate-limited", Confidence::Proved)),
    };
    let mut told = Vec::new();
    for n in 0..6 {
        let service = Some(limited.clone());
        let seen = Observation { service, ..walk(judged('w'), n * MINUTE, n * MINUTE) };
        told.extend(machine.observe(&seen, &rules));
    }
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].subject, told[0].severity), (Subject::Service, Severity::Ticket));
    assert_eq!(machine.condition(), Some(Condition::Works));
    assert!(told[0].line().starts_with("service AT RISK at dns (http-rate-limited)"));
}

#[test]
fn a_certificate_is_reported_once_at_each_limit() {
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let mut at = 0;
    let mut days_of = |sha256: &str, days_left: i64, muted: bool, own: Option<i64>| {
        at += MINUTE;
        let certificate = Some(CertificateInfo {
            sha256: sha256.to_owned(),
            days_left,
            not_after: "2026-12-01T00:00:00Z".to_owned(),
            young: false,
            fewer_than: own.filter(|own| days_left <= *own),
        });
        let seen = Observation { certificate, muted, ..walk(judged('w'), at, at) };
        let events = machine.observe(&seen, &rules);
        events.iter().filter(|e| e.kind == Kind::Certificate && !e.muted).count()
    };
    // The inventory's own limit is an additional one.
    assert_eq!([46, 45, 31, 30, 14].map(|d| days_of("own", d, false, Some(45))), [0, 1, 0, 1, 1]);
    let mut days = |sha256: &str, left: i64, muted: bool| days_of(sha256, left, muted, None);
    assert_eq!(
        [31, 30, 30, 29, 15, 14, 14, 8, 7, 6, 0].map(|d| days("a", d, false)),
        [0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0]
    );
    // Two machines behind the same name alternate, each with its own certificate.
    assert_eq!(["b", "a", "b", "a"].map(|sha| days(sha, 5, false)), [1, 0, 0, 0]);
    // A muted one is reported when the muted period is over.
    assert_eq!([true, true, false, false].map(|muted| days("c", 5, muted)), [0, 0, 1, 0]);
}

#[test]
fn a_leaf_that_is_signed_for_each_session_is_only_reported_by_the_inventorys_limit() {
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let mut told = |number: i64, days_left: i64, young: bool, fewer_than: Option<i64>| {
        let certificate = Some(CertificateInfo {
            sha256: format!("session {number}"),
            days_left,
            not_after: "2026-12-01T00:00:00Z".to_owned(),
            young,
            fewer_than,
        });
        let at = number * MINUTE;
        let seen = Observation { certificate, ..walk(judged('w'), at, at) };
        let events = machine.observe(&seen, &rules);
        let notes = events.into_iter().filter(|e| e.kind == Kind::Certificate);
        notes.filter_map(|event| event.note).collect::<Vec<_>>().join("")
    };
    assert_eq!([10, 20, 30].map(|number| told(number, 4, true, None)), ["", "", ""]);
    assert!(told(40, 1, false, None).contains("in 1 day, "));
    assert!(told(41, -3, false, None).contains("expired 3 days ago"));
    // Above thirty days once, below like the others.
    assert!(told(50, 45, true, Some(60)).contains("in 45 days"));
    assert_eq!([51, 52].map(|number| told(number, 45, true, Some(60))), ["", ""]);
    assert!(told(53, 30, false, Some(60)).contains("limit: 30 days"));
    assert!(told(54, 14, false, None).contains("limit: 14 days"));
}

#[test]
fn changes_since_the_last_good_walk_are_listed() {
    let good = Facts {
        addresses: vec!["10.3.0.5".to_owned()],
        aliases: vec!["myacct.privatelink.openai.azure.com".to_owned()],
        resolver: Some("10.1.0.10".to_owned()),
        issuer: Some("Microsoft Azure RSA TLS Issuing CA 03".to_owned()),
        status: Some(200),
        ..Facts::default()
    };
    let bad = Facts {
        addresses: vec!["20.62.58.5".to_owned()],
        status: Some(403),
        issuer: None,
        ..good.clone()
    };
    let mut machine = TargetState::new("prod");
    let rules = Rules::default();
    let mut told = Vec::new();
    for (n, letter) in "wbbbb".chars().enumerate() {
        let facts = if letter == 'w' { good.clone() } else { bad.clone() };
        let at = n as i64 * MINUTE;
        told.extend(
            machine.observe(&Observation { facts, ..walk(judged(letter), at, at) }, &rules),
        );
    }
    assert_eq!(told.len(), 1);
    assert_eq!(
        told[0].line(),
        "BROKEN at dns (dns-zone-not-linked): 10.1.0.10 gives the public address; since the \
         last good walk: address 10.3.0.5 -> 20.62.58.5; HTTP 200 -> 403"
    );
}

#[test]
fn removing_a_target_closes_its_incident() {
    let mut machine = TargetState::new("prod");
    run(&mut machine, "wbbb");
    let told = machine.removed(10 * MINUTE, 10 * MINUTE);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].kind, Kind::Closed);
    assert_eq!(machine.open().count(), 0);
    assert!(machine.removed(11 * MINUTE, 11 * MINUTE).is_empty());
}

#[test]
fn after_a_long_downtime_old_walks_confirm_nothing() {
    let mut machine = TargetState::new("prod");
    run(&mut machine, "wbb");
    let hour = Duration::from_secs(3600);
    let mut soon = machine.clone().resumed(3 * MINUTE, 5, hour);
    assert_eq!(run(&mut soon, "b"), ["1 opened broken page"]);
    let mut late = machine.resumed(25 * 60 * MINUTE, 5, hour);
    assert!(run(&mut late, "b").is_empty());
    assert_eq!(run(&mut late, "bb"), ["2 opened broken page"]);
    // The clock was set back meanwhile, so the downtime is unknown.
    let mut machine = TargetState::new("prod");
    run(&mut machine, "wbb");
    let mut back = machine.resumed(-25 * 60 * MINUTE, 5, hour);
    assert!(run(&mut back, "b").is_empty());
}

#[test]
fn an_incident_continues_after_a_restart() {
    let mut machine = TargetState::new("prod");
    run(&mut machine, "wbbb");
    let text = serde_json::to_string(&machine).unwrap();
    let saved: TargetState = serde_json::from_str(&text).unwrap();
    // Down for ten minutes; the new process's monotonic axis begins at 0.
    let mut machine = saved.resumed(13 * MINUTE, 0, Duration::from_secs(3600));
    let rules = Rules::default();
    assert!(machine.observe(&walk(judged('w'), 14 * MINUTE, MINUTE), &rules).is_empty());
    let told = machine.observe(&walk(judged('w'), 15 * MINUTE, 2 * MINUTE), &rules);
    // From the first bad walk, at one minute, on.
    assert_eq!(told[0].lasted, Some(14 * MINUTE));
}

#[test]
fn an_incident_that_ends_as_its_muting_ends_pages_no_one() {
    let mut machine = TargetState::new("prod");
    let mut told = Vec::new();
    for (n, letter) in "wbbbww".chars().enumerate() {
        let at = n as i64 * MINUTE;
        let seen = Observation { muted: n < 4, ..walk(judged(letter), at, at) };
        told.extend(
            machine.observe(&seen, &Rules::default()).into_iter().map(|e| (e.kind, e.muted)),
        );
    }
    assert_eq!(told, [(Kind::Opened, true), (Kind::Closed, true)]);
}
