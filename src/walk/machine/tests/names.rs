//! Resolvers and the system.

use super::*;

fn two_resolvers(settings: &mut Settings<'_>) {
    settings.resolvers.push((resolver("R2"), ResolverRole::Configured, None));
}

fn given(settings: &mut Settings<'_>) {
    settings.resolvers.insert(0, (resolver("R1"), ResolverRole::Given, None));
    settings.resolvers[1].0 = resolver("R2");
    settings.overriding_resolver = Some(resolver("R1"));
}

#[test]
fn a_silent_second_resolver_holds_back_its_own_line_only() {
    let seen = walk(
        two_resolvers,
        "0    begin             => ask R1 A; ask R1 AAAA; ask R2 A; ask R2 AAAA; look up
         1    A R1 10.3.0.5     => connect 10.3.0.5
         1    AAAA R1 none
         2    system 10.3.0.5   => dns
         3    up 10.3.0.5       => tcp; handshake 10.3.0.5
         4    tls 10.3.0.5 ok   => tls; call 10.3.0.5
         5    called 200        => http
         1000 stall             => try R2 [root-servers local-name uncached-name without-edns] in 4000
         1001 stall
         1030 tried root-servers R2 silent
         2000 stall             => try R2 [over-tcp] in 3000
         5000 A R2 silent
         5000 AAAA R2 silent
         5000 idle              => finish",
    );
    assert!(seen.http.value().is_some());
    assert_eq!(seen.experiments.questions.len(), 1);
}

#[test]
fn a_resolver_that_answers_an_experiment_over_udp_is_not_asked_over_tcp() {
    plain(
        "0    begin                           => ask R1 A; ask R1 AAAA; look up
         1000 stall
           => try R1 [root-servers local-name uncached-name without-edns] in 4000
         1010 tried local-name R1 NOERROR
         2000 stall",
    );
}

#[test]
fn the_first_answer_may_be_late() {
    plain(
        "0    begin             => ask R1 A; ask R1 AAAA; look up
         1000 stall
           => try R1 [root-servers local-name uncached-name without-edns] in 4000
         1200 A R1 10.3.0.5     => connect 10.3.0.5
         1200 AAAA R1 none
         1201 system 10.3.0.5   => dns
         1202 up 10.3.0.5       => tcp; handshake 10.3.0.5
         1204 tls 10.3.0.5 ok   => tls; call 10.3.0.5
         1206 called 200        => http
         1300 tried uncached-name R1 NXDOMAIN
         1300 idle              => finish",
    );
}

#[test]
fn a_name_that_resolves_publicly_is_looked_into_once_a_private_endpoint_is_seen() {
    walk(
        two_resolvers,
        "0  begin                      => ask R1 A; ask R1 AAAA; ask R2 A; ask R2 AAAA; look up
         1  A R1 20.62.58.5            => connect 20.62.58.5
         2  A R2 10.3.0.5
           => ask R1 SOA; try R1 [over-tcp repeat-query privatelink-name parent-zone sibling-suffix] in 2000
            ; connect 10.3.0.5
         3  AAAA R1 none
         4  SOA R1 NXDOMAIN",
    );
}

#[test]
fn a_resolver_that_fails_is_looked_into_within_the_deadline_of_names() {
    plain(
        "0    begin           => ask R1 A; ask R1 AAAA; look up
         4900 A R1 SERVFAIL
           => try R1 [root-servers local-name uncached-name without-validation repeat-query parent-zone] in 300",
    );
}

#[test]
fn an_unknown_name_asks_for_the_zone() {
    let seen = plain(
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  A R1 NXDOMAIN
           => ask R1 SOA; try R1 [over-tcp repeat-query privatelink-name parent-zone sibling-suffix] in 2000
         1  AAAA R1 NXDOMAIN
         2  system EAI_NONAME  => dns
         3  SOA R1 NXDOMAIN
         4  idle               => finish",
    );
    assert!(seen.dns.selected.is_empty());
    assert_eq!(seen.tcp, Observed::NotReached { stopped_at: Hop::Dns });
}

#[test]
fn the_question_is_repeated_where_one_type_is_denied_and_the_other_is_not() {
    plain(
        "0  begin              => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.3.0.5      => connect 10.3.0.5
         1  AAAA R1 NXDOMAIN   => try R1 [repeat-query] in 2000",
    );
}

#[test]
fn the_resolver_that_the_user_names_decides_without_the_system() {
    let seen = walk(
        given,
        "0  begin             => ask R1 A; ask R1 AAAA; ask R2 A; ask R2 AAAA; look up
         1  A R2 20.62.58.5
         2  A R1 10.3.0.5
           => ask R2 SOA; try R2 [over-tcp repeat-query privatelink-name parent-zone sibling-suffix] in 2000
            ; connect 10.3.0.5; dns
         3  up 10.3.0.5       => tcp; handshake 10.3.0.5
         4  tls 10.3.0.5 ok   => tls; call 10.3.0.5
         5  system 20.62.58.5
         6  called 200        => http",
    );
    assert_eq!(seen.dns.selected.len(), 1);
}

#[test]
fn a_hosts_file_pin_is_no_difference_to_look_into() {
    let pinned = |settings: &mut Settings<'_>| settings.pinned = addresses("10.9.9.9");
    walk(
        pinned,
        "0  begin            => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.3.0.5    => connect 10.3.0.5
         1  AAAA R1 none
         2  system 10.9.9.9  => connect 10.9.9.9; dns",
    );
}

#[test]
fn an_answer_of_many_addresses_waits_for_the_order_of_the_system() {
    let many: Vec<String> = (1..=20).map(|n| format!("10.3.0.{n}")).collect();
    let table = format!(
        "0 begin => ask R1 A; ask R1 AAAA; look up
         1 A R1 {}
         1 AAAA R1 none
         2 system 10.3.0.20 => connect 10.3.0.20; dns",
        many.join(",")
    );
    plain(&table);
    let connects: Vec<String> = many.iter().map(|address| format!("connect {address}")).collect();
    let table = format!(
        "0 begin => ask R1 A; ask R1 AAAA; look up
         1 A R1 {}
         2 system stalled => {}; dns",
        many.join(","),
        connects.join("; ")
    );
    plain(&table);
}

#[test]
fn a_lookup_that_fails_although_a_resolver_answers_is_compared_with_plain_questions() {
    plain(
        "0  begin                    => ask R1 A; ask R1 AAAA; look up
         1  A R1 10.3.0.5            => connect 10.3.0.5
         1  AAAA R1 none
         2  system EAI_AGAIN         => try R1 [plain-question repeat-query] in 5000; dns
         3  idle                     => finish",
    );
}

#[test]
fn a_library_that_asks_over_tcp_is_asked_for_over_tcp() {
    walk(
        |settings| settings.uses_tcp = true,
        "0  begin  => ask R1 A tcp; ask R1 AAAA tcp; look up",
    );
}

#[test]
fn a_second_answer_is_waited_for_where_no_handshake_succeeded() {
    plain(
        "0    begin                    => ask R1 A; ask R1 AAAA; look up
         1    A R1 20.0.0.1 listening  => connect 20.0.0.1
         1    AAAA R1 none listening
         2    system 20.0.0.1          => dns
         3    down 20.0.0.1 refused    => try R1 [uncached-name privatelink-name over-tcp repeat-query] in 2000; tcp
         9    tried uncached-name R1 NXDOMAIN
         20   tried over-tcp R1 10.3.0.5
         30   idle                     => listen until 101
         60   A R1 10.3.0.5 again
         71   idle                     => listen until 101
         101  idle                     => finish",
    );
    // A healthy path waits for nothing.
    plain(
        "0    begin                    => ask R1 A; ask R1 AAAA; look up
         1    A R1 10.3.0.5 listening  => connect 10.3.0.5
         1    AAAA R1 none listening
         2    system 10.3.0.5          => dns
         3    up 10.3.0.5              => tcp; handshake 10.3.0.5
         4    tls 10.3.0.5 ok          => tls; call 10.3.0.5
         5    called 200               => http
         5    idle                     => finish",
    );
}
