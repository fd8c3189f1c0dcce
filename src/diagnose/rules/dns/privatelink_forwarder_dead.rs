//! The name has a public address, and the privatelink zone fails at the same resolver: what it
//! asks for that zone does not answer (fact D54).

use crate::diagnose::view::{gives, tried};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{self, Resolver, Upstream};
use super::{fate, words, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-privatelink-forwarder-dead",
    Dns,
    "The resolver fails for the privatelink zone, and gives the name a public address",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.short("lookups in the privatelink zone fail");

fn check(e: &View<'_>) -> Option<Because> {
    let (all, outside) = zone_not_linked::unwanted(e)?;
    gives::endpoint(e)?;
    let decider = e.dns.decider()?;
    let how = tried::privatelink_fails(e, decider.seen)?;
    if tried::varies(e, decider.seen) {
        return None;
    }
    let resolver = Resolver::of(e, decider);
    let label = decider.label();
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let says = words::clause(
        format!("{label} fails for {zone} ({how}), and gives a public address"),
        "the resolver fails for the privatelink zone, and gives a public address",
    );
    let level = zone_not_linked::level(e, all.len() > outside.len());
    let mut because = Because::new(level, Sure::Inferred, says)
        .seen(zone_not_linked::chain(decider, &e.dns.name, &outside))
        .seen(format!("{zone} at {label}: {how}"))
        .read_at(decider.pointer())
        .read_at(format!("/dns/resolvers/{}/zone_soa", decider.index));
    for pointer in tried::pointers(e, decider.seen, &["privatelink-name", "parent-zone"]) {
        because = because.read_at(pointer);
    }
    because = fate::reached(because, e, &outside)
        .known_by(format!(
            "{label} answers for {suffix} and not for {zone}: it forwards {zone} to another \
             server, which does not answer, refuses, or sends it on in a loop"
        ))
        .known_by(
            "the public address comes with the answer for the original name, whose alias is \
             followed elsewhere",
        );
    if how == "no answer" {
        because = because.known_by(words::or_too_slow(e));
    }
    because = resolver.upstream(
        resolver
            .who(because)
            .look("see the zone fail", format!("{} SOA", words::dig(zone, decider.seen))),
        Upstream::Zone(zone),
    );
    if let Some(place) = resolver.place() {
        because = because.act(
            Step::shared(
                format!("{place}: then forward {suffix} to that server too, not {zone} alone"),
                advice::whole_suffix(suffix),
            )
            .undo(format!("take the forwarder of {suffix} out again")),
        );
    }
    Some(because.check(words::dig(&e.dns.name, decider.seen)))
}
