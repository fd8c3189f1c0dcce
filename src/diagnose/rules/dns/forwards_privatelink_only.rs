//! The privatelink name asked by itself is private, the original name is public at the same
//! resolver (fact D54): it forwards the privatelink zone and not the public one.

use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::view::{gives, tried};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{self, Resolver};
use super::{words, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-forwards-privatelink-only",
    Dns,
    "The resolver forwards the privatelink zone, not the public one",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.short("only the privatelink name resolves privately");

fn check(e: &View<'_>) -> Option<Because> {
    let (all, outside) = zone_not_linked::unwanted(e)?;
    let decider = e.dns.decider()?;
    if tried::varies(e, decider.seen)
        || !decider.gives.addresses().iter().all(|a| gives::is_outside(*a))
    {
        return None;
    }
    let (name, private) = tried::in_private_zone(e, decider.seen)?;
    // The public chain goes on behind the privatelink name: an address right there is a record
    // of the private zone itself, which is wrong and not forwarded wrongly.
    if private.is_none()
        && decider
            .seen
            .aliases(&e.dns.name)
            .last()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    {
        return None;
    }
    let resolver = Resolver::of(e, decider);
    let label = decider.label();
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let (says, alone) = match private {
        Some(address) => (
            format!("{label} gives {address} for the privatelink name alone, not for the original"),
            format!("{name} asked by itself: {address}"),
        ),
        None => (
            format!("{label} finds the privatelink name in the private zone, not the original"),
            format!("{name} asked by itself: there, in the private zone"),
        ),
    };
    let says =
        words::clause(says, "the privatelink name alone is private, the original name is public");
    let level = zone_not_linked::level(e, all.len() > outside.len());
    let mut because = Because::new(level, Sure::Proved, says)
        .seen(zone_not_linked::chain(decider, &e.dns.name, &outside))
        .seen(alone)
        .read_at(decider.pointer());
    for pointer in tried::pointers(e, decider.seen, &["privatelink-name", "ask-again"]) {
        because = because.read_at(pointer);
    }
    let because = resolver
        .who(because)
        .known_by(format!(
            "{label} finds the record when it is asked for it, and not behind the original name: \
             what it asks for {suffix} follows the alias by itself and returns the public address"
        ))
        .ruled_out("a missing record, and a zone that the forwarder's network is not linked to")
        .owner(resolver.owner())
        .look("compare the two answers", words::dig(name, decider.seen));
    let forward = match (resolver.whose.class, resolver.place()) {
        (ResolverClass::AzureDns, _) => format!(
            "take the ruleset's rule for {suffix} out, or have it point at a resolver that sees \
             {zone}: Azure DNS follows it in place of the private zone"
        ),
        (_, Some(place)) => {
            format!("{place}: forward {suffix} itself, to where {zone} is forwarded now")
        }
        (_, None) => {
            format!("ask a resolver that forwards {suffix} itself to where it forwards {zone}")
        }
    };
    Some(
        resolver
            .look(because)
            .act(
                Step::shared(forward, advice::whole_suffix(suffix))
                    .undo(format!("put the old forwarding of {suffix} back")),
            )
            .check(words::dig(&e.dns.name, decider.seen)),
    )
}
