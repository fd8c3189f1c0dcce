//! Resolvers that give answers of different kinds (facts D52, D53, D55a): split DNS of which
//! one half is wrong, or another network's view.

use std::net::IpAddr;

use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::{Because, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;
use crate::evidence::{Expect, classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{fate, lacking, words};

pub(super) const RULE: Rule =
    rule!("dns-resolvers-disagree", Dns, "Resolvers give answers of different kinds", Code(check))
        .explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
        .decided_by(&["zone-soa", "privatelink-name"]);

/// What of an answer must agree. Public addresses may differ: traffic managers turn them.
#[derive(PartialEq, Eq)]
enum Kind {
    Private,
    Public,
    Mixed,
    Unusable,
}

fn kind(e: &View<'_>, addresses: &[IpAddr]) -> Kind {
    if addresses.iter().all(|a| tunnel::is_private(e, *a)) {
        Kind::Private
    } else if addresses.iter().all(|a| gives::is_outside(*a)) {
        Kind::Public
    } else if addresses.iter().all(|a| classify(*a).is_unusable()) {
        Kind::Unusable
    } else {
        Kind::Mixed
    }
}

fn agree(e: &View<'_>, one: &Asked<'_>, other: &Asked<'_>) -> bool {
    match (&one.gives, &other.gives) {
        (Gives::Addresses(a), Gives::Addresses(b)) => {
            kind(e, a) == kind(e, b)
                && (kind(e, a) != Kind::Private || a.iter().any(|address| b.contains(address)))
        }
        (a, b) => a.addresses().is_empty() == b.addresses().is_empty(),
    }
}

/// The deciding resolver whose answer applications got in place of the measure's, and of another
/// kind.
fn followed<'a>(
    e: &View<'_>,
    measure: &Asked<'_>,
    answering: &[&'a Asked<'a>],
) -> Option<&'a Asked<'a>> {
    let system = e.dns.system_addresses();
    let gave = |r: &Asked<'_>| r.gives.addresses().iter().any(|a| system.contains(a));
    if e.asked.resolver_given || gave(measure) {
        return None;
    }
    let decides = |r: &&&Asked<'_>| r.seen.role == ResolverRole::Configured;
    answering.iter().filter(decides).find(|r| gave(r) && !agree(e, measure, r)).copied()
}

fn check(e: &View<'_>) -> Option<Because> {
    let all = e.dns.asked();
    let answering: Vec<&Asked<'_>> = all.iter().filter(|r| r.gives.is_answer()).collect();
    // The one that applications follow is the measure of the others.
    let measure = match e.dns.decider() {
        Some(last_word) => answering.iter().find(|r| r.index == last_word.index)?,
        None => answering.first()?,
    };
    // A library that turns the order, or did not wait for the first, follows another.
    let followed = followed(e, measure, &answering);
    let (measure, other) = match followed {
        Some(followed) => (followed, *measure),
        None => (*measure, *answering.iter().find(|r| !agree(e, measure, r))?),
    };
    // `--resolver` names whose answer is judged; what this machine has instead is shown, and not
    // held against it.
    // 168.63.129.16 answers for the network that asks (fact D55a): where no client here uses it,
    // another resolver may rightly differ.
    let azure = |r: &Asked<'_>| {
        r.seen.role == ResolverRole::Given
            && resolver_class::of(e, r.seen).class == ResolverClass::AzureDns
    };
    let bystander = e.asked.resolver_given
        && (other.seen.role != ResolverRole::Given || azure(other) || azure(measure));
    let level = if reading::proxied(e) || e.asked.expect == Expect::Any || bystander {
        Level::Note
    } else if followed.is_some() && fate::wrong_place(e) {
        Level::Broken
    } else {
        Level::Risk
    };
    let (this, that) = (words::gives(measure), words::gives(other));
    let says = words::clause(
        match followed {
            Some(_) => format!(
                "applications have {this} of {}; {} gives {that}",
                measure.label(),
                other.label()
            ),
            None => format!("{} gives {this}, {} gives {that}", measure.label(), other.label()),
        },
        match kind(e, measure.gives.addresses()) == kind(e, other.gives.addresses())
            && !other.gives.addresses().is_empty()
        {
            true => "resolvers give different private addresses",
            false => "resolvers give answers of different kinds",
        },
    );
    // That the answers differ is seen; that it is why the path fails is not.
    let sure = if level == Level::Broken { Sure::Inferred } else { Sure::Proved };
    let mut because = Because::new(level, sure, says).caveat();
    for r in all {
        let role = match r.seen.role {
            ResolverRole::Configured => "configured",
            ResolverRole::StubUpstream => "behind the stub",
            ResolverRole::Given => "--resolver",
            ResolverRole::Assumed => "assumed",
        };
        because = because
            .seen(format!("{} ({role}): {}", r.label(), words::gives(r)))
            .read_at(r.pointer());
    }
    let rotates = e.vantage.resolver_config.options.iter().any(|option| option == "rotate");
    let order = if rotates {
        "the option `rotate` spreads questions over them, so calls go either way".to_owned()
    } else if followed.is_some() {
        format!(
            "{} comes first and was not followed: the C library did not wait for its answer",
            other.label()
        )
    } else {
        format!(
            "{} is followed now; when it fails or is slow, applications get the other answer",
            measure.label()
        )
    };
    because = because
        .known_by("the same question was put to each resolver at the same time")
        .known_by(order)
        .look(
            "compare the two in full",
            format!(
                "{}; {}",
                words::dig(&e.dns.name, measure.seen),
                words::dig(&e.dns.name, other.seen)
            ),
        );
    Some(same_view(because, e, measure, other).check(reading::again(e)))
}

/// How both come to give the same: what keeps the one from the private address is put right, or it
/// is not asked any more.
fn same_view(because: Because, e: &View<'_>, measure: &Asked<'_>, other: &Asked<'_>) -> Because {
    let private = |r: &Asked<'_>| {
        !r.gives.addresses().is_empty() && kind(e, r.gives.addresses()) == Kind::Private
    };
    let (blind, sees) = match (private(measure), private(other)) {
        (true, true) => return two_endpoints(because, measure, other),
        (true, false) => (other, Some(measure)),
        (false, true) => (measure, Some(other)),
        // Neither: the one that is not followed is measured by the one that is.
        _ => (other, None),
    };
    let resolver = Resolver::of(e, blind);
    let because = resolver.who(because).owner(resolver.owner());
    match (sees, sees.and_then(|sees| sees.gives.addresses().first())) {
        (Some(_), Some(address)) if lacking::denies(blind) => {
            lacking::second_zone(because, e, blind, *address)
        }
        (Some(sees), _) if resolver.whose.class.is_outside() => {
            resolver.rather(because, &sees.label())
        }
        (Some(_), _) => resolver.steps_to_see_private(because),
        (None, _) => {
            let because = resolver.look(because);
            let suffix = reading::public_suffix(e);
            because.act(Step::look(match resolver.place() {
                Some(place) => format!(
                    "{place}: see where it has this answer from: a zone or record of its own, or \
                     the server that it asks for {suffix}"
                ),
                None => format!("see whether a filter of {} makes this answer", resolver.label()),
            }))
        }
    }
}

/// Both are private and differ: two endpoints, or a record that is stale. Which is right is known
/// by the endpoints' network interfaces.
fn two_endpoints(because: Because, measure: &Asked<'_>, other: &Asked<'_>) -> Because {
    let because = because
        .known_by(
            "both are private: the account has two endpoints, each with a zone of its own, or one \
             of two zones holds a stale record",
        )
        .owner("DNS");
    let given = [measure, other].into_iter().filter_map(|r| r.gives.addresses().first());
    let because = given.fold(because, |because, address| {
        endpoint_of::look(because, format!("see which endpoint has {address}"), address)
    });
    because
        .act(Step::look(
            "where both belong to endpoints of this account: see that both are reached from here, \
             as networks with an endpoint each have it so on purpose",
        ))
        .act(
            Step::shared(
                "where one does not: correct the record in the zone that gives it, to the address \
                 of the endpoint whose names hold this name",
                "every network that is linked to that zone, for this name only",
            )
            .undo("write the old address back: note it first"),
        )
}
