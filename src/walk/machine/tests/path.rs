//! Connections, handshakes and the call.

use super::*;
use crate::evidence::tls::TlsOutcome;
use crate::evidence::{Hop, SkipReason};

#[test]
fn a_healthy_walk_is_four_round_trips_and_nothing_more() {
    let seen = plain(
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.3.0.5      => connect 10.3.0.5
         1  AAAA R1 none
         2  system 10.3.0.5    => dns
         3  up 10.3.0.5        => tcp; handshake 10.3.0.5
         5  tls 10.3.0.5 ok    => tls; call 10.3.0.5
         7  called 200         => http
         7  idle               => finish",
    );
    assert_eq!(seen.tcp.value().unwrap().selected, Some("10.3.0.5".parse().unwrap()));
    assert_eq!(seen.tls.value().unwrap().outcome, TlsOutcome::Verified);
    assert!(seen.experiments.is_empty());
}

#[test]
fn where_tls_begins_inside_a_protocol_the_connection_is_the_end() {
    let seen = walk(
        |settings| settings.connect = ConnectPolicy::Full { last: Hop::Tcp },
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.3.0.5      => connect 10.3.0.5
         1  AAAA R1 none
         2  system 10.3.0.5    => dns
         3  up 10.3.0.5        => tcp
         3  idle               => finish",
    );
    assert_eq!(seen.tcp.value().unwrap().selected, Some("10.3.0.5".parse().unwrap()));
    assert_eq!(seen.tls, Observed::NotAsked { reason: SkipReason::TlsInsideProtocol });
    assert_eq!(seen.http, Observed::NotAsked { reason: SkipReason::ServiceHasNoCall });
}

#[test]
fn the_system_may_be_first() {
    plain(
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5    => connect 10.3.0.5; dns
         2  up 10.3.0.5        => tcp; handshake 10.3.0.5
         3  A R1 10.3.0.5
         3  AAAA R1 none
         4  tls 10.3.0.5 ok    => tls; call 10.3.0.5
         5  called 200         => http
         5  idle               => finish",
    );
}

#[test]
fn the_call_waits_until_the_address_is_confirmed_after_the_handshake() {
    plain(
        "0   begin             => ask R1 A; ask R1 AAAA; look up
         1   A R1 10.3.0.5     => connect 10.3.0.5
         1   AAAA R1 none
         2   up 10.3.0.5       => tcp; handshake 10.3.0.5
         4   tls 10.3.0.5 ok   => tls
         900 system 10.3.0.5   => dns; call 10.3.0.5
         901 called 200        => http
         901 idle              => finish",
    );
}

#[test]
fn an_address_that_the_system_never_confirms_is_called_unconfirmed() {
    let seen = plain(
        "0    begin            => ask R1 A; ask R1 AAAA; look up
         1    A R1 10.3.0.5    => connect 10.3.0.5
         1    AAAA R1 none
         2    up 10.3.0.5      => tcp; handshake 10.3.0.5
         4    tls 10.3.0.5 ok  => tls
         1000 stall
         1001 stall            => try R1 [plain-question repeat-query] in 4199
         5200 system stalled   => dns; call 10.3.0.5 unconfirmed
         5202 called 401       => http
         5202 idle             => finish",
    );
    assert!(seen.dns.selected.iter().all(|walked| walked.effective));
}

#[test]
fn a_handshake_at_an_address_that_applications_do_not_get_is_begun_anew() {
    let seen = plain(
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.9.9.9      => connect 10.9.9.9
         1  AAAA R1 none
         2  up 10.9.9.9        => tcp; handshake 10.9.9.9
         3  system 10.3.0.5
           => try R1 [plain-question repeat-query searched-name] in 2000; connect 10.3.0.5; dns
         4  up 10.3.0.5        => handshake 10.3.0.5
         5  tls 10.9.9.9 reset
         6  tls 10.3.0.5 ok    => tls; call 10.3.0.5
         7  called 200         => http
         8  idle               => finish",
    );
    assert_eq!(seen.tls.value().unwrap().outcome, TlsOutcome::Verified);
}

#[test]
fn what_no_application_meets_is_no_evidence_of_its_path() {
    let seen = plain(
        "0  begin                    => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.9.9.9            => connect 10.9.9.9
         1  AAAA R1 none
         2  up 10.9.9.9              => tcp; handshake 10.9.9.9
         3  system 10.3.0.5
           => try R1 [plain-question repeat-query searched-name] in 2000; connect 10.3.0.5; dns
         4  tls 10.9.9.9 ok          => tls
         5  down 10.3.0.5 refused
         6  idle                     => finish",
    );
    assert_eq!(seen.tls, Observed::NotReached { stopped_at: Hop::Tcp });
    assert_eq!(seen.tcp.value().unwrap().selected, None);
}

#[test]
fn the_private_address_is_walked_whichever_connects_first() {
    plain(
        "0  begin                        => ask R1 A; ask R1 AAAA; look up
         1  system 20.62.58.5,10.3.0.5   => connect 20.62.58.5; connect 10.3.0.5; dns
         2  up 20.62.58.5
         3  up 10.3.0.5                  => tcp; handshake 10.3.0.5
         4  A R1 20.62.58.5,10.3.0.5
         4  AAAA R1 none
         5  tls 10.3.0.5 ok
           => tls; try 20.62.58.5 [other-address] in 2000; call 10.3.0.5
         6  called 200                   => http
         7  idle                         => finish",
    );
}

#[test]
fn a_second_effective_address_gets_a_handshake_and_a_call_of_its_own() {
    plain(
        "0  begin                     => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5,10.3.0.6  => connect 10.3.0.5; connect 10.3.0.6; dns
         2  up 10.3.0.5               => tcp; handshake 10.3.0.5
         3  tls 10.3.0.5 ok           => tls; call 10.3.0.5
         4  up 10.3.0.6               => try 10.3.0.6 [other-address] in 2000
         5  called 200                => http
         6  idle                      => finish",
    );
}

#[test]
fn every_address_is_called_where_the_path_is_to_be_closed() {
    walk(
        |settings| settings.expect = &Expect::Closed,
        "0  begin                                          => ask R1 A; ask R1 AAAA; look up
         1  system 20.0.0.1,20.0.0.2,20.0.0.3,20.0.0.4
              => connect 20.0.0.1; connect 20.0.0.2; connect 20.0.0.3; connect 20.0.0.4; dns
         2  up 20.0.0.1                                    => tcp; handshake 20.0.0.1
         3  up 20.0.0.2
         3  up 20.0.0.3
         3  up 20.0.0.4
         4  tls 20.0.0.1 ok
              => tls; try 20.0.0.2 [other-address] in 2000; try 20.0.0.3 [other-address] in 2000
               ; try 20.0.0.4 [other-address] in 2000; call 20.0.0.1",
    );
}

#[test]
fn an_address_of_any_nameserver_that_may_be_asked_gets_a_handshake() {
    let table = |tried: &str| {
        format!(
            "0  begin              => ask R1 A; ask R1 AAAA; ask R2 A; ask R2 AAAA; look up
             1  system 10.3.0.5    => connect 10.3.0.5; dns
             1  A R1 10.3.0.5
             1  A R2 10.3.0.6      => connect 10.3.0.6
             2  up 10.3.0.5        => tcp; handshake 10.3.0.5
             3  up 10.3.0.6
             4  tls 10.3.0.5 ok    => tls; {tried}call 10.3.0.5"
        )
    };
    for (any, tried) in [(true, "try 10.3.0.6 [other-address] in 2000; "), (false, "")] {
        walk(
            |settings| {
                settings.any_nameserver = any;
                settings.resolvers.push((resolver("R2"), ResolverRole::Configured, None));
            },
            &table(tried),
        );
    }
}

#[test]
fn dead_version_6_does_not_hold_the_walk_up() {
    let seen = plain(
        "0    begin                      => ask R1 A; ask R1 AAAA; look up
         1    system fd00::5,10.3.0.5    => connect fd00::5; connect 10.3.0.5; dns
         2    up 10.3.0.5                => tcp; handshake 10.3.0.5
         3    down fd00::5 no-route
         4    tls 10.3.0.5 ok            => tls; call 10.3.0.5
         5    called 200                 => http
         5    idle                       => finish",
    );
    assert_eq!(seen.tcp.value().unwrap().attempts.len(), 2);
}

#[test]
fn a_refusal_counts_when_all_have_refused() {
    let seen = walk(
        |settings| settings.experiments = ExperimentPolicy::Deep,
        "0  begin                     => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5,10.3.0.6  => connect 10.3.0.5; connect 10.3.0.6; dns
         2  down 10.3.0.5 refused
         3  down 10.3.0.6 refused
           => try 10.3.0.5 [trace-syn] in 2000; try 10.3.0.6 [trace-syn] in 2000; tcp
         4  idle                      => finish",
    );
    assert_eq!(seen.tls, Observed::NotReached { stopped_at: Hop::Tcp });
    assert_eq!(seen.http, Observed::NotReached { stopped_at: Hop::Tcp });
}

#[test]
fn a_connection_that_is_reset_as_soon_as_it_stands_is_a_handshake_that_was_cut() {
    let seen = plain(
        "0  begin                => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5      => connect 10.3.0.5; dns
         2  up 10.3.0.5 reset    => tcp; handshake 10.3.0.5
         3  tls 10.3.0.5 closed
           => tls; try 10.3.0.5 [small-hello sibling-sni repeat-handshake single-tls-version] in 2000
         4  idle                 => finish",
    );
    assert_eq!(seen.tls.value().unwrap().outcome, TlsOutcome::Reset);
    assert_eq!(seen.tcp.value().unwrap().attempts[0].outcome, TcpOutcome::Connected);
}

#[test]
fn a_reset_connection_is_passed_over_where_another_stands() {
    plain(
        "0  begin                     => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5,10.3.0.6  => connect 10.3.0.5; connect 10.3.0.6; dns
         2  up 10.3.0.5 reset
         3  up 10.3.0.6               => tcp; handshake 10.3.0.6",
    );
}

#[test]
fn an_alert_in_place_of_an_answer_is_shown_with_the_handshake_it_ends() {
    let seen = plain(
        "0  begin                               => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5                     => connect 10.3.0.5; dns
         2  up 10.3.0.5                         => tcp; handshake 10.3.0.5
         3  tls 10.3.0.5 ok                     => tls; call 10.3.0.5
         4  called alert:certificate_required   => tls; http
         4  idle                                => finish",
    );
    let description = "certificate_required".to_owned();
    assert_eq!(seen.tls.value().unwrap().outcome, TlsOutcome::Alert { description });
    assert_eq!(seen.http.value().unwrap().calls.len(), 1);
}

#[test]
fn a_token_request_ends_with_its_answer() {
    walk(
        |settings| settings.ends_with_call = true,
        "0  begin                     => ask R1 A; ask R1 AAAA; look up
         1  system 10.3.0.5,10.3.0.6  => connect 10.3.0.5; connect 10.3.0.6; dns
         2  up 10.3.0.5               => tcp; handshake 10.3.0.5
         3  tls 10.3.0.5 ok           => tls; call 10.3.0.5
         4  called 200                => http; finish",
    );
}

#[test]
fn a_path_that_is_compared_with_is_walked_where_it_is_private_and_makes_no_call() {
    let compare = |settings: &mut Settings<'_>| {
        settings.connect = ConnectPolicy::Comparison { public: false };
        settings.experiments = ExperimentPolicy::NotHere;
    };
    let seen = walk(
        compare,
        "0  begin            => ask R1 A; ask R1 AAAA; look up
         1  system 20.62.58.5,10.3.0.5  => connect 10.3.0.5
         2  up 10.3.0.5      => handshake 10.3.0.5
         3  tls 10.3.0.5 ok  => tls
         4  idle             => finish",
    );
    assert_eq!(seen.http, Observed::NotAsked { reason: SkipReason::ProxyApplies });
    let seen = walk(
        compare,
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  system 20.62.58.5
         2  idle               => finish",
    );
    assert_eq!(seen.tcp, Observed::NotAsked { reason: SkipReason::DirectPathIsPublic });
}
