//! Some addresses connect and others do not: a stale record next to the right one (D58).

use std::net::IpAddr;

use super::attempts;
use super::attempts::IndexedAttempt;
use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::{FindingBuilder, Rule, View, dns64, endpoint_of, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::{Evidence, tunnel};

pub(super) const RULE: Rule =
    rule!("tcp-address-dead", Tcp, "One of several addresses does not connect", Code(check))
        .for_tokens(crate::diagnose::ForTokens::DeadAddress);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tcp.value()?;
    let effective = e.dns.effective();
    let dead = e.tcp.dead();
    if dead.is_empty() {
        return node_gives_up(e);
    }
    let addresses: Vec<String> = dead.iter().map(|p| p.attempt.address.ip().to_string()).collect();
    let (first, more) = addresses.split_first()?;
    let tried = hop.attempts.len();
    let name = &e.dns.name;
    let tried_first = tried_first(e, dead);
    // Silence may be slowness; any other outcome is the network's own report.
    let silent = dead.iter().all(|p| p.attempt.outcome == TcpOutcome::TimedOut);
    let mut finding = FindingBuilder::new(
        Level::Risk,
        if silent { Confidence::Inferred } else { Confidence::Proved },
        headline::fitting(&[
            match tried_first {
                Some(first) => {
                    let ip = first.attempt.address.ip();
                    format!("{ip} of {name} does not connect, and applications try it first")
                }
                None => format!(
                    "{} of {name} does not connect, another address does",
                    addresses.join(", ")
                ),
            },
            format!("{} of {name} does not connect, another address does", addresses.join(", ")),
            match more.len() {
                0 => format!("{first} does not connect, another address does"),
                more => format!("{first} and {more} more do not connect, another address does"),
            },
        ]),
    )
    .reasoning(format!(
        "{} of {tried} addresses failed in this check while another connected",
        dead.len()
    ))
    .reasoning(as_applications_meet_it(tried_first))
    .ruled_out_if(
        alike_connects(e, dead),
        "the path to such addresses in general: another one of the same kind connects",
    )
    .cites("/dns/selected")
    .owner("DNS")
    .inspect("see every record of the name", format!("dig +noall +answer {name} A {name} AAAA"));
    if effective.len() > tried {
        finding = finding.reasoning(format!(
            "the name has more addresses; the first {tried} were tried, in getaddrinfo's order"
        ));
    }
    for (index, attempt) in hop.attempts.iter().enumerate() {
        finding = finding
            .fact(attempts::describe(e, attempt))
            .cites(format!("/tcp/value/attempts/{index}"));
    }
    let zone = reading::private_zone(e);
    for address in &addresses {
        let Ok(ip) = address.parse::<IpAddr>() else { continue };
        if let Some(inner) = dns64::made_from(e, ip) {
            finding = dns64::fix(e, finding, ip, inner);
        } else if tunnel::is_private(e, ip) {
            let place = format!("-g <group> -z {zone} -n {}", reading::account(e));
            let record = |change: Change| change_record(change, &place, ip);
            finding = endpoint_of::look(
                finding,
                format!("see whether a private endpoint's network interface still has {address}"),
                address,
            )
            .step(
                Step::shared(
                    format!(
                        "only if no interface in any subscription has it, remove {address} from \
                         the record set"
                    ),
                    format!("every network linked to {zone} loses this address"),
                )
                .command(format!("{} --keep-empty-record-set", record(Change::Remove)))
                .undo(record(Change::Add)),
            );
        }
    }
    // An address that a resolver generated is in no record.
    let records = dead.iter().any(|p| dns64::made_from(e, p.attempt.address.ip()).is_none());
    if records {
        finding = finding.step(Step::inspect(
            "if the address is right, see why it cannot be reached: NSG, route, firewall",
        ));
    }
    Some(finding.check(reading::again(e)))
}

/// What Node's clients give each address but the last one, in milliseconds (fact S60).
const NODE_ATTEMPT_MS: f64 = 250.0;

/// No address connects fast enough for Node, and the last one, for which it waits longer, is one that
/// this machine has no way to.
fn node_gives_up(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tcp.value()?;
    let order = node_order(e.dns.system_addresses());
    let (last, others) = order.split_last()?;
    let attempt = |ip: &IpAddr| hop.attempts.iter().find(|a| a.address.ip() == *ip);
    let slow = |ip: &IpAddr| {
        let attempt = attempt(ip)?;
        let connects = attempt.outcome == TcpOutcome::Connected;
        (connects && attempt.took_ms > NODE_ATTEMPT_MS).then_some(attempt)
    };
    let late = others.iter().find_map(slow)?;
    let in_time = |ip: &IpAddr| {
        attempt(ip).is_none_or(|a| a.outcome == TcpOutcome::Connected && slow(ip).is_none())
    };
    if others.iter().any(in_time)
        || attempt(last)?.outcome == TcpOutcome::Connected
        || reading::proxied(e)
    {
        return None;
    }
    let (ip, took) = (late.address.ip(), late.took_ms);
    let mut finding = FindingBuilder::new(
        Level::Risk,
        Confidence::Inferred,
        headline::fitting(&[
            format!("Node gives up: {ip} needs {took:.0} ms, and {last} does not connect"),
            "Node gives up before an address connects".to_owned(),
        ]),
    );
    for (index, attempt) in hop.attempts.iter().enumerate() {
        finding = finding
            .fact(attempts::describe(e, attempt))
            .cites(format!("/tcp/value/attempts/{index}"));
    }
    let option = "--network-family-autoselection-attempt-timeout=5000";
    Some(
        finding
            .reasoning(
                "Node 20 and later gives each address but the last one 250 ms (500 from 26 on) to connect, and then \
                 fails with the error of the last one; other clients wait for the first",
            )
            .cites("/dns/system")
            .owner("Application")
            .step(
                Step::inspect(
                    "see every record of the name: without the address that does not connect, Node \
                     waits for the other one",
                )
                .command(format!("dig +noall +answer {0} A {0} AAAA", e.dns.name)),
            )
            .step(
                Step::local(format!("where the application runs in Node, start it with {option}"))
                    .command(format!("export NODE_OPTIONS={option}"))
                    .undo("unset NODE_OPTIONS, or set its former value again"),
            )
            .check(reading::again(e)),
    )
}

/// The order in which Node tries addresses: the families in turn, that of the first address first.
fn node_order(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let first = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (one, other): (Vec<&IpAddr>, Vec<&IpAddr>) =
        addresses.iter().partition(|ip| ip.is_ipv6() == first);
    let at = |index: usize| [one.get(index), other.get(index)].into_iter().flatten();
    (0..addresses.len()).flat_map(at).copied().copied().collect()
}

/// Whether, for each dead address, another one on the same kind of path connects: of the same
/// family, and private or public like it. An address that this machine itself accepts, such as a
/// tunnel's, shows no path.
fn alike_connects(e: &Evidence, dead: &[IndexedAttempt<'_>]) -> bool {
    let Some(hop) = e.tcp.value() else { return false };
    if tunnel::taken_here(e).is_some() && !reading::tls_verified(e) {
        return false;
    }
    let kind = |ip: IpAddr| (ip.is_ipv6(), tunnel::is_private(e, ip), tunnel::is_public(e, ip));
    dead.iter().all(|indexed| {
        hop.attempts.iter().any(|other| {
            other.outcome == TcpOutcome::Connected
                && kind(other.address.ip()) == kind(indexed.attempt.address.ip())
        })
    })
}

/// The first dead address that getaddrinfo lists before every address that connects: its order
/// (RFC 6724) is the one in which applications try them.
fn tried_first<'a>(e: &Evidence, dead: &[IndexedAttempt<'a>]) -> Option<IndexedAttempt<'a>> {
    let hop = e.tcp.value()?;
    for address in e.dns.system_addresses() {
        if let Some(indexed) = dead.iter().find(|p| p.attempt.address.ip() == *address) {
            return Some(*indexed);
        }
        let connects = |a: &TcpAttempt| a.outcome == TcpOutcome::Connected;
        if hop.attempts.iter().any(|a| a.address.ip() == *address && connects(a)) {
            return None;
        }
    }
    None
}

/// What applications notice of it (fact T42).
fn as_applications_meet_it(first: Option<IndexedAttempt<'_>>) -> String {
    let Some(first) = first else {
        return "getaddrinfo lists an address that connects first, so most applications notice \
                nothing until a resolver rotates the order (round robin); then calls fail \
                intermittently"
            .to_owned();
    };
    match first.attempt.outcome {
        TcpOutcome::TimedOut => "getaddrinfo lists it first: clients that try one address after \
                                 another (Python requests and httpx, .NET, Java) wait for it on \
                                 each new connection, up to their connect timeout, or fail; curl \
                                 and browsers try an address of the other family in parallel, \
                                 which hides the fault"
            .to_owned(),
        _ => "getaddrinfo lists it first: clients that try one address after another continue \
              with the next; clients that try only the first one fail"
            .to_owned(),
    }
}
