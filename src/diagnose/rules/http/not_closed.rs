//! `--expect closed`, and the public path is open (facts H1, W2).

use std::net::IpAddr;

use crate::diagnose::view::http::Read;
use crate::diagnose::view::tcp::not_sent;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::http::HttpOutcome;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Expect, tunnel};
use crate::services::Order;

use super::answered_by::answered_by;
use super::reference_client;
use super::refusal_match::{pointer, request, walked};
use super::refusals::{Blames, Leaves};

pub(super) const RULE: Rule = rule!(
    "http-not-closed",
    Http,
    "The public path should refuse the call, and it accepts it",
    Code(check)
);

/// An address that the name leads to, and the call there.
struct PublicCall<'e> {
    address: IpAddr,
    read: Read<'e>,
    pointer: String,
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if e.options.expect != Expect::Closed {
        return None;
    }
    let main = e.http.main();
    let walked = walked(e).zip(main).map(|(address, read)| (address, read, pointer(0)));
    let others: Vec<_> = reference_client::addresses_called(e).collect();
    let obtainable = e.dns.obtainable();
    let others = others.iter().filter_map(|called| {
        let address = called.peer().filter(|address| obtainable.contains(address))?;
        Some((address, called.read(e), called.pointer.clone()))
    });
    walked
        .into_iter()
        .chain(others)
        .filter(|(address, ..)| tunnel::is_public(e, *address))
        .find_map(|(address, read, pointer)| open(e, &PublicCall { address, read, pointer }))
}

/// Where `--expect closed` is not proved by the walked address alone: the first other public address
/// that applications get at which the service was not seen to refuse, with the reason.
pub(in crate::diagnose) fn not_seen_closed(e: &View<'_>) -> Option<(IpAddr, String)> {
    let walked = walked(e);
    let others = e.dns.obtainable().into_iter();
    let mut others = others.filter(|a| Some(*a) != walked && tunnel::is_public(e, *a));
    others.find_map(|address| Some((address, why_not_closed(e, address)?)))
}

fn why_not_closed(e: &View<'_>, address: IpAddr) -> Option<String> {
    let called = reference_client::addresses_called(e).find(|c| c.peer() == Some(address));
    if let Some(called) = called {
        return (!called.refused(e)).then(|| match &called.call.outcome {
            HttpOutcome::Answered { answer } => format!("it answers {}", answer.status),
            _ => called.describe(),
        });
    }
    let mut attempts = e.tcp.value()?.attempts.iter();
    match attempts.find(|attempt| attempt.address.ip() == address) {
        // This machine cannot reach it at all, and nor can its applications.
        Some(attempt) if not_sent(attempt) => None,
        Some(attempt) if attempt.outcome != TcpOutcome::Connected => {
            Some("it does not connect".to_owned())
        }
        _ => Some("no call was made there".to_owned()),
    }
}

/// The finding, where the service lets the call in.
fn open(e: &View<'_>, here: &PublicCall<'_>) -> Option<FindingBuilder> {
    let (address, main) = (here.address, &here.read);
    let call = main.call;
    let answer = call.answer()?;
    let accepted = main.accepted();
    let passed = match reading::service(e).map_or(Order::Network, |service| service.order) {
        // It looks at rights after its network rules, and at the token before them (facts G10, G22).
        Order::Token => {
            main.call.credential_sent && main.blames(Blames::Rights) && answer.status == 403
        }
        // An error from behind the gateway came after its network rules had let the call in (W2).
        Order::Network => answer.header("x-ms-region").is_some() && !main.blames(Blames::Network),
        Order::Unknown => false,
    };
    // A list for a call that the service would not answer: the path is still open.
    let given = answer.fulfils(call.purpose) && main.leaves(Leaves::Unproved);
    if !accepted && !passed && !given {
        return None;
    }
    let (confidence, known) = if accepted {
        (Confidence::Proved, "the service accepted the call on its public address")
    } else if given {
        (
            Confidence::Inferred,
            "the list came from the public address, from a server that does not authenticate \
             callers",
        )
    } else if main.blames(Blames::Rights) && answer.status == 403 {
        (
            Confidence::Inferred,
            "the service refuses the caller's rights, which it looks at after its network rules",
        )
    } else {
        (
            Confidence::Inferred,
            "x-ms-region appears only in answers from behind the service's network \
                          rules",
        )
    };
    Some(
        FindingBuilder::new(
            Level::Broken,
            confidence,
            format!("the public address {address} is open: {} came back", answer.status),
        )
        .fact(format!("{} -> {}", request(call), answer.status))
        .fact(format!("answered by: {}", answered_by(reading::service(e), answer).name()))
        .reasoning(known)
        .cites(here.pointer.clone())
        .cites("/options/expect")
        .owner("Azure platform")
        .inspect("see what the account allows", account::show_networks(e))
        .step(Step::inspect(
            "first make sure that every client has a private path: clients that use the public \
             address, such as the portal's chat and other services, will be refused",
        ))
        .step(
            Step::shared(
                format!(
                    "close public access (Terraform: {}, public_network_access_enabled)",
                    account::resource(e).terraform
                ),
                "every client that calls the account over its public address",
            )
            .command(
                "az resource update --ids <account resource id> \
                 --set properties.publicNetworkAccess=Disabled",
            )
            .undo("the same command with the value that the first step shows; it takes some minutes too"),
        )
        .step(Step::inspect("wait some minutes and check again"))
        .about_a(reading::noun(e))
        .check(reading::again_with(e, "--expect closed")),
    )
}
