//! A public address from a resolver that no private zone can reach: a public one, or the router
//! of a home or an office. Nothing at the zone helps; the machine or its VPN is the cause.

use crate::diagnose::{Because, Rule, resolver_class};
use crate::evidence::{Evidence, Hop};

use super::{gives, zone_not_linked};

pub(super) const RULE: Rule = Rule {
    id: "dns-outside-resolver",
    hop: Hop::Dns,
    title: "There is a private endpoint, and a resolver outside its network is asked",
    page: include_str!("../../../../docs/findings/dns-outside-resolver.md"),
    explains: zone_not_linked::EXPLAINS,
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let decider = gives::decider(e)?;
    resolver_class::of(e, decider.seen)
        .class
        .is_outside()
        .then(|| zone_not_linked::because(e, &decider))?
}
