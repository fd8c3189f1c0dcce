//! Azure DNS security policy answers a blocked name with its own alias (facts D67, X3): the name
//! itself, or a later alias of its chain.

use crate::diagnose::view::gives::{self, Gives};
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Step, Sure};
use crate::evidence::dns::{ResolverSeen, is_privatelink};

use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-blocked-by-policy",
    Dns,
    "An Azure DNS security policy blocks the name",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"]);

fn check(e: &View<'_>) -> Option<Because> {
    let r = e.dns.decided_nothing()?;
    if !matches!(r.gives, Gives::Blocked) {
        return None;
    }
    let blocked = blocked_name(r.seen, &e.dns.name);
    let later = blocked != e.dns.name;
    let says = match later {
        true => words::clause(
            format!("an Azure DNS security policy blocks the alias {blocked}"),
            "an Azure DNS security policy blocks an alias of the name",
        ),
        false => "an Azure DNS security policy blocks the name".into(),
    };
    let mut because = Because::new(fate::without_address(e), Sure::Proved, says)
        .seen(format!(
            "{} -> {} at {}",
            e.dns.name,
            r.seen.aliases(&e.dns.name).join(" -> "),
            r.label()
        ))
        .read_at(r.pointer());
    for (index, text) in words::others(e.dns.asked(), r.index) {
        because = because.seen(text).read_at(format!("/dns/resolvers/{index}/a"));
    }
    because = because
        .known_by("blockpolicy.azuredns.invalid is the answer of a security rule that blocks");
    if later {
        because = because.known_by(format!(
            "the rule's list holds {blocked}, or a domain above it; {} itself is answered",
            e.dns.name
        ));
        // With a record in the private zone the chain ends before the blocked name.
        if let Some(alias) = r.seen.aliases(&e.dns.name).into_iter().find(|a| is_privatelink(a)) {
            because = because
                .known_by(format!(
                    "the chain goes on publicly behind {alias}: where the private zone that this \
                     resolver sees has a record for it, the blocked alias is not asked at all"
                ))
                .tells_it(words::dig(&alias, r.seen));
        }
    }
    Some(
        because
            .owner("DNS")
            .look(
                "find the policy that is linked to this virtual network",
                "az resource list --resource-type Microsoft.Network/dnsResolverPolicies -o table",
            )
            .look(
                "see its rules and their domain lists: the block may be deliberate",
                "az rest --method get --url \"https://management.azure.com<policy id>\
                 /dnsSecurityRules?api-version=2025-05-01\"",
            )
            .act(
                Step::shared(
                    format!(
                        "put a rule that allows {blocked} before it (a lower priority number); \
                         not a whole domain, which other tenants share"
                    ),
                    "every machine of the virtual networks that the policy is linked to",
                )
                .undo("delete that rule"),
            )
            .check(words::dig(&e.dns.name, r.seen)),
    )
}

/// The name that the policy blocks: the last good alias, or the name itself.
fn blocked_name(r: &ResolverSeen, name: &str) -> String {
    let aliases = r.aliases(name);
    let at = aliases.iter().position(|alias| alias == gives::BLOCK_POLICY);
    let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| aliases.get(at));
    before.cloned().unwrap_or_else(|| name.to_owned())
}
