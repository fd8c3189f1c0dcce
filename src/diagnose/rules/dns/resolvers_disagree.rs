//! Resolvers that give answers of different kinds (facts D52, D53, D55a): split DNS of which
//! one half is wrong, or another network's view.

use std::net::IpAddr;

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::dns::ResolverRole;
use crate::evidence::{Evidence, Expect, Hop, classify};

use super::azure_resolver_outside::AZURE_DNS;
use super::gives::{self, Asked, Gives};
use super::words;

pub(super) const RULE: Rule = Rule {
    id: "dns-resolvers-disagree",
    hop: Hop::Dns,
    title: "Resolvers give answers of different kinds",
    page: include_str!("../../../../docs/findings/dns-resolvers-disagree.md"),
    explains: &[],
    check,
};

/// What of an answer must agree. Public addresses may differ: traffic managers turn them.
#[derive(PartialEq, Eq)]
enum Kind {
    Private,
    Public,
    Mixed,
    Unusable,
}

fn kind(addresses: &[IpAddr]) -> Kind {
    if addresses.iter().all(|a| classify(*a).is_private()) {
        Kind::Private
    } else if addresses.iter().all(|a| gives::is_outside(*a)) {
        Kind::Public
    } else if addresses.iter().all(|a| classify(*a).is_unusable()) {
        Kind::Unusable
    } else {
        Kind::Mixed
    }
}

fn agree(one: &Asked<'_>, other: &Asked<'_>) -> bool {
    match (&one.gives, &other.gives) {
        (Gives::Addresses(a), Gives::Addresses(b)) => {
            kind(a) == kind(b)
                && (kind(a) != Kind::Private || a.iter().any(|address| b.contains(address)))
        }
        (a, b) => a.addresses().is_empty() == b.addresses().is_empty(),
    }
}

fn check(e: &Evidence) -> Option<Because> {
    let all = gives::asked(e);
    let answering: Vec<&Asked<'_>> = all.iter().filter(|r| r.gives.is_answer()).collect();
    // The one that applications follow is the measure of the others.
    let measure = match gives::decider(e) {
        Some(last_word) => answering.iter().find(|r| r.index == last_word.index)?,
        None => answering.first()?,
    };
    let other = answering.iter().find(|r| !agree(measure, r))?;
    // `--resolver` says whose answer is judged; what this machine has instead is told, not held
    // against it.
    // 168.63.129.16 answers for the network that asks (fact D55a): beside it, when nobody here
    // uses it, another resolver may rightly differ.
    let azure =
        |r: &Asked<'_>| r.seen.address.ip() == AZURE_DNS && r.seen.role == ResolverRole::Given;
    let bystander = e.asked.resolver_given
        && (other.seen.role != ResolverRole::Given || azure(other) || azure(measure));
    let level = if reading::proxied(e) || e.asked.expect == Expect::Any || bystander {
        Level::Note
    } else {
        Level::Risk
    };
    let says = words::clause(
        format!(
            "{} gives {}, {} gives {}",
            measure.label(),
            words::gives(measure),
            other.label(),
            words::gives(other)
        ),
        "resolvers give answers of different kinds",
    );
    let mut because = Because::new(level, Sure::Proved, says);
    for r in &all {
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
    } else {
        format!(
            "{} is followed now; when it fails or is slow, applications get the other answer",
            measure.label()
        )
    };
    Some(
        because
            .known_by("the same question was put to each resolver at the same time")
            .known_by(order)
            .owner("DNS")
            .look(
                "compare the two in full",
                format!(
                    "{}; {}",
                    words::dig(&e.dns.name, measure.seen),
                    words::dig(&e.dns.name, other.seen)
                ),
            )
            .step(format!(
                "give both the same view: link both networks to {}, or forward {} from both to \
                 the same place",
                reading::private_zone(e),
                reading::public_suffix(e)
            ))
            .check(reading::again(e)),
    )
}
