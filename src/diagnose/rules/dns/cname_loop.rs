//! Aliases that form a loop (RFC 1034, section 3.6.2).

use crate::diagnose::view::resolver_view::ResolverOutcome;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::{downstream, record_gap, text};

pub(super) const RULE: Rule =
    rule!("dns-cname-loop", Dns, "The aliases of the name form a loop", Code(check))
        .explains(&["dns-system-fails", "dns-resolvers-disagree"])
        .explains_groups(record_gap::SYMPTOMS);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = e.dns.resolver_without_address()?;
    if !matches!(r.outcome, ResolverOutcome::Loop) {
        return None;
    }
    let name = &e.dns.name;
    let aliases = r.seen.aliases(name);
    let chain = if aliases.is_empty() { name.clone() } else { aliases.join(" -> ") };
    let finding = record_gap::searched(
        FindingBuilder::new(
            downstream::level_without_address(e),
            Confidence::Proved,
            format!("the aliases that {} gives form a loop", r.label()),
        )
        .fact(format!("{name} -> {chain} -> and back"))
        .cites(r.pointer())
        .reasoning("one of the aliases is your own record: Azure's public chain ends at an address")
        .owner("DNS")
        .inspect("see the chain", text::dig(name, r.seen))
        .step(
            Step::shared(
                format!(
                    "in {} or in your own zone replace the CNAME that points back with an A record \
                     that has the address of the private endpoint's network interface",
                    reading::private_zone(e)
                ),
                "every client of that zone, for this name only",
            )
            .undo("put the CNAME back: note its target and TTL first"),
        ),
        e,
    );
    Some(record_gap::search_steps(finding, e).check(text::dig(name, r.seen)))
}
