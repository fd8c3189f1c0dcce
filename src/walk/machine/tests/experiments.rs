//! Handshakes that fail or hang, and what is tried about them.

use super::*;
use crate::evidence::experiment::ExperimentSkipReason;

const CONNECTED: &str = "
    0    begin            => ask R1 A; ask R1 AAAA; look up
    1    A R1 10.3.0.5    => connect 10.3.0.5
    1    AAAA R1 none
    2    system 10.3.0.5  => dns
    3    up 10.3.0.5      => tcp; handshake 10.3.0.5
";
const SILENT: &str = "
    1000 stall
    1001 stall
    1003 stall
      => try R1 [uncached-name privatelink-name] in 2000
       ; try 10.3.0.5 [first-byte segment-size small-hello sibling-sni repeat-handshake repeat-small-hello] in 4000
";

fn rest(table: &str) -> String {
    format!("{CONNECTED}{table}")
}

/// The handshake hangs, and what the experiments then show.
fn hangs(results: &str) -> PathEvidence {
    let table = format!("{CONNECTED}{SILENT}{results}");
    plain(&table)
}

#[test]
fn the_walk_goes_on_with_the_small_hello_where_size_is_what_hangs() {
    let seen = hangs(
        "1100 tried segment-size/1240 10.3.0.5 silent
         1100 tried segment-size/536 10.3.0.5 silent
         1107 tried small-hello 10.3.0.5 ok
         1200 tried sibling-sni 10.3.0.5 silent
         5003 tls 10.3.0.5 silent  => tls
         5004 idle                 => call 10.3.0.5 small
         5006 called 200           => http
         5006 idle                 => finish",
    );
    // Both handshakes are what they were.
    let Observed::Done { started_ms, value: small, .. } = &seen.tls else { panic!("no handshake") };
    assert_eq!((small.outcome.clone(), *started_ms), (TlsOutcome::Verified, 1100.0));
    let full = seen.experiments.handshakes.iter().find(|tried| tried.id == "full-hello").unwrap();
    assert_eq!(full.tls.as_ref().unwrap().outcome, TlsOutcome::Silent);
    assert_eq!((full.started_ms, full.took_ms), (10, 20));
}

#[test]
fn the_small_hello_carries_nothing_where_something_else_is_the_matter() {
    for results in [
        // Smaller segments pass the large one: the path drops large packets.
        "1100 tried segment-size/536 10.3.0.5 ok
         1107 tried small-hello 10.3.0.5 ok
         5003 tls 10.3.0.5 silent  => tls
         5004 idle                 => finish",
        // The sibling's ClientHello is as large.
        "1107 tried small-hello 10.3.0.5 ok
         1200 tried sibling-sni 10.3.0.5 ok
         5003 tls 10.3.0.5 silent  => tls
         5004 idle                 => finish",
        // The small one is answered now and then.
        "1107 tried small-hello 10.3.0.5 ok
         1108 tried repeat-small-hello 10.3.0.5 silent
         5003 tls 10.3.0.5 silent  => tls
         5004 idle                 => finish",
        // The small one hangs as well.
        "1107 tried small-hello 10.3.0.5 silent
         5003 tls 10.3.0.5 silent  => tls
         5004 idle                 => finish",
    ] {
        let seen = hangs(results);
        assert_eq!(seen.tls.value().unwrap().outcome, TlsOutcome::Silent);
        assert_eq!(seen.http, Observed::NotReached { stopped_at: Hop::Tls });
    }
}

#[test]
fn results_that_come_after_the_handshake_has_ended_are_kept() {
    let seen = hangs(
        "5003 tls 10.3.0.5 silent  => tls
         5010 tried segment-size/536 10.3.0.5 silent
         5011 tried small-hello 10.3.0.5 ok
         5012 idle                 => call 10.3.0.5 small
         5014 called 403           => http; try 10.3.0.5 [reference-client] in 2000"
            .replace(
                "http; try 10.3.0.5 [reference-client] in 2000",
                "try 10.3.0.5 [reference-client] in 2000; http",
            )
            .as_str(),
    );
    assert_eq!(seen.experiments.handshakes.len(), 3);
}

#[test]
fn a_handshake_that_ends_late_and_well_needs_no_other() {
    let seen = hangs(
        "1107 tried small-hello 10.3.0.5 ok
         1300 tls 10.3.0.5 ok  => tls; call 10.3.0.5
         1302 called 200       => http
         1400 idle             => finish",
    );
    assert!(!seen.experiments.handshakes.iter().any(|tried| tried.id == "full-hello"));
}

#[test]
fn a_long_way_is_no_silence() {
    plain(
        "0    begin                   => ask R1 A; ask R1 AAAA; look up
         1    A R1 10.3.0.5           => connect 10.3.0.5
         1    AAAA R1 none
         2    system 10.3.0.5         => dns
         903  up 10.3.0.5 rtt 900     => tcp; handshake 10.3.0.5
         1000 stall
         1001 stall
         3153 stall
           => try R1 [uncached-name privatelink-name] in 2000
            ; try 10.3.0.5 [first-byte segment-size small-hello sibling-sni repeat-handshake repeat-small-hello] in 2750",
    );
}

#[test]
fn a_cut_handshake_is_looked_into_at_once() {
    for outcome in ["reset", "closed", "alert:unrecognized_name"] {
        plain(&rest(&format!(
            "4 tls 10.3.0.5 {outcome}
               => tls
                ; try 10.3.0.5 [small-hello sibling-sni repeat-handshake single-tls-version] in 2000
                ; try R1 [uncached-name privatelink-name] in 2000"
        )));
    }
    plain(&rest(
        "4 tls 10.3.0.5 rejected
           => tls; try 10.3.0.5 [sibling-sni repeat-handshake] in 2000; try R1 [uncached-name privatelink-name] in 2000",
    ));
    // A client certificate that is wanted is the peer's word: nothing is left to be tried.
    plain(&rest(
        "4 tls 10.3.0.5 alert:certificate_required => tls; try R1 [uncached-name privatelink-name] in 2000",
    ));
}

#[test]
fn a_refused_call_is_made_by_an_ordinary_client_unless_it_was_to_be_closed() {
    plain(&rest(
        "4 tls 10.3.0.5 ok  => tls; call 10.3.0.5
         5 called 403       => try 10.3.0.5 [reference-client] in 2000; http
         6 idle             => finish",
    ));
    walk(
        |settings| settings.expect = &Expect::Closed,
        &rest(
            "4 tls 10.3.0.5 ok  => tls; call 10.3.0.5
             5 called 403       => http
             6 idle             => finish",
        ),
    );
}

#[test]
fn what_was_due_and_not_made_has_its_reason() {
    let seen = walk(
        |settings| settings.experiments = ExperimentPolicy::Declined,
        &rest(
            "4 tls 10.3.0.5 reset => tls
             5 idle               => finish",
        ),
    );
    assert!(!seen.experiments.skipped.is_empty());
    assert!(
        seen.experiments.skipped.iter().all(|left| left.reason == ExperimentSkipReason::Option)
    );
    let seen = plain(&rest(
        "4 tls 10.3.0.5 rejected
           => tls; try 10.3.0.5 [sibling-sni repeat-handshake] in 2000; try R1 [uncached-name privatelink-name] in 2000",
    ));
    assert!(
        seen.experiments.skipped.iter().all(|left| left.reason == ExperimentSkipReason::NeedsDeep)
    );
}

#[test]
fn an_experiment_is_made_once_a_subject() {
    hangs(
        "1107 tried small-hello 10.3.0.5 silent
         1300 tls 10.3.0.5 reset => tls; try 10.3.0.5 [single-tls-version] in 2000",
    );
}

#[test]
fn no_connection_after_a_fifth_of_the_deadline_is_looked_into() {
    walk(
        |settings| settings.experiments = ExperimentPolicy::Deep,
        "0    begin                 => ask R1 A; ask R1 AAAA; look up
         1    A R1 10.3.0.5         => connect 10.3.0.5
         1    AAAA R1 none
         2    system 10.3.0.5       => dns
         1000 stall
         1001 stall                 => try 10.3.0.5 [trace-syn] in 4000; try R1 [uncached-name privatelink-name over-tcp repeat-query] in 2000
         5001 down 10.3.0.5 silent  => tcp
         5001 idle                  => finish",
    );
}
