//! An address without the alias that Azure's own answer leads through: a record of your own,
//! often of a gateway in front, of a hand-made zone or of an old view (facts D30-D33, D57, D58).

use std::net::IpAddr;

use crate::diagnose::rules::http::aim::aim;
use crate::diagnose::view::gives::{self, Asked};
use crate::diagnose::{Because, Rule, View};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::{Expect, TargetKind, classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-own-record",
    Dns,
    "The address comes without the alias of Azure's own answer: a record of your own",
    Code(check)
)
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN]);

fn check(e: &View<'_>) -> Option<Because> {
    // A gateway inside a virtual network has records of your own by design.
    if e.target.private_zone.is_none()
        || aim(e).is_gateway()
        || matches!(
            e.target.kind,
            TargetKind::Privatelink | TargetKind::Unknown | TargetKind::Regional
        )
    {
        return None;
    }
    let name = &e.dns.name;
    let r = e.dns.decider()?;
    // A client on this machine makes answers up without aliases.
    let made_up = r.gives.addresses().iter().any(|a| tunnel::address(e, *a).is_some());
    if r.seen.privatelink_alias(name).is_some() || made_up {
        return None;
    }
    let private = r.gives.addresses().iter().find(|a| classify(**a).is_private());
    match private {
        Some(private) => Some(
            because(e, r, Level::Note, private)
                .known_by(
                    "Azure's own answer leads through an alias; this one is a record of your own, \
                     for the endpoint or for a gateway in front, or the resolver takes aliases out \
                     of answers",
                )
                .known_by("such a record is not kept up to date when the endpoint is made anew"),
        ),
        None => outside(e, r),
    }
}

fn because(e: &View<'_>, r: &Asked<'_>, level: Level, address: &IpAddr) -> Because {
    let kind = if level == Level::Note { "the privatelink" } else { "any" };
    Because::new(
        level,
        Sure::Inferred,
        format!("{} gives {address} without {kind} alias", r.label()),
    )
    .seen(format!("{} -> {} at {}", e.dns.name, words::gives(r), r.label()))
    .read_at(r.pointer())
}

/// A public address without any alias, at which the service is not reached or lets nobody in: an
/// account's public name is an alias in each of Azure's chains (facts D30-D33).
fn outside(e: &View<'_>, r: &Asked<'_>) -> Option<Because> {
    let of_account = matches!(e.target.kind, TargetKind::Account | TargetKind::Project);
    let bare = r.seen.a_answer().is_some_and(|a| a.chain(&e.dns.name).aliases.is_empty());
    let address = r.gives.addresses().iter().find(|a| gives::is_outside(**a))?;
    let used = e.dns.effective().contains(address);
    let wanted = !matches!(e.asked.expect, Expect::Public | Expect::Closed);
    if !of_account || !bare || !used || !wanted || !fate::wrong_place(e) {
        return None;
    }
    let resolver = Resolver::of(e, r);
    Some(
        resolver
            .who(because(e, r, Level::Broken, address))
            .known_by(format!(
                "Azure answers for the name of an account with an alias, always: this is a record \
                 that {} has of its own (local data, a view, a response policy), older than the \
                 private endpoint perhaps",
                r.label()
            ))
            .known_by(
                "or the resolver takes aliases out of its answers: then the private zone is not \
                 linked to its network, or there is no private endpoint yet",
            )
            .tells_it(format!("dig {} @<another resolver>", e.dns.name))
            .owner(resolver.owner())
            .look("see the answer whole", words::dig(&e.dns.name, r.seen))
            .act(
                Step::shared(
                    format!(
                        "{}: take the record of {} out, so that Azure DNS is asked for it; first \
                         see with `--resolver` what Azure DNS answers",
                        resolver.place().unwrap_or_else(|| format!("at {}", r.label())),
                        e.dns.name
                    ),
                    format!("every client of {}, for this name only", r.label()),
                )
                .undo("put the record back: note its address and TTL first"),
            )
            .check(words::dig(&e.dns.name, r.seen)),
    )
}
