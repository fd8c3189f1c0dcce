//! The network security perimeter of the account (facts C23, H5).

use super::super::commands;
use super::network::seen_from;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::here::holds;
use crate::diagnose::view::azure::needs;
use crate::diagnosis::Step;
use crate::evidence::azure::Answer;

/// What the perimeter makes of the refusal.
pub(super) fn ruling(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let perimeter = match &azure.estate().perimeter {
        Answer::Read { value } | Answer::Listed { value } => value,
        Answer::Absent => return Some(none()),
        other => {
            let account = &azure.estate().account.known()?.id;
            let action = "Microsoft.CognitiveServices/accounts/\
                          networkSecurityPerimeterConfigurations/read";
            return needs::missing(other, action, account).map(|right| Ruling::Open(vec![right]));
        }
    };
    let Some(id) = &perimeter.id else { return Some(none()) };
    let mode = perimeter.access_mode.as_deref().unwrap_or("not shown");
    let proof = Proof::default()
        .fact(format!("network security perimeter {}: access mode {mode}", needs::shown(id)))
        .cites("/estate/perimeter");
    if !mode.eq_ignore_ascii_case("Enforced") {
        return Some(Ruling::Notes(proof.ruled_out(format!(
            "the network security perimeter: it is in mode {mode}, which refuses no call"
        ))));
    }
    let egress = seen_from(view);
    if egress.is_some_and(|egress| holds(&perimeter.inbound_prefixes, egress)) {
        return Some(Ruling::Notes(proof.ruled_out(
            "the network security perimeter: one of its inbound rules has this network",
        )));
    }
    let rules = match perimeter.inbound_prefixes.as_slice() {
        [] => "no inbound rule for an address".to_owned(),
        all => format!(
            "inbound rules for {}",
            all.iter().take(20).cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    Some(Ruling::Suggests(
        proof
            .headline(format!("the perimeter {} is Enforced, without a rule for us", id.name()))
            .fact(rules)
            .reasoning(format!(
                "the account is in the perimeter {}, in mode Enforced, and none of its inbound \
                 rules that are visible lets this network in; a rule for subscriptions may still \
                 match",
                id.name()
            ))
            .owner("Azure platform")
            .step(
                Step::inspect("see the perimeter and who owns it")
                    .command(commands::show(id, "{id:id,location:location}")),
            )
            .step(Step::inspect(
                "ask its owner for an inbound rule for this network, or for the caller's \
                 subscription: it then holds for every account in the profile",
            )),
    ))
}

fn none() -> Ruling {
    Ruling::Notes(
        Proof::default()
            .ruled_out("a network security perimeter: the account is in none")
            .cites("/estate/perimeter"),
    )
}
