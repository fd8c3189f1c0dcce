//! The privatelink name asked by itself is private, the original name is public at the same
//! resolver (fact D54): it forwards the privatelink zone and not the public one.

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::{gives, tried, words, zone_not_linked};

pub(super) const RULE: Rule = Rule {
    id: "dns-forwards-privatelink-only",
    hop: Hop::Dns,
    title: "The resolver forwards the privatelink zone, not the public one",
    page: include_str!("../../../../docs/findings/dns-forwards-privatelink-only.md"),
    explains: zone_not_linked::EXPLAINS,
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let (all, outside) = zone_not_linked::unwanted(e)?;
    let decider = gives::decider(e)?;
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
    let label = decider.label();
    let suffix = reading::public_suffix(e);
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
        .seen(zone_not_linked::chain(&decider, &e.dns.name, &outside))
        .seen(alone)
        .read_at(decider.pointer());
    for pointer in tried::pointers(e, decider.seen, &["privatelink-name", "ask-again"]) {
        because = because.read_at(pointer);
    }
    if let Some(who) = words::cluster(e, decider.seen) {
        because = because.known_by(who);
    }
    Some(
        because
            .known_by(format!(
                "{label} sees the record, and not behind the original name: what it asks for \
                 {suffix} follows the alias on its own and comes back with the public address"
            ))
            .ruled_out("a missing record, and a zone that the forwarder's network is not linked to")
            .owner("DNS")
            .look("see the two answers", words::dig(name, decider.seen))
            .step(format!(
                "on {label} forward {suffix} itself, to where {} is forwarded now",
                reading::private_zone(e)
            ))
            .check(words::dig(&e.dns.name, decider.seen)),
    )
}
