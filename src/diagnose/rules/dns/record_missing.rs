//! The alias leads into the privatelink zone, and that zone has no record for the account (facts
//! D7, D8, D50, D51).

use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::contradictions;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::{record_and_zone, shows_endpoint};

use super::advice::{self, Resolver};
use super::record_gap::{self, RecordGap};
use super::zone_owner::{self, ZoneOwner};
use super::{libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-record-missing",
    Dns,
    "The resolver sees the private zone, and it has no record for the account",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"])
.explains_groups(record_gap::SYMPTOMS)
.decided_by(&["zone-soa", "parent-zone"])
.yields_to(&["dns-zone-bypassed", "dns-zone-twin"])
.short("the private zone gives no address for this name");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, RecordGap::Record) = record_gap::of(e)? else { return None };
    let name = &e.dns.name;
    let soa = resolver_view::message(r.seen).and_then(|answer| answer.soa.as_ref());
    let alias = resolver_view::alias(r.seen, name);
    let zone = zone(e, alias.as_deref(), soa.map(|soa| soa.zone.as_str()));
    let leads_on = r.seen.aliases(name).pop().filter(|last| {
        !crate::evidence::dns::is_privatelink(last) && alias.as_ref().is_some_and(|a| a != last)
    });
    if let Some(last) = leads_on {
        return Some(leads_nowhere(e, r, &zone, &last));
    }
    let in_zone = alias.as_deref().and_then(record_and_zone).map(|(record, _)| record);
    let record = in_zone.or_else(|| name.split('.').next()).unwrap_or(name);
    // The zone's own SOA proves it; without one a filter could look the same, and where the resolver
    // sees another zone when it is asked for the zone, several servers may answer.
    let confidence = match soa {
        Some(soa)
            if is_azure_private(soa) && contradictions::not_azure_private(r.seen).is_none() =>
        {
            Confidence::Proved
        }
        Some(_) => Confidence::Inferred,
        None => Confidence::Possible,
    };
    let message = text::clause(
        format!("{} sees {zone}, and it has no record {record}", r.label()),
        format!("{} sees the private zone, and it lacks the record", r.label()),
    );
    let mut finding = record_gap::finding(e, r, confidence, message);
    if let Some(alias) = &alias {
        finding = finding.fact(format!("{name} -> {alias} -> nothing"));
    }
    let label = r.label();
    finding = finding.reasoning(match alias.as_deref().is_none_or(shows_endpoint) {
        true => format!(
            "the alias shows that a private endpoint exists or existed; the zone {zone} that {label} \
             sees has no address for it"
        ),
        false => format!(
            "the alias is there with and without a private endpoint; the zone {zone} that {label} \
             sees has no address for it: a zone that is linked and has no such record takes the \
             name from every client, also where no private endpoint was wanted"
        ),
    });
    let resolver = Resolver::of(e, r).about(&zone);
    finding = resolver.who(finding);
    if confidence == Confidence::Possible {
        let denied = alias.as_deref().unwrap_or(name);
        finding = finding
            .reasoning(format!(
                "the answer names no zone (no SOA), as the zone itself would: a policy or a block list \
                 of {label}, or of a server that it asks, may deny {denied}"
            ))
            .decide_with(format!("{} SOA", text::dig(&zone, r.seen)))
            .decide_with(format!("dig {} @<another resolver>", reading::word(denied)));
    }
    if confidence == Confidence::Proved {
        finding = finding.ruled_out(
            "a missing zone link: without the link the answer would be a public address",
        );
    }
    finding = match zone_owner::owner(r) {
        ZoneOwner::Own(mname) => zone_owner::on_own_server(finding, e, &zone, mname),
        host => {
            let finding = finding.reasoning(
                "the endpoint has no DNS zone group, its record was registered in another zone or \
                 deleted together with another endpoint, or the endpoint is in another tenant",
            );
            let finding = match host {
                ZoneOwner::Unknown => finding.inspect(
                    "see whose zone it is: an SOA of azureprivatedns.net means an Azure private \
                     zone, any other one a zone on a server of your own, which then needs the \
                     record",
                    format!("{} SOA", text::dig(&zone, r.seen)),
                ),
                ZoneOwner::Public => finding.reasoning(
                    "the SOA is that of Azure's public zone: the resolver sees no private zone of \
                     that name, and the account may just have been deleted",
                ),
                _ => finding,
            };
            in_azure(finding, &zone)
        }
    };
    Some(
        libc_lookup::empty_cache(record_gap::search_steps(finding, e), e)
            .check(text::dig(name, r.seen)),
    )
}

/// How to add the record to an Azure private zone.
fn in_azure(finding: FindingBuilder, zone: &str) -> FindingBuilder {
    let finding = advice::records(finding.owner("DNS"), zone);
    let finding = record_gap::zone_groups(finding, "see whether the endpoint registers itself");
    let finding =
        record_gap::register(finding, zone, "create", "have the endpoint register its record");
    let policy = |value: &str| {
        format!(
            "az network private-dns link vnet update -g <group> -z {} -n <link> \
             --resolution-policy {value}",
            reading::word(zone)
        )
    };
    finding.step(
        Step::shared(
            "if none of your endpoints belongs to this account, fall back to its public \
             address (Terraform: resolution_policy of \
             azurerm_private_dns_zone_virtual_network_link)",
            format!(
                "every name of {zone} in that network: if a record is missing by mistake, calls go \
                 to the public address unnoticed"
            ),
        )
        .or()
        .command(policy("NxDomainRedirect"))
        .undo(policy("Default")),
    )
}

/// The zone has the name, as an alias of a name that does not exist.
fn leads_nowhere(e: &View<'_>, r: &ResolverView<'_>, zone: &str, last: &str) -> FindingBuilder {
    let name = &e.dns.name;
    record_gap::finding(
        e,
        r,
        Confidence::Inferred,
        text::clause(
            format!("{} follows {zone} to {last}, which does not exist", r.label()),
            format!("{zone} leads to a name that does not exist"),
        ),
    )
    .fact(format!("{name} -> {} -> nothing", r.seen.aliases(name).join(" -> ")))
    .reasoning(format!(
        "{zone}, or a later record, has an alias in place of an address: {last} does not exist for \
         the server that follows it, which is Azure DNS and not {} where it forwards",
        r.label()
    ))
    .ruled_out("a missing alias of the account: its name leads into the privatelink zone")
    .owner("DNS")
    .inspect("ask for it directly", text::dig(last, r.seen))
    .step(
        Step::shared(
            format!(
                "replace the alias in {zone} with the private endpoint's address, or make {last} \
                 resolve inside the virtual network (a linked zone, a forwarding ruleset)"
            ),
            format!("every client of {zone} that calls this account"),
        )
        .undo("put the alias back: note the record first"),
    )
    .check(text::dig(name, r.seen))
}

/// The zone that lacks the record: by its SOA, else by the alias, else by the service.
fn zone(e: &View<'_>, alias: Option<&str>, soa: Option<&str>) -> String {
    soa.filter(|zone| record_gap::is_privatelink_zone(zone))
        .or_else(|| alias.and_then(record_and_zone).map(|(_, zone)| zone))
        .unwrap_or_else(|| reading::private_zone(e))
        .to_owned()
}
