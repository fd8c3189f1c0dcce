//! The system keeps its resolvers where this program does not look: which resolvers it asks is not
//! known.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::dns::ResolverRole;
use crate::evidence::vantage::FileState;

pub(super) const RULE: Rule = rule!(
    "vantage-resolvers-not-seen",
    Vantage,
    "The resolvers of this system are not known",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let seen = e.dns.resolvers.iter().any(|r| r.role != ResolverRole::StubUpstream);
    if e.vantage.resolver_config.state != FileState::NotRead || seen {
        return None;
    }
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        "this system's resolvers are not known: only its own lookup was used",
    )
    .cites("/vantage/resolver_config/state")
    .cites("/dns/system")
    .reasoning(
        "this program does not read this system's resolver configuration; the addresses are those \
         that applications get, but not which resolver gave them",
    )
    .reasoning(
        "a different answer from another resolver, or a private zone that a resolver does not see, \
         would not be visible here",
    )
    .owner("Server")
    .inspect("see the resolvers that this system has", "resolvectl status")
    .inspect("check the path with one of them", reading::again_with(e, "--resolver <address>"));
    if !reading::proxied(e) {
        finding = finding.caveat();
    }
    Some(finding)
}
