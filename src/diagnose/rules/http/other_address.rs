//! The call at another address of the name: it is the same resource, or a record leads elsewhere
//! (facts D8, X2).

use std::net::IpAddr;

use super::clients::{self, Called};
use super::refusals::Leaves;
use crate::diagnose::{Because, Rule, View, dns64, endpoint_of, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::http::HttpOutcome;
use crate::evidence::{Evidence, Expect};

pub(super) const RULE: Rule = rule!(
    "http-other-address",
    Http,
    "Another address of the name does not answer as the service does",
    Code(check)
)
.explains(&[
    "http-subdomain-unmapped",
    "http-not-found",
    "http-endpoint-not-approved",
    "http-public-access-disabled",
    "http-network-rules",
    "http-forbidden",
    "http-front-answered",
    "http-unexpected-status",
]);

fn check(e: &View<'_>) -> Option<Because> {
    if reading::proxied(e) || matches!(e.asked.expect, Expect::Closed) {
        return None;
    }
    let let_in = reading::service_accepted(e)
        || reading::main_answer(e).is_some_and(|answer| answer.status == 401);
    if !let_in {
        return walked_the_foreign_one(e);
    }
    foreign(e).or_else(|| untried(e))
}

/// The walk's own address refuses, and another one of the name answers as the service does.
fn walked_the_foreign_one(e: &Evidence) -> Option<Because> {
    let walked = e.tcp.saw()?.walked?;
    let answer = reading::main_answer(e).filter(|answer| matches!(answer.status, 403 | 404))?;
    let good = clients::at_other_addresses(e).find(|called| same_service(e, called))?;
    let address = good.call.peer.clone()?;
    let name = &e.dns.name;
    let status = answer.status;
    let because = Because::new(
        Level::Broken,
        Sure::Inferred,
        headline::fitting(&[
            format!("{walked} of {name} answers {status}; {address} answers as the service"),
            format!("{walked} answers {status}; {address} answers as the service"),
            format!("{walked} answers {status}, another address as the service does"),
        ]),
    )
    .seen(format!("{name} -> {}", reading::list(&e.dns.effective())))
    .seen(format!("{walked}: {status} {}", answer.message().unwrap_or_default()))
    .seen(format!("{address}: {} (without a credential)", good.words()))
    .known_by(
        "one of the two records belongs to another resource, or its endpoint is not let in; \
         applications take one of them, as the resolver turns their order",
    )
    .read_at("/dns/walked")
    .read_at("/http")
    .read_at(good.pointer.clone());
    Some(with_fix(because, e, &walked.to_string()))
}

/// What is called there refuses as another resource does, or does not answer.
fn foreign(e: &Evidence) -> Option<Because> {
    let walked = e.tcp.saw()?.walked?;
    let other = clients::at_other_addresses(e)
        .find(|called| !same_service(e, called) && !cut_short(e, called))?;
    let address = other.call.peer.clone()?;
    let name = &e.dns.name;
    let got = other.words();
    // Silence may be slowness.
    let sure = match other.call.outcome {
        HttpOutcome::Answered { .. } => Sure::Proved,
        _ => Sure::Inferred,
    };
    let because = Because::new(
        Level::Risk,
        sure,
        headline::fitting(&[
            format!("{address} of {name} answers differently: {got}"),
            format!("{address} answers differently from {walked}: {got}"),
            format!("{address} does not answer as {walked} does"),
        ]),
    )
    .seen(format!("{name} -> {}", reading::list(&e.dns.effective())))
    .seen(format!("{walked}: the service answers the call"))
    .seen(format!("{address}: {got}"))
    .known_by("the same call, without a credential, was made at the second address")
    .known_by(
        "applications take one of the addresses, as the resolver turns their order: calls fail now \
         and then",
    )
    .ruled_out("the path as a whole: the call is answered at another address of the same name")
    .read_at("/dns/walked")
    .read_at("/http")
    .read_at(other.pointer.clone());
    Some(with_fix(because, e, &address))
}

/// Milliseconds of silence below which a call that is not answered shows nothing.
const LEAST_SILENCE_MS: f64 = 500.0;

/// Whether the call is not answered and had hardly more time than the walk's own call took: the
/// deadline ended it, and says nothing about the address.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a walk are far below 2^52")]
fn cut_short(e: &Evidence, called: &Called<'_>) -> bool {
    let own = reading::main_call(e).map_or(0.0, |call| call.took_ms);
    called.call.outcome == HttpOutcome::Silent
        && (called.call.took_ms as f64) < LEAST_SILENCE_MS.max(4.0 * own)
}

/// Whether the answer is one that the same service gives to a call without a credential.
fn same_service(e: &Evidence, called: &Called<'_>) -> bool {
    let HttpOutcome::Answered { answer } = &called.call.outcome else { return false };
    called.let_in(e)
        || matches!(answer.status, 401 | 429)
        || called.leaves(e) == Some(Leaves::ListUntested)
}

fn with_fix(because: Because, e: &Evidence, address: &str) -> Because {
    let (zone, account) = (reading::private_zone(e), reading::account(e));
    let kind = if address.contains(':') { "aaaa" } else { "a" };
    let record = |verb: &str| {
        format!(
            "az network private-dns record-set {kind} {verb} -g <group> -z {zone} -n {account} -a \
             {address}"
        )
    };
    if let Ok(ip) = address.parse()
        && let Some(inner) = dns64::made_from(e, ip)
    {
        return dns64::fix(e, because, ip, inner);
    }
    let because = because.owner("DNS");
    endpoint_of::look(because, format!("see which endpoint has {address}"), address)
        .act(
            Step::shared(
                format!(
                    "if it is not this account's endpoint, take {address} out of the record set"
                ),
                format!("every network that {zone} is linked to loses this address"),
            )
            .command(format!("{} --keep-empty-record-set", record("remove-record")))
            .undo(record("add-record")),
        )
        .check(reading::again(e))
}

/// Addresses that were not called.
fn untried(e: &Evidence) -> Option<Because> {
    let walked = e.tcp.saw()?.walked?;
    let connected = |a: &IpAddr| {
        e.tcp.saw().is_some_and(|hop| {
            hop.attempts.iter().any(|x| {
                x.address.ip() == *a && x.outcome == crate::evidence::tcp::TcpOutcome::Connected
            })
        })
    };
    let peers = |short: bool| -> Vec<String> {
        clients::at_other_addresses(e)
            .filter(|called| cut_short(e, called) == short)
            .filter_map(|called| called.call.peer.clone())
            .collect()
    };
    let (tried, short) = (peers(false), peers(true));
    if tried.is_empty() && short.is_empty() {
        return None;
    }
    let left: Vec<IpAddr> = e
        .dns
        .effective()
        .into_iter()
        .filter(|a| *a != walked && connected(a) && !tried.contains(&a.to_string()))
        .collect();
    if left.is_empty() {
        return None;
    }
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        match left.as_slice() {
            [one] => format!("not tested: the call at {one}, another address of the name"),
            _ => format!("not tested: the call at {} more addresses of the name", left.len()),
        },
    )
    .seen(format!("no answer known: {}", reading::list(&left)));
    let because = match short.is_empty() {
        true => because.known_by("a walk calls at two further addresses at most"),
        false => because.known_by(format!(
            "the call at {} had too little of the hop's deadline left; a larger --timeout gives it \
             more",
            short.join(", ")
        )),
    };
    Some(because.read_at("/dns/walked").not_tested())
}
