//! A public address from a resolver that no private zone can reach: a public one, or the router
//! of a home or an office. Nothing at the zone helps; the machine or its VPN is the cause.

use crate::diagnose::{Because, Rule, View, resolver_class};

use super::zone_not_linked;

pub(super) const RULE: Rule = rule!(
    "dns-outside-resolver",
    Dns,
    "There is a private endpoint, and a resolver outside its network is asked",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.yields_to(&["dns-privatelink-forwarder-dead"]);

fn check(e: &View<'_>) -> Option<Because> {
    let decider = e.dns.decider()?;
    resolver_class::of(e, decider.seen)
        .class
        .is_outside()
        .then(|| zone_not_linked::because(e, decider))?
}
