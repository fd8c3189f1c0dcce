//! Datagrams from another address or with another id: another host answers too, or the resolver
//! answers from another of its addresses (RFC 5452, section 3).

use crate::diagnose::view::resolver_view::ResolverOutcome;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{Exchange, ResolverEvidence, Stray, StrayReason};

use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-forged-answer",
    Dns,
    "Datagrams came that are not the resolver's answer",
    Code(check)
)
.explains(&["dns-resolver-silent", "dns-resolver-down", "dns-system-fails", "dns-system-slow"]);

/// The first stray datagram that is a DNS message, with its place and its question.
fn stray(index: usize, r: &ResolverEvidence) -> Option<(String, &Exchange, &Stray)> {
    [("a", &r.a), ("aaaa", &r.aaaa), ("zone_soa", &r.zone_soa)].into_iter().find_map(
        |(field, observed)| {
            let exchange = observed.value()?;
            let (place, stray) = exchange
                .stray
                .iter()
                .enumerate()
                .find(|(_, stray)| stray.reason != StrayReason::Malformed)?;
            Some((format!("/dns/resolvers/{index}/{field}/value/stray/{place}"), exchange, stray))
        },
    )
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (index, resolver, (pointer, exchange, stray)) = e
        .dns
        .resolvers
        .iter()
        .enumerate()
        .find_map(|(index, r)| Some((index, r, stray(index, r)?)))?;
    let label = resolver.label();
    let silent = e
        .dns
        .deciding()
        .iter()
        .any(|r| r.index == index && matches!(r.outcome, ResolverOutcome::Silent));
    let lost = silent && e.dns.all_fail();
    // A late answer to an earlier repeat looks like an answer with another id.
    let late = stray.reason != StrayReason::OtherAddress
        && stray.from == resolver.address
        && exchange.sent > 1;
    let level = match (reading::proxied(e) || late, lost) {
        (true, _) => Level::Note,
        (false, true) => Level::Broken,
        (false, false) => Level::Risk,
    };
    let (what, why) = match stray.reason {
        StrayReason::OtherAddress => (
            format!("{} answers instead of {label}", stray.from),
            "the resolver sends from another of its addresses, address translation works in one \
             direction only, or another host answers in its name; clients drop such an answer",
        ),
        StrayReason::OtherId => (
            format!("an answer with another id came as well as that of {label}"),
            "an attacker guesses answers, a device on the way injects them, or an old answer \
             arrived late",
        ),
        StrayReason::OtherQuestion | StrayReason::Malformed => (
            format!("an answer to another question came from {}", stray.from),
            "a device on the way rewrites or injects answers",
        ),
    };
    Some(
        FindingBuilder::new(
            level,
            Confidence::Inferred,
            text::clause(what, "DNS answers from another host arrived"),
        )
        .fact(format!(
            "asked {label} for {} {}; {} came from {}",
            exchange.name,
            exchange.kind,
            if exchange.stray.len() == 1 { "a stray datagram" } else { "stray datagrams" },
            stray.from
        ))
        .cites(pointer)
        .reasoning(why)
        .owner("Network")
        .inspect(
            "see every datagram of the exchange",
            format!("tcpdump -n -i any 'udp port {}'", resolver.address.port()),
        )
        .step(Step::inspect(format!(
            "compare the sender with the addresses of {label} and of the devices on the way: a \
             second address of its own, a firewall, or an unknown host"
        )))
        .step(
            Step::shared(
                format!(
                    "have {label} answer from the address that clients ask, or have the device on \
                     the way pass its answers unchanged"
                ),
                "every client that asks this resolver",
            )
            .undo("restore the previous setting"),
        )
        .check(text::dig(&e.dns.name, resolver)),
    )
}
