//! The platform's token endpoint could not fetch the token itself (fact X10).

use super::acquisition::{Refused, no_token};
use super::platform::{Home, home};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::TokenPurpose;

pub(super) const RULE: Rule = rule!(
    "identity-platform-fetch-failed",
    Identity,
    "The platform's token endpoint could not fetch the token",
    Code(check)
)
.short("the platform could not fetch the token");

/// The endpoint's own message, in its spelling.
const WORDS: &[&str] = &[
    "an unexpected error occured while fetching the aad token",
    "an unexpected error occurred while fetching the aad token",
];

/// Whether the endpoint says that it could not fetch the token.
pub(super) fn failed(refused: &Refused<'_>) -> bool {
    let words = refused.refusal.description.as_deref().unwrap_or_default();
    refused.refusal.status == 500 && is_its_text(words)
}

/// Whether a text is the endpoint's message.
pub(super) fn is_its_text(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|part| text.contains(part))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = no.refusal(&[TokenPurpose::AppService]).filter(failed)?;
    let home = home(e, refused.request);
    let egress = match home {
        Home::ContainerApps => Confidence::Inferred,
        _ => Confidence::Possible,
    };
    let finding = refused
        .fact(no.finding(egress, format!("{} answers 500: its own fetch failed", home.name())))
        .reasoning(
            "the endpoint's own message: it took the request, and did not obtain the token from where \
             the platform gets them",
        )
        .reasoning(
            "the endpoint does not ask the login host itself, so a way to that host proves \
             nothing here",
        );
    let finding = match home {
        Home::AppService | Home::Functions => finding
            .reasoning("possible: an identity that was assigned minutes ago, or deleted since")
            .reasoning("possible: a passing fault of the platform"),
        _ => finding
            .reasoning(
                "Container Apps gets tokens through hosts of *.servicebus.windows.net: one report \
                 shows this answer, lasting, where a firewall did not let them through",
            )
            .reasoning(
                "the same answer comes for an identity that was assigned minutes ago, and from a \
                 passing fault of the platform",
            )
            .step(Step::inspect(
                "see the log of the subnet's firewall for *.servicebus.windows.net:443, denied",
            )),
    };
    let finding = home.identities(finding.owner(match home {
        Home::AppService | Home::Functions => "Azure platform",
        _ => "Network",
    }));
    let finding =
        finding.step(Step::inspect("ask again after some minutes, if the identity is a new one"));
    Some(match home {
        Home::AppService | Home::Functions => finding.step(Step::inspect(
            "if it lasts: open a support request with the correlation id of the answer",
        )),
        _ => finding
            .inspect(
                "for Container Apps: see the environment's subnet, whose routes lead to the \
                 firewall",
                "az containerapp env show -g <group> -n <environment> --query \
                 properties.vnetConfiguration",
            )
            .step(
                Step::shared(
                    "let HTTPS to *.servicebus.windows.net through from the environment's subnet \
                     (Terraform: azurerm_firewall_policy_rule_collection_group)",
                    "every app of the environment can then reach Service Bus and Event Hubs of \
                     any tenant; the hosts' names are the platform's own, so no single one can \
                     be named",
                )
                .command(
                    "az network firewall application-rule create -g <group> -f <firewall> \
                     -c <collection> -n container-apps-tokens --protocols Https=443 \
                     --source-addresses <subnet prefix> \
                     --target-fqdns '*.servicebus.windows.net'",
                )
                .undo(
                    "az network firewall application-rule delete -g <group> -f <firewall> \
                     -c <collection> -n container-apps-tokens",
                ),
            ),
    })
}
