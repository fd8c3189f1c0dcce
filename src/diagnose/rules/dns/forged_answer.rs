//! Datagrams besides the answer, from another address or with another id: another host answers
//! too, or the resolver answers from another of its addresses (RFC 5452, section 3).

use crate::diagnose::view::gives::Gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{Exchange, ResolverSeen, Stray, StrayReason};

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-forged-answer",
    Dns,
    "Datagrams came that are not the resolver's answer",
    Code(check)
)
.explains(&["dns-resolver-silent", "dns-resolver-down", "dns-system-fails", "dns-system-slow"]);

/// The first stray datagram that tells something, with its place and its question.
fn stray(index: usize, r: &ResolverSeen) -> Option<(String, &Exchange, &Stray)> {
    [("a", &r.a), ("aaaa", &r.aaaa), ("zone_soa", &r.zone_soa)].into_iter().find_map(
        |(field, observed)| {
            let exchange = observed.saw()?;
            let (place, stray) = exchange
                .stray
                .iter()
                .enumerate()
                .find(|(_, stray)| stray.why != StrayReason::Malformed)?;
            Some((format!("/dns/resolvers/{index}/{field}/saw/stray/{place}"), exchange, stray))
        },
    )
}

fn check(e: &View<'_>) -> Option<Because> {
    let (index, resolver, (pointer, exchange, stray)) = e
        .dns
        .resolvers
        .iter()
        .enumerate()
        .find_map(|(index, r)| Some((index, r, stray(index, r)?)))?;
    let label = resolver.label();
    let silent =
        e.dns.deciding().iter().any(|r| r.index == index && matches!(r.gives, Gives::Silent));
    let lost = silent && e.dns.all_fail();
    // A late answer to an earlier repeat of ours looks like another id.
    let late = stray.why != StrayReason::OtherAddress
        && stray.from == resolver.address
        && exchange.sent > 1;
    let level = match (reading::proxied(e) || late, lost) {
        (true, _) => Level::Note,
        (false, true) => Level::Broken,
        (false, false) => Level::Risk,
    };
    let (what, why) = match stray.why {
        StrayReason::OtherAddress => (
            format!("{} answers in place of {label}", stray.from),
            "the resolver sends from another of its addresses, address translation is one-sided, \
             or another host answers in its name; clients drop such an answer",
        ),
        StrayReason::OtherId => (
            format!("an answer with another id came besides that of {label}"),
            "an attacker guesses answers, a device on the way injects them, or an old answer came \
             late",
        ),
        StrayReason::OtherQuestion | StrayReason::Malformed => (
            format!("an answer to another question came from {}", stray.from),
            "a device on the way rewrites or injects answers",
        ),
    };
    Some(
        Because::new(
            level,
            Sure::Inferred,
            words::clause(what, "DNS answers of another host came"),
        )
        .seen(format!(
            "asked {label} for {} {}; {} came from {}",
            exchange.name,
            exchange.kind,
            if exchange.stray.len() == 1 { "a stray datagram" } else { "stray datagrams" },
            stray.from
        ))
        .read_at(pointer)
        .known_by(why)
        .owner("Network")
        .look(
            "see every datagram of the exchange",
            format!("tcpdump -n -i any 'udp port {}'", resolver.address.port()),
        )
        .act(Step::look(format!(
            "compare the sender with the addresses of {label} and of the devices on the way: \
                 a second address of its own, a firewall, or an unknown host"
        )))
        .act(
            Step::shared(
                format!(
                    "have {label} answer from the address that is asked, or have the device on \
                         the way let its answers through unchanged"
                ),
                "every client that asks this resolver",
            )
            .undo("set it back as it was"),
        )
        .check(words::dig(&e.dns.name, resolver)),
    )
}
