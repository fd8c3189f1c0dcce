//! Azure DNS security policy answers a blocked name with its own alias (fact D67).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::gives::{self, Gives};
use super::{fate, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-blocked-by-policy",
    hop: Hop::Dns,
    title: "An Azure DNS security policy blocks the name",
    page: include_str!("../../../../docs/findings/dns-blocked-by-policy.md"),
    explains: &["dns-system-fails", "dns-resolvers-disagree"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let r = gives::decided_nothing(e)?;
    if !matches!(r.gives, Gives::Blocked) {
        return None;
    }
    let mut because = Because::new(
        fate::without_address(e),
        Sure::Proved,
        "an Azure DNS security policy blocks the name",
    )
    .seen(format!(
        "{} -> {} at {}",
        e.dns.name,
        r.seen.aliases(&e.dns.name).join(" -> "),
        r.label()
    ))
    .read_at(r.pointer());
    for (index, text) in words::others(&gives::asked(e), r.index) {
        because = because.seen(text).read_at(format!("/dns/resolvers/{index}/a"));
    }
    Some(
        because
            .known_by("blockpolicy.azuredns.invalid is the answer of a security rule that blocks")
            .owner("DNS")
            .look(
                "find the policy that is linked to this virtual network",
                "az resource list --resource-type Microsoft.Network/dnsResolverPolicies -o table",
            )
            .step(format!(
                "allow {} in the rule's domain list, or put an allow rule of higher priority \
                 before it",
                reading::public_suffix(e)
            ))
            .check(words::dig(&e.dns.name, r.seen)),
    )
}
