//! A public address from a resolver that never sees a private zone: a public one, or the router of
//! a home or an office. No change at the zone helps; the machine or its VPN is the cause.

use crate::diagnose::{FindingBuilder, Rule, View, resolver_class};

use super::zone_not_linked;

pub(super) const RULE: Rule = rule!(
    "dns-outside-resolver",
    Dns,
    "There is a private endpoint, but the resolver is outside its network",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.yields_to(&["dns-policy-privatelink-only", "dns-privatelink-forwarder-dead"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let decider = e.dns.effective_resolver()?;
    resolver_class::of(e, decider.seen)
        .class
        .is_outside()
        .then(|| zone_not_linked::finding(e, decider))?
}
