//! An Azure DNS security policy answers a blocked name with its own alias (facts D67, X3): the name
//! itself, or a later alias of its chain.

use crate::diagnose::view::resolver_view::{self, ResolverOutcome};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::{ResolverEvidence, is_privatelink};

use super::{downstream, record_gap, text};

pub(super) const RULE: Rule = rule!(
    "dns-blocked-by-policy",
    Dns,
    "An Azure DNS security policy blocks the name",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"])
.explains_groups(record_gap::SYMPTOMS);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = e.dns.resolver_without_address()?;
    if !matches!(r.outcome, ResolverOutcome::Blocked) {
        return None;
    }
    let blocked = blocked_name(r.seen, &e.dns.name);
    let later = blocked != e.dns.name;
    let message = match later {
        true => text::clause(
            format!("an Azure DNS security policy blocks the alias {blocked}"),
            "an Azure DNS security policy blocks an alias of the name",
        ),
        false => "an Azure DNS security policy blocks the name".into(),
    };
    let mut finding =
        FindingBuilder::new(downstream::level_without_address(e), Confidence::Proved, message)
            .fact(format!(
                "{} -> {} at {}",
                e.dns.name,
                r.seen.aliases(&e.dns.name).join(" -> "),
                r.label()
            ))
            .cites(r.pointer());
    for (index, text) in text::other_answers(e.dns.resolver_views(), r.index) {
        finding = finding.fact(text).cites(format!("/dns/resolvers/{index}/a"));
    }
    finding = finding
        .reasoning("only a security rule that blocks answers with blockpolicy.azuredns.invalid");
    if later {
        finding = finding.reasoning(format!(
            "the rule's domain list includes {blocked} or a domain above it; {} itself is answered",
            e.dns.name
        ));
        // With a record in the private zone the chain ends before the blocked name.
        if let Some(alias) = r.seen.aliases(&e.dns.name).into_iter().find(|a| is_privatelink(a)) {
            finding = finding
                .reasoning(format!(
                    "behind {alias} the chain is public: if the private zone that this resolver \
                     sees had a record for it, the blocked alias would not be asked at all"
                ))
                .decide_with(text::dig(&alias, r.seen));
        }
    }
    finding = record_gap::searched(finding, e)
        .owner("DNS")
        .inspect(
            "find the policy that is linked to this virtual network",
            "az resource list --resource-type Microsoft.Network/dnsResolverPolicies -o table",
        )
        .inspect(
            "see its rules and their domain lists: the block may be deliberate",
            format!(
                "az rest --method get --url \"https://{}<policy id>\
                     /dnsSecurityRules?api-version=2025-05-01\"",
                reading::cloud(e).resource_manager()
            ),
        )
        .step(
            Step::shared(
                format!(
                    "add a rule before it (a lower priority number) that allows {blocked}; not \
                         a whole domain, which other tenants share"
                ),
                "every machine of the virtual networks that the policy is linked to",
            )
            .undo("delete that rule"),
        );
    Some(record_gap::search_steps(finding, e).check(text::dig(&e.dns.name, r.seen)))
}

/// The name that the policy blocks: the last good alias, or the name itself.
pub(in crate::diagnose) fn blocked_name(r: &ResolverEvidence, name: &str) -> String {
    let aliases = r.aliases(name);
    let at = aliases.iter().position(|alias| alias == resolver_view::BLOCK_POLICY);
    let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| aliases.get(at));
    before.cloned().unwrap_or_else(|| name.to_owned())
}
