//! An address outside the prefixes that `--expect` names (facts D58, D59, D65): a stale record,
//! another endpoint, or no private answer at all.

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Expect;

use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-address-not-expected",
    Dns,
    "The address lies outside the expected prefixes",
    Code(check)
)
.explains(&[
    "dns-resolvers-disagree",
    "dns-unusable-address",
    "tcp-address-dead",
    "tls-plain-http",
    "tls-not-tls",
    "tls-wrong-name",
    "tls-self-signed",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN]);

fn check(e: &View<'_>) -> Option<Because> {
    let Expect::Cidr { prefixes } = &e.asked.expect else { return None };
    let all = e.dns.effective();
    let beyond = gives::beyond_prefixes(e, &all);
    if beyond.is_empty() {
        return None;
    }
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let wanted = prefixes.join(", ");
    let says = words::clause(
        format!("{} is not in {wanted}", words::brief(&beyond)),
        format!("{} is not in the expected prefixes", words::brief(&beyond)),
    );
    let mut because = Because::new(level, Sure::Proved, says)
        .seen(format!("{} -> {} (wanted: in {wanted})", e.dns.name, reading::list(&all)))
        .read_at("/dns/walked")
        .read_at("/asked/expect");
    for r in e.dns.asked() {
        because =
            because.seen(format!("{} gives {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    because = because.known_by(
        "the prefixes are yours; an endpoint keeps its address for life, so a record outside them \
         is stale, of another endpoint, or another network's view",
    );
    let check = e
        .dns
        .decider()
        .map_or_else(|| format!("dig +short {}", e.dns.name), |r| words::dig(&e.dns.name, r.seen));
    Some(
        super::advice::endpoint_addresses(because.owner("DNS"))
            .look(
                "and the record",
                format!(
                    "az network private-dns record-set a show -g <group> -z {} -n {}",
                    reading::private_zone(e),
                    reading::account(e)
                ),
            )
            .act(
                Step::shared(
                    "correct the record to the address of that interface whose names hold this \
                     name",
                    "every client of the zone, for this name only",
                )
                .undo("set the old address again"),
            )
            .act(Step::look("or, where the endpoint has moved, correct the expectation"))
            .check(check),
    )
}
