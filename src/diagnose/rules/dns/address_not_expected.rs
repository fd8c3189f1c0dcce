//! An address outside the prefixes that `--expect` names (facts D58, D59, D65): a stale record,
//! another endpoint's address, or a public answer.

use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Expect;

use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::text;

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

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let Expect::Cidr { prefixes } = &e.options.expect else { return None };
    let all = e.dns.effective();
    let beyond = resolver_view::outside_prefixes(e, &all);
    if beyond.is_empty() {
        return None;
    }
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let wanted = prefixes.join(", ");
    let message = text::clause(
        format!("{} is not in {wanted}", text::brief(&beyond)),
        format!("{} is not in the expected prefixes", text::brief(&beyond)),
    );
    let mut finding = FindingBuilder::new(level, Confidence::Proved, message)
        .fact(format!("{} -> {} (wanted: in {wanted})", e.dns.name, reading::list(&all)))
        .cites("/dns/selected")
        .cites("/options/expect");
    for r in e.dns.resolver_views() {
        finding =
            finding.fact(format!("{} gives {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    finding = finding.reasoning(
        "the prefixes come from --expect; an endpoint never changes its address, so a record \
         outside them is stale, belongs to another endpoint, or is another network's view",
    );
    let check = e
        .dns
        .effective_resolver()
        .map_or_else(|| format!("dig +short {}", e.dns.name), |r| text::dig(&e.dns.name, r.seen));
    Some(
        super::advice::endpoint_addresses(finding.owner("DNS"))
            .inspect(
                "and the record",
                format!(
                    "az network private-dns record-set a show -g <group> -z {} -n {}",
                    reading::private_zone(e),
                    reading::account(e)
                ),
            )
            .step(
                Step::shared(
                    "correct the record to the address of the interface whose names include this \
                     name",
                    "every client of the zone, for this name only",
                )
                .undo("set the old address again"),
            )
            .step(Step::inspect("if the endpoint has moved, correct the expectation").or())
            .check(check),
    )
}
