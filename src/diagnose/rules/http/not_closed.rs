//! `--expect closed`, and the public path is open (facts H1, W2).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, tunnel};

use super::answered_by::answered_by;
use super::refusals::{Blames, Leaves};
use super::said::{pointer, request, walked};

pub(super) const RULE: Rule = rule!(
    "http-not-closed",
    Http,
    "The public path should refuse, and it accepts the call",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let address = walked(e).filter(|address| tunnel::is_public(e, *address))?;
    if e.asked.expect != Expect::Closed {
        return None;
    }
    let main = e.http.main()?;
    let call = main.call;
    let answer = call.answer()?;
    let accepted = main.accepted();
    // An error from behind the gateway came after its network rules had let the call in (W2).
    let passed = answer.header("x-ms-region").is_some() && !main.blames(Blames::Network);
    // A list for a call that the service would not answer: the path is open all the same.
    let given = answer.fulfils(call.purpose) && main.leaves(Leaves::Unproved);
    if !accepted && !passed && !given {
        return None;
    }
    let (sure, known) = if accepted {
        (Sure::Proved, "the service accepted the call on its public address")
    } else if given {
        (
            Sure::Inferred,
            "the list came on the public address, from something that does not ask who calls",
        )
    } else {
        (Sure::Inferred, "x-ms-region is in answers from behind the service's network rules only")
    };
    Some(
        Because::new(
            Level::Broken,
            sure,
            format!("the public address {address} is open: {} came back", answer.status),
        )
        .seen(format!("{} -> {}", request(call), answer.status))
        .seen(format!("answered by: {}", answered_by(answer).name()))
        .known_by(known)
        .read_at(pointer(0))
        .read_at("/asked/expect")
        .owner("Azure platform")
        .look("see what the account allows", account::show(e, account::NETWORK))
        .act(Step::look(
            "see that every client has a private path first: those that come over the public \
             address, the portal's chat and other services among them, are refused afterwards",
        ))
        .act(
            Step::shared(
                "close public access (Terraform: azurerm_cognitive_account, \
                 public_network_access_enabled)",
                "every client that calls the account over its public address",
            )
            .command(
                "az resource update --ids <account resource id> \
                 --set properties.publicNetworkAccess=Disabled",
            )
            .undo("the same command with Enabled; it takes some minutes as well"),
        )
        .act(Step::look("wait some minutes and walk again"))
        .check(reading::again_with(e, "--expect closed")),
    )
}
