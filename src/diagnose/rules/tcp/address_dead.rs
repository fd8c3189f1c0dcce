//! Some addresses connect and others do not: a stale record beside the good one (D58).

use std::net::IpAddr;

use super::attempts;
use super::attempts::Placed;
use crate::diagnose::{Because, Rule, View, dns64, endpoint_of, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::{Evidence, tunnel};

pub(super) const RULE: Rule =
    rule!("tcp-address-dead", Tcp, "One of several addresses does not connect", Code(check))
        .for_tokens(crate::diagnose::ForTokens::DeadAddress);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tcp.saw()?;
    let counting = e.dns.effective();
    let dead = e.tcp.dead();
    let addresses: Vec<String> = dead.iter().map(|p| p.attempt.address.ip().to_string()).collect();
    let (first, more) = addresses.split_first()?;
    let tried = hop.attempts.len();
    let name = &e.dns.name;
    let tried_first = tried_first(e, dead);
    // Silence may be slowness; any other end is the network's word.
    let silent = dead.iter().all(|p| p.attempt.outcome == TcpOutcome::TimedOut);
    let mut because = Because::new(
        Level::Risk,
        if silent { Sure::Inferred } else { Sure::Proved },
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
    .known_by(format!(
        "{} of {tried} addresses failed in this walk while another connected",
        dead.len()
    ))
    .known_by(as_applications_meet_it(tried_first))
    .ruled_out_if(
        alike_connects(e, dead),
        "the way to such addresses as a whole: another one of the same kind connects",
    )
    .read_at("/dns/walked")
    .owner("DNS")
    .look("see every record of the name", format!("dig +noall +answer {name} A {name} AAAA"));
    if counting.len() > tried {
        because = because.known_by(format!(
            "the first {tried} were tried, in getaddrinfo's order: there are more"
        ));
    }
    for (index, attempt) in hop.attempts.iter().enumerate() {
        because =
            because.seen(attempts::words(e, attempt)).read_at(format!("/tcp/saw/attempts/{index}"));
    }
    let zone = reading::private_zone(e);
    for address in &addresses {
        let Ok(ip) = address.parse::<IpAddr>() else { continue };
        if let Some(inner) = dns64::made_from(e, ip) {
            because = dns64::fix(e, because, ip, inner);
        } else if tunnel::is_private(e, ip) {
            let kind = if address.contains(':') { "aaaa" } else { "a" };
            let record = |verb: &str| {
                format!(
                    "az network private-dns record-set {kind} {verb} -g <group> -z {zone} -n {} \
                     -a {address}",
                    reading::account(e)
                )
            };
            because = endpoint_of::look(
                because,
                format!("see whether an endpoint's network interface still has {address}"),
                address,
            )
            .act(
                Step::shared(
                    format!(
                        "only if no interface in any subscription has it, take {address} out of \
                         the record set"
                    ),
                    format!("every network that {zone} is linked to loses this address"),
                )
                .command(format!("{} --keep-empty-record-set", record("remove-record")))
                .undo(record("add-record")),
            );
        }
    }
    // What a resolver made up is nobody's record to be right.
    let records = dead.iter().any(|p| dns64::made_from(e, p.attempt.address.ip()).is_none());
    if records {
        because = because.act(Step::look(
            "if the address is right, see why that one is not reached: NSG, route, firewall",
        ));
    }
    Some(because.check(reading::again(e)))
}

/// Whether, for each dead address, one connects to which the same path leads: of its family, and
/// private as it is. What this machine accepts itself, such as a tunnel's address, shows no path.
fn alike_connects(e: &Evidence, dead: &[Placed<'_>]) -> bool {
    let Some(hop) = e.tcp.saw() else { return false };
    if tunnel::taken_here(e).is_some() && !reading::tls_verified(e) {
        return false;
    }
    let kind = |ip: IpAddr| (ip.is_ipv6(), tunnel::is_private(e, ip), tunnel::is_public(e, ip));
    dead.iter().all(|placed| {
        hop.attempts.iter().any(|other| {
            other.outcome == TcpOutcome::Connected
                && kind(other.address.ip()) == kind(placed.attempt.address.ip())
        })
    })
}

/// The first dead address that getaddrinfo lists before every address that connects: its order
/// (RFC 6724) is the one in which applications try them.
fn tried_first<'a>(e: &Evidence, dead: &[Placed<'a>]) -> Option<Placed<'a>> {
    let hop = e.tcp.saw()?;
    for address in e.dns.system_addresses() {
        if let Some(placed) = dead.iter().find(|p| p.attempt.address.ip() == *address) {
            return Some(*placed);
        }
        let connects = |a: &TcpAttempt| a.outcome == TcpOutcome::Connected;
        if hop.attempts.iter().any(|a| a.address.ip() == *address && connects(a)) {
            return None;
        }
    }
    None
}

/// What applications notice of it (fact T42).
fn as_applications_meet_it(first: Option<Placed<'_>>) -> String {
    let Some(first) = first else {
        return "getaddrinfo lists an address that connects first, so most applications notice \
                nothing until a resolver turns the order (round robin), and calls fail now and then"
            .to_owned();
    };
    match first.attempt.outcome {
        TcpOutcome::TimedOut => "getaddrinfo lists it first: clients that try one address after \
             another (Python requests and httpx, .NET, Java) wait for it in each new connection, \
             up to their connect timeout, or fail by then; curl and browsers try the next one at \
             once where it is of the other family, and hide it"
            .to_owned(),
        _ => "getaddrinfo lists it first: clients that try one address after another go on to \
              the next, those that try the first alone fail"
            .to_owned(),
    }
}
