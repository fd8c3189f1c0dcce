//! One resolver, one question, answers of different kinds: behind its address are several
//! servers or upstreams that do not see the same.

use crate::diagnose::view::gives::{self, Asked};
use crate::diagnose::view::tried::{self, Kind};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Expect;
use crate::evidence::dns::ResolverRole;

use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-answers-vary",
    Dns,
    "One resolver answers the same question now so, now otherwise",
    Code(check)
)
.explains(&[
    "dns-servfail",
    "dns-refused",
    "dns-upstream-dead",
    "dns-zone-fails",
    "dns-record-missing",
    "dns-parent-zone-shadowed",
    "dns-name-not-found",
    "dns-no-address",
    "dns-system-differs",
    "dns-system-fails",
    "dns-zone-not-linked",
    "dns-outside-resolver",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-private-not-expected",
    "dns-resolver-down",
    "dns-resolvers-disagree",
    "http-public-access-disabled",
    "http-network-rules",
    "http-network-perimeter",
    "http-endpoint-not-approved",
    "http-vnet-endpoint",
    "http-forbidden",
    "tcp-silent",
    "tcp-refused",
    "tcp-unreachable",
    "tls-silent",
    "tls-reset",
    "tls-closed",
]);

fn check(e: &View<'_>) -> Option<Because> {
    let deciding = e.dns.deciding();
    let all = e.dns.asked();
    let r = deciding
        .iter()
        .find(|r| tried::varies(e, r.seen))
        .copied()
        .or_else(|| all.iter().find(|r| tried::varies(e, r.seen)))?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let mut kinds = tried::kinds(e, r.seen);
    let asked = kinds.len();
    let alternates = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count() > 1;
    kinds.sort_unstable();
    let count = |kind: Kind| kinds.iter().filter(|other| **other == kind).count();
    let mut distinct = kinds.clone();
    distinct.dedup();
    let parts: Vec<String> = distinct.iter().map(|kind| kind.words().to_owned()).collect();
    let label = r.label();
    let says = words::clause(
        format!("{label} gives now {}", parts.join(", now ")),
        "the resolver answers the same question now so, now otherwise",
    );
    let mut because = Because::new(level(e, r, bystander), Sure::Proved, says)
        .caveat()
        .seen(format!("{label}, first: {}", words::gives(r)))
        .read_at(r.pointer());
    for kind in &distinct {
        because = because.seen(format!("{} in {} of {asked} answers", kind.words(), count(*kind)));
    }
    if distinct.contains(&Kind::Private) && distinct.contains(&Kind::Outside) {
        because = super::advice::root_hints(because, e, r);
    }
    for pointer in tried::pointers(e, r.seen, &["ask-again"]) {
        because = because.read_at(pointer);
    }
    if let Some(who) = words::cluster(e, r.seen) {
        because = because.known_by(who);
    }
    because = because.known_by(format!(
        "the same question was put to {label} {asked} times within moments: behind the \
                 address are several servers, or it asks several upstreams in turn, and they do \
                 not see the same"
    ));
    // One step from the old answers to the new ones is a change; only back and forth is not.
    because = if alternates {
        because.ruled_out("a change of the record: old and new answers would not alternate")
    } else {
        because.known_by(
            "the answers changed once and did not go back: a record that was just changed looks \
             the same until every cache has it",
        )
    };
    Some(
        because
            .owner("DNS")
            .look(
                "see the answers change",
                format!(
                    "for i in 1 2 3 4 5 6; do {} +short; done",
                    words::dig(&e.dns.name, r.seen)
                ),
            )
            .act(Step::look(format!(
                "find the servers behind {label} and its upstreams, and ask each by itself"
            )))
            .act(
                Step::shared(
                    format!(
                        "give all the same view: the same forwarder for {0}, networks linked to \
                         {1}",
                        reading::public_suffix(e),
                        reading::private_zone(e)
                    ),
                    format!(
                        "every account of {0} for those clients: one without a record in {1} stops \
                         resolving there",
                        reading::public_suffix(e),
                        reading::private_zone(e)
                    ),
                )
                .undo("take the forwarder or the link out again"),
            )
            .check(words::dig(&e.dns.name, r.seen)),
    )
}

/// Broken where the call has failed by it, else a risk: the next lookup may go either way.
pub(super) fn level(e: &View<'_>, r: &Asked<'_>, bystander: bool) -> Level {
    let addresses = e.dns.effective();
    let demanded = matches!(e.asked.expect, Expect::Private | Expect::Cidr { .. });
    let given = e.asked.resolver_given && r.seen.role != ResolverRole::Given;
    if reading::proxied(e) || given {
        Level::Note
    } else if bystander {
        Level::Risk
    } else if addresses.is_empty() {
        fate::without_address(e)
    } else if (demanded && addresses.iter().any(|a| gives::is_outside(*a)))
        || fate::kept_out(e)
        || fate::wrong_place(e)
    {
        Level::Broken
    } else {
        Level::Risk
    }
}
