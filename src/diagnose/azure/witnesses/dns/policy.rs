//! Which rule of which DNS security policy blocks the name.

use crate::diagnose::azure::zone_steps::place;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading::word;
use crate::diagnose::rules::dns::blocked_by_policy::blocked_name;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnosis::Step;
use crate::evidence::azure::ResourceId;

use super::{by_origin, missing, named, not_placed, open};

/// The enabled rule whose list holds the name, in a policy linked to the resolver's network.
pub(super) fn which(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let estate = azure.estate();
    let Some(origin) = case.origin() else { return not_placed(azure, &case) };
    let name = blocked_name(case.resolver.seen, &e.dns.name);
    let blocks = azure.blocks(&origin.network, &name);
    let Some(block) = blocks.first() else {
        let refused = estate.resolver_policies.items().iter().map(|policy| {
            missing(
                &policy.rules,
                "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules/read",
                policy.id.as_str(),
            )
        });
        let all = missing(
            &estate.resolver_policies,
            "Microsoft.Network/dnsResolverPolicies/read",
            format!("the subscription of {}", named(&origin.network)),
        );
        return open(refused.chain([all]));
    };
    let (policy, rule, list) = (block.policy, block.rule, block.list);
    let proof = Proof::default()
        .cites("/estate/resolver_policies")
        .fact(format!(
            "{} is linked to {}; its rule {} blocks the list {}",
            named(&policy.id),
            origin.network.name(),
            rule.id.name(),
            list.id.name()
        ))
        .step(see("see the rule and its action: the block may be deliberate", &rule.id))
        .step(see("see the list's domains", &list.id))
        .step(
            Step::shared(
                format!(
                    "add a rule to {} with a lower priority number than {} that allows {name}; not \
                     a whole domain, which other tenants share",
                    policy.id.name(),
                    rule.id.name()
                ),
                "every machine of the virtual networks that the policy is linked to",
            )
            .undo("delete that rule"),
        );
    Some(match block.domain {
        Some(domain) => {
            let proof = proof
                .headline(
                    Clause::from(format!(
                        "rule {} of policy {} blocks {domain}",
                        rule.id.name(),
                        policy.id.name()
                    ))
                    .or(format!("rule {} of a DNS security policy blocks it", rule.id.name()))
                    .or("a rule of a DNS security policy blocks the name"),
                )
                .fact(format!("{} has {domain}", list.id.name()))
                .reasoning(
                    "only a security rule that blocks answers with blockpolicy.azuredns.invalid",
                );
            match estate.resolver_policies.proved().is_some() && policy.rules.proved().is_some() {
                true => by_origin(origin, proof),
                // The policy's link is a row of Resource Graph: another policy may be linked too.
                false => Ruling::Suggests(Proof { headline: None, ..proof }),
            }
        }
        None => Ruling::Notes(proof.reasoning(format!(
            "Azure does not show the domains of {} through this list: it may hold {name}",
            list.id.name()
        ))),
    })
}

/// Shows a resource of a kind that `az` has no group for.
fn see(text: &str, id: &ResourceId) -> Step {
    let parent = match id.segment("dnsResolverPolicies").filter(|name| *name != id.name()) {
        Some(policy) => format!(" --parent {}", word(&format!("dnsResolverPolicies/{policy}"))),
        None => String::new(),
    };
    let kind = if parent.is_empty() { "dnsResolverDomainLists" } else { "dnsSecurityRules" };
    Step::inspect(text).command(format!(
        "az resource show {} --namespace Microsoft.Network{parent} --resource-type {kind} -n {} \
         --api-version 2025-05-01",
        place(id),
        word(id.name())
    ))
}
