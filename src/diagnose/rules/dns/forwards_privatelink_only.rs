//! At one resolver the privatelink name, asked directly, is private and the original name is public
//! (fact D54): it forwards the privatelink zone and not the public one.

use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::view::{answer_series, contradictions, dns_experiments, resolver_view};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::advice::{self, Resolver};
use super::{text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-forwards-privatelink-only",
    Dns,
    "The resolver forwards the privatelink zone but not the public one",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.short("only the privatelink name resolves privately");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (all, outside) = zone_not_linked::unwanted(e)?;
    let decider = e.dns.effective_resolver()?;
    if answer_series::differ(e, decider.seen)
        || !decider.outcome.addresses().iter().all(|a| resolver_view::could_be_public(*a))
    {
        return None;
    }
    let (name, private) = dns_experiments::in_private_zone(e, decider.seen)?;
    // The public chain continues behind the privatelink name: an address directly at that name is a
    // record of the private zone itself, so the record is wrong and not the forwarding.
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
    let (message, alone) = match private {
        Some(address) => (
            format!(
                "{label} gives {address} for the privatelink name, but not for the original name"
            ),
            format!("{name} asked directly: {address}"),
        ),
        None => (
            format!(
                "{label} finds the privatelink name in the private zone, but not the original name"
            ),
            format!("{name} asked directly: it exists in the private zone"),
        ),
    };
    let message =
        text::clause(message, "the privatelink name is private, the original name is public");
    let level = zone_not_linked::level(e, all.len() > outside.len());
    // The zone itself may be another one's at the same resolver.
    let outside_zone = contradictions::public_zone(decider.seen);
    let mut finding = FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(zone_not_linked::chain(decider, &e.dns.name, &outside))
        .fact(alone)
        .cites(decider.pointer());
    for pointer in dns_experiments::pointers(e, decider.seen, &["privatelink-name", "repeat-query"])
    {
        finding = finding.cites(pointer);
    }
    let finding = resolver.who(finding).reasoning(format!(
        "{label} finds the record when asked for it directly, but not through the original \
             name: its upstream for {suffix} follows the alias itself and returns the public \
             address"
    ));
    let finding = match outside_zone {
        Some(soa) => finding
            .reasoning(format!(
                "asked for {} itself, it sees another zone ({}): it has a record of its own for that \
                 one name, or forwards that name alone, or several servers with different views \
                 answer",
                soa.zone, soa.mname
            ))
            .cites(format!("/dns/resolvers/{}/zone_soa", decider.index))
            .decide_with(text::dig(name, decider.seen)),
        None => finding
            .reasoning(
                "a balancer that sends each name to one of several servers looks the same, where one \
                 of them does not see the private zone: then other names under that zone show its \
                 public SOA",
            )
            .decide_with(format!(
                "{} SOA # and x2, x3, ...: a public SOA for any: several servers",
                text::dig(&format!("x1.{zone}"), decider.seen)
            )),
    };
    let finding = finding
        .ruled_out_if(outside_zone.is_none(), "a missing record")
        .owner(resolver.owner())
        .inspect("compare the two answers", text::dig(name, decider.seen));
    if outside_zone.is_some() {
        // Nothing is known to see the zone: there is no server yet to which the suffix could go.
        let finding = resolver.steps_to_see_private(resolver.inspect(finding));
        return Some(finding.check(text::dig(&e.dns.name, decider.seen)));
    }
    let forward = match (resolver.whose.class, resolver.place()) {
        (ResolverClass::AzureDns, _) => format!(
            "remove the ruleset's rule for {suffix}, or point it at a resolver that sees {zone}: \
             Azure DNS follows the rule instead of the private zone"
        ),
        (_, Some(place)) => {
            format!("{place}: forward {suffix} too, to the server that {zone} is forwarded to now")
        }
        (_, None) => {
            format!("use a resolver that forwards {suffix} to the same server as {zone}")
        }
    };
    Some(
        resolver
            .inspect(finding)
            .step(
                Step::shared(forward, advice::whole_suffix(suffix))
                    .undo(format!("restore the old forwarding of {suffix}")),
            )
            .check(text::dig(&e.dns.name, decider.seen)),
    )
}
