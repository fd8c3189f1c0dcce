//! The call at another address of the name: it is the same resource, or a record leads elsewhere
//! (facts D8, X2).

use std::net::IpAddr;

use super::reference_client::{self, ClientResult};
use super::refusals::Leaves;
use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::{FindingBuilder, Rule, View, dns64, endpoint_of, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::http::HttpOutcome;
use crate::evidence::{Evidence, Expect};

pub(super) const RULE: Rule = rule!(
    "http-other-address",
    Http,
    "Another address of the name does not answer like the service",
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

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if reading::proxied(e) || matches!(e.options.expect, Expect::Closed) {
        return None;
    }
    if !answers_the_walk(e) {
        return walked_the_foreign_one(e);
    }
    foreign(e).or_else(|| untried(e))
}

/// What the call at an address gets that the service would not answer, as a clause that follows the
/// address, and where the evidence shows it.
pub(in crate::diagnose::rules) fn foreign_at(
    e: &View<'_>,
    address: IpAddr,
) -> Option<(String, String)> {
    if !answers_the_walk(e) {
        return None;
    }
    let mut called = reference_client::addresses_called(e);
    let called = called.find(|called| called.peer() == Some(address))?;
    let foreign = !same_service(e, &called) && !cut_short(e, &called);
    foreign
        .then(|| (format!("answers the call with {}", called.describe()), called.pointer.clone()))
}

/// Whether the service at the walk's own address answered the call, as the call without a credential
/// at another one must be.
fn answers_the_walk(e: &View<'_>) -> bool {
    let asked = !reading::proxied(e) && !matches!(e.options.expect, Expect::Closed);
    let let_in =
        e.http.let_in() || reading::main_answer(e).is_some_and(|answer| answer.status == 401);
    asked && let_in
}

/// The walk's own address refuses, and another address of the name answers like the service.
fn walked_the_foreign_one(e: &Evidence) -> Option<FindingBuilder> {
    let walked = e.tcp.value()?.selected?;
    let answer = reading::main_answer(e).filter(|answer| matches!(answer.status, 403 | 404))?;
    let good = reference_client::at_other_addresses(e).find(|called| same_service(e, called))?;
    let address = good.call.peer.clone()?;
    let name = &e.dns.name;
    let status = answer.status;
    let finding = FindingBuilder::new(
        Level::Broken,
        Confidence::Inferred,
        headline::fitting(&[
            format!("{walked} of {name} answers {status}; {address} answers like the service"),
            format!("{walked} answers {status}; {address} answers like the service"),
            format!("{walked} answers {status}; another address answers like the service"),
        ]),
    )
    .fact(format!("{name} -> {}", reading::list(&e.dns.effective())))
    .fact(format!("{walked}: {status} {}", answer.message().unwrap_or_default()))
    .fact(format!("{address}: {} (without a credential)", good.describe()))
    .reasoning(
        "one of the two records belongs to another resource, or its endpoint is not approved; \
         applications use either, as the resolver rotates the order",
    )
    .cites("/dns/selected")
    .cites("/http")
    .cites(good.pointer.clone());
    Some(with_fix(finding, e, &walked.to_string()))
}

/// The server there refuses like another resource, or does not answer.
fn foreign(e: &Evidence) -> Option<FindingBuilder> {
    let walked = e.tcp.value()?.selected?;
    let other = reference_client::at_other_addresses(e)
        .find(|called| !same_service(e, called) && !cut_short(e, called))?;
    let address = other.call.peer.clone()?;
    let name = &e.dns.name;
    let got = other.describe();
    // Silence may be slowness.
    let confidence = match other.call.outcome {
        HttpOutcome::Answered { .. } => Confidence::Proved,
        _ => Confidence::Inferred,
    };
    let finding = FindingBuilder::new(
        Level::Risk,
        confidence,
        headline::fitting(&[
            format!("{address} of {name} answers differently: {got}"),
            format!("{address} answers differently from {walked}: {got}"),
            format!("{address} does not answer like {walked}"),
        ]),
    )
    .fact(format!("{name} -> {}", reading::list(&e.dns.effective())))
    .fact(format!("{walked}: the service answers the call"))
    .fact(format!("{address}: {got}"))
    .reasoning("the same call was made to the second address, without a credential")
    .reasoning(
        "applications use either address, as the resolver rotates the order, so calls fail \
         intermittently",
    )
    .ruled_out("the path as a whole: another address of the same name answers the call")
    .cites("/dns/selected")
    .cites("/http")
    .cites(other.pointer.clone());
    Some(with_fix(finding, e, &address))
}

/// Milliseconds of silence below which an unanswered call shows nothing.
const LEAST_SILENCE_MS: f64 = 500.0;

/// Whether the call is not answered and had hardly more time than the walk's own call took: the
/// deadline ended it, which shows nothing about the address.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a walk are far below 2^52")]
fn cut_short(e: &Evidence, called: &ClientResult<'_>) -> bool {
    let own = reading::main_call(e).map_or(0.0, |call| call.took_ms);
    called.call.outcome == HttpOutcome::Silent
        && (called.call.took_ms as f64) < LEAST_SILENCE_MS.max(4.0 * own)
}

/// Whether the same service would answer a call without a credential like this.
fn same_service(e: &Evidence, called: &ClientResult<'_>) -> bool {
    let HttpOutcome::Answered { answer } = &called.call.outcome else { return false };
    called.let_in(e)
        || matches!(answer.status, 401 | 429)
        || called.leaves(e) == Some(Leaves::ListUntested)
}

fn with_fix(finding: FindingBuilder, e: &Evidence, address: &str) -> FindingBuilder {
    let (zone, account) = (reading::private_zone(e), reading::account(e));
    let Ok(ip) = address.parse() else { return finding };
    let place = format!("-g <group> -z {zone} -n {account}");
    let record = |change: Change| change_record(change, &place, ip);
    if let Some(inner) = dns64::made_from(e, ip) {
        return dns64::fix(e, finding, ip, inner);
    }
    let finding = finding.owner("DNS");
    endpoint_of::look(finding, format!("see which endpoint has {address}"), address)
        .step(
            Step::shared(
                format!(
                    "if it is not this account's endpoint, remove {address} from the record set"
                ),
                format!("every network linked to {zone} loses this address"),
            )
            .command(format!("{} --keep-empty-record-set", record(Change::Remove)))
            .undo(record(Change::Add)),
        )
        .check(reading::again(e))
}

/// Addresses that were not called.
fn untried(e: &View<'_>) -> Option<FindingBuilder> {
    let walked = e.tcp.value()?.selected?;
    let connected = |a: &IpAddr| {
        e.tcp.value().is_some_and(|hop| {
            hop.attempts.iter().any(|x| {
                x.address.ip() == *a && x.outcome == crate::evidence::tcp::TcpOutcome::Connected
            })
        })
    };
    let peers = |short: bool| -> Vec<String> {
        reference_client::at_other_addresses(e)
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
    // Who answers there is not known either where no handshake was made.
    let shaken = |a: &IpAddr| e.tls.other_addresses().any(|(_, address, _)| address == *a);
    let what = match left.iter().all(shaken) {
        true => "the call to",
        false => "TLS and the call at",
    };
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        match left.as_slice() {
            [one] => format!("not tested: {what} {one}, another address of the name"),
            _ => format!("not tested: {what} {} more addresses of the name", left.len()),
        },
    )
    .fact(format!("not called: {}", reading::list(&left)));
    let finding = match short.is_empty() {
        true => finding.reasoning("a check calls at most two more addresses"),
        false => finding.reasoning(format!(
            "the call to {} had too little of the hop's deadline left; a larger --timeout gives \
             it more time",
            short.join(", ")
        )),
    };
    Some(finding.cites("/dns/selected").not_tested())
}
