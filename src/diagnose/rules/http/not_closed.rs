//! `--expect closed`, and the public path is open (facts H1, W2).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, tunnel};
use crate::services::Order;

use super::answered_by::answered_by;
use super::refusal_match::{pointer, request, walked};
use super::refusals::{Blames, Leaves};

pub(super) const RULE: Rule = rule!(
    "http-not-closed",
    Http,
    "The public path should refuse the call, and it accepts it",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let address = walked(e).filter(|address| tunnel::is_public(e, *address))?;
    if e.options.expect != Expect::Closed {
        return None;
    }
    let main = e.http.main()?;
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
        .cites(pointer(0))
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
