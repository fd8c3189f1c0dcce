//! The account's name under another suffix resolves privately at the same resolver; this one does
//! not (facts D2, D7, D69).

use crate::diagnose::view::{answer_series, dns_experiments, resolver_view};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::advice::{self, Resolver};
use super::record_gap::{self, RecordGap};
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{downstream, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-suffix-left-out",
    Dns,
    "The account resolves privately under another suffix, but not under this one",
    Code(check)
)
.explains(&[
    "dns-record-missing",
    "dns-system-fails",
    "dns-resolvers-disagree",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "http-front-answered",
    "tls-interception",
    "tls-connection-lost",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
.yields_to(&["dns-zone-bypassed"])
.short("another suffix of the account is private, this one is not");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let missing = record_gap::of(e).filter(|(_, why)| matches!(why, RecordGap::Record));
    let (r, level, seen) = match missing {
        Some((r, _)) => (r, downstream::level_without_address(e), None),
        None => {
            let (all, outside) = zone_not_linked::unwanted(e)?;
            let decider = e.dns.effective_resolver()?;
            if !decider.outcome.addresses().iter().all(|a| resolver_view::could_be_public(*a)) {
                return None;
            }
            let level = zone_not_linked::level(e, all.len() > outside.len());
            let chain = zone_not_linked::chain(decider, &e.dns.name, &outside);
            (decider, level, Some(chain))
        }
    };
    if answer_series::differ(e, r.seen) || dns_experiments::in_private_zone(e, r.seen).is_some() {
        return None;
    }
    let (index, sibling, address) = dns_experiments::private_sibling(e, r.seen)?;
    let label = r.label();
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let zone_seen = seen.is_none();
    let message = text::clause(
        format!("{sibling} resolves privately, this name does not"),
        "the account resolves privately under another suffix, but not under this one",
    );
    // Where the zone itself shows that it lacks the record, no other cause remains.
    let confidence = if zone_seen { Confidence::Proved } else { Confidence::Inferred };
    let mut finding = FindingBuilder::new(level, confidence, message)
        .fact(format!("{sibling} at {label}: {address} (private)"))
        .fact(seen.unwrap_or_else(|| format!("{} at {label}: {}", e.dns.name, text::outcome(r))))
        .cites(format!("/experiments/questions/{index}"))
        .cites(r.pointer());
    finding = finding.reasoning(if zone_seen {
        format!(
            "the endpoint is registered under the other suffix, and {zone}, which the resolver \
             sees, has no record: the endpoint's DNS zone group lacks {zone}"
        )
    } else {
        format!(
            "the endpoint and the other suffix's zone work; for {suffix}, the zone {zone} is \
             missing from the endpoint's zone group or is not linked, or {label} forwards the \
             other suffix and not {suffix}"
        )
    });
    if !zone_seen {
        finding = finding.decide_with(
            "az network private-endpoint dns-zone-group list -g <group> --endpoint-name <endpoint> \
             -o table",
        );
    }
    let resolver = Resolver::of(e, r);
    finding = resolver.who(finding.ruled_out("an endpoint that does not exist").owner("DNS"));
    finding = record_gap::zone_groups(finding, "see in which zones the endpoint registers");
    finding = record_gap::register(
        finding,
        zone,
        "add",
        "add this suffix's zone to the endpoint's zone group",
    );
    if !zone_seen {
        let link = |verb: &str, rest: &str| {
            format!(
                "az network private-dns link vnet {verb} -g <group> -z {} -n <link>{rest}",
                reading::word(zone)
            )
        };
        finding = finding.step(
            Step::shared(
                format!(
                    "link {zone} to every network that the other suffix's zone is linked to \
                     (Terraform: azurerm_private_dns_zone_virtual_network_link)"
                ),
                advice::whole_suffix(suffix),
            )
            .command(link("create", " -v <vnet id> -e false"))
            .undo(link("delete", " --yes")),
        );
        if let Some(place) = resolver.place() {
            finding = finding.step(
                Step::shared(
                    format!("{place}: configure {suffix} like the other suffix"),
                    advice::whole_suffix(suffix),
                )
                .or()
                .undo(format!("remove the entry for {suffix} again")),
            );
        }
    }
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}
