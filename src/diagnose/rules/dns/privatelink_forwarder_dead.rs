//! The name has a public address, and the privatelink zone fails at the same resolver: its upstream
//! for that zone does not answer (fact D54).

use crate::diagnose::view::{answer_series, dns_experiments, resolver_view};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::advice::{self, Resolver, Upstream};
use super::{downstream, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-privatelink-forwarder-dead",
    Dns,
    "The resolver fails for the privatelink zone, and gives the name a public address",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.short("lookups in the privatelink zone fail");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (all, outside) = zone_not_linked::unwanted(e)?;
    resolver_view::endpoint(e)?;
    let decider = e.dns.effective_resolver()?;
    let how = dns_experiments::privatelink_fails(e, decider.seen)?;
    if answer_series::differ(e, decider.seen) {
        return None;
    }
    let resolver = Resolver::of(e, decider);
    let label = decider.label();
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let message = text::clause(
        format!("{label} fails for {zone} ({how}), and gives a public address"),
        "the resolver fails for the privatelink zone, and gives a public address",
    );
    let level = zone_not_linked::level(e, all.len() > outside.len());
    let mut finding = FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(zone_not_linked::chain(decider, &e.dns.name, &outside))
        .fact(format!("{zone} at {label}: {how}"))
        .cites(decider.pointer())
        .cites(format!("/dns/resolvers/{}/zone_soa", decider.index));
    for pointer in dns_experiments::pointers(e, decider.seen, &["privatelink-name", "parent-zone"])
    {
        finding = finding.cites(pointer);
    }
    finding = downstream::rule_out_route(finding, e, &outside)
        .reasoning(format!(
            "{label} answers for {suffix} and not for {zone}: it forwards {zone} to another \
             server, which does not answer, refuses, or forwards in a loop"
        ))
        .reasoning(
            "the public address comes with the answer for the original name, whose alias another \
             server follows",
        );
    if how == "no answer" {
        finding = finding.reasoning(text::slower_looks_the_same(e));
    }
    finding = resolver.upstream(
        resolver.who(finding).inspect(
            "see whether the zone fails",
            format!("{} SOA", text::dig(zone, decider.seen)),
        ),
        Upstream::Zone(zone),
    );
    if let Some(place) = resolver.place() {
        finding = finding.step(
            Step::shared(
                format!("{place}: then forward {suffix} to that server too, not {zone} alone"),
                advice::whole_suffix(suffix),
            )
            .undo(format!("remove the forwarder for {suffix} again")),
        );
    }
    Some(finding.check(text::dig(&e.dns.name, decider.seen)))
}
