//! The account's rules for networks, or its perimeter: how to see them, and how to allow an egress
//! address.

use std::net::IpAddr;

use crate::diagnose::engines::network_refusal::{Names, Policy, Row};
use crate::diagnose::{FindingBuilder, account};
use crate::diagnosis::Step;
use crate::evidence::{Evidence, classify};
use crate::services::Resource;

/// A step that shows the rules that decide.
pub(super) fn see_rules(e: &Evidence, finding: FindingBuilder, row: &Row) -> FindingBuilder {
    if row.policy == Policy::Perimeter {
        return finding
            .inspect(
                "see the account's perimeter and its access mode",
                "az network perimeter association list -g <group> --perimeter-name <perimeter> \
                 --query \"[].{resource:privateLinkResource.id,mode:accessMode,\
                 profile:profile.id}\"",
            )
            .inspect(
                "see the access rules of that profile",
                "az network perimeter profile access-rule list -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile>",
            );
    }
    let look = match account::resource(e).rules.is_none() {
        true => "see whether public access is on",
        false => {
            "see whether public access is on (rules only have effect then), and which networks are \
             allowed"
        }
    };
    finding.inspect(look, account::show_networks(e))
}

/// Allows an egress address, as an alternative to the private path of the steps before it.
pub(super) fn allow(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
    message: &str,
) -> FindingBuilder {
    let source = egress.map_or_else(|| "<egress address>".to_owned(), |ip| ip.to_string());
    if row.policy == Policy::Perimeter {
        return finding.step(
            Step::shared(
                format!("{message} (Terraform: azurerm_network_security_perimeter_access_rule)"),
                "every resource in that profile, and every client behind that address",
            )
            .or()
            .command(format!(
                "az network perimeter profile access-rule create -n <rule> -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile> \
                 --address-prefixes \"[{source}/32]\""
            ))
            .undo(
                "az network perimeter profile access-rule delete -n <rule> -g <group> \
                 --perimeter-name <perimeter> --profile-name <profile>",
            ),
        );
    }
    // Network rules, including those for subnets with a service endpoint, only have effect while
    // public access is on: allowing an address before that changes nothing.
    let closed = row.names == Names::PublicAccess;
    let Resource { terraform, rules, .. } = account::resource(e);
    if closed && rules.is_none() {
        return finding.step(
            Step::shared(
                format!(
                    "if public calls are intended, turn public access on (Terraform: {terraform}): \
                     there are no rules that let selected networks in"
                ),
                "the account gets a public endpoint again, for every caller with a credential",
            )
            .undo("turn public access off again"),
        );
    }
    let finding = if closed {
        finding
            .reasoning(
                "while public access is off, the account's network rules have no effect: neither \
                 an allowed address nor a subnet with a service endpoint lets a call in",
            )
            .step(
                Step::shared(
                    format!(
                        "if public calls are intended, first turn public access on for \
                         selected networks only (default action Deny; Terraform: {terraform}, \
                         public_network_access_enabled and {})",
                        rules.terraform
                    ),
                    "the account gets a public endpoint again, for the networks in its rules; \
                     with the default action Allow, for every caller with a credential",
                )
                .undo("turn public access off again"),
            )
    } else {
        finding
    };
    // Where public access is off, this is the second step of that way.
    let then = if closed { "then " } else { "" };
    let joined = |step: Step| if closed { step } else { step.or() };
    // A private address comes from a subnet with a service endpoint; rules for addresses take public
    // ones alone.
    let private = egress.is_some_and(|ip| classify(ip).is_private());
    if private && !rules.subnet.0.is_empty() {
        let (add, remove) = account::rule(e, rules.subnet, "");
        return finding.step(joined(
            Step::shared(
                format!(
                    "{then}allow the subnet of {source}: the service sees this address, so the subnet \
                     has a service endpoint, and a rule for a private address is refused \
                     (Terraform: {terraform}, {})",
                    rules.terraform
                ),
                "the account becomes reachable for every machine in that subnet",
            )
            .command(add)
            .undo(remove),
        ));
    }
    if rules.address.0.is_empty() {
        return finding;
    }
    let (add, remove) = account::rule(e, rules.address, &source);
    finding.step(joined(
        Step::shared(
            format!("{then}{message} (Terraform: {terraform}, {})", rules.terraform),
            "the account becomes reachable for every client behind that address, including other \
             parties behind a shared NAT or proxy",
        )
        .command(add)
        .undo(remove),
    ))
}
