//! The system keeps its resolvers where this program does not look (Windows, macOS): what it asks,
//! and why it gets what it gets, is not seen.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;
use crate::evidence::vantage::FileState;

pub(super) const RULE: Rule = rule!(
    "vantage-resolvers-not-seen",
    Vantage,
    "The resolvers of this system are not seen",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let seen = e.dns.resolvers.iter().any(|r| r.role != ResolverRole::StubUpstream);
    if e.vantage.resolver_config.state != FileState::NotRead || seen {
        return None;
    }
    let mut because = Because::new(
        Level::Note,
        Sure::Proved,
        "this system's resolvers are not seen: only its own lookup was asked",
    )
    .read_at("/vantage/resolver_config/state")
    .read_at("/dns/system")
    .known_by(
        "the resolver configuration of this system is not read; the addresses are those that \
         applications get, and which resolver gave them is not known",
    )
    .known_by(
        "another resolver's different answer, and a private zone that a resolver does not see, \
         would not show here",
    )
    .owner("Server")
    .act(Step::look(
        "see the resolvers: Get-DnsClientServerAddress (Windows), scutil --dns (macOS)",
    ))
    .look("walk the path as one of them shows it", reading::again_with(e, "--resolver <address>"));
    if !reading::proxied(e) {
        because = because.caveat();
    }
    Some(because)
}
