//! Aliases that come back to themselves (RFC 1034, section 3.6.2).

use crate::diagnose::view::gives::Gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::{fate, words};

pub(super) const RULE: Rule =
    rule!("dns-cname-loop", Dns, "The aliases of the name come back to themselves", Code(check))
        .explains(&["dns-system-fails", "dns-resolvers-disagree"]);

fn check(e: &View<'_>) -> Option<Because> {
    let r = e.dns.decided_nothing()?;
    if !matches!(r.gives, Gives::Loop) {
        return None;
    }
    let name = &e.dns.name;
    let aliases = r.seen.aliases(name);
    let chain = if aliases.is_empty() { name.clone() } else { aliases.join(" -> ") };
    Some(
        Because::new(
            fate::without_address(e),
            Sure::Proved,
            format!("the aliases that {} gives form a loop", r.label()),
        )
        .seen(format!("{name} -> {chain} -> and back"))
        .read_at(r.pointer())
        .known_by(
            "one of the aliases is a record of your own: Azure's public chain ends at an address",
        )
        .owner("DNS")
        .look("see the chain", words::dig(name, r.seen))
        .act(
            Step::shared(
                format!(
                    "in {} or in your own zone replace the CNAME that points back by an A record \
                     with the address of the private endpoint's network interface",
                    reading::private_zone(e)
                ),
                "every client of that zone, for this name only",
            )
            .undo("put the CNAME back: note its target and TTL first"),
        )
        .check(words::dig(name, r.seen)),
    )
}
