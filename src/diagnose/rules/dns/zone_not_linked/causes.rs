//! Why the answer is public, by what the resolver sees of the private zone, and what to do about
//! it.

use std::net::IpAddr;

use super::super::advice::{self, Resolver};
use super::super::{record_gap, text, zone_owner};
use super::zone_view::{public_addresses, zone_soa};
use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::record_and_zone;

/// The private zone's own record holds a public address.
pub(super) fn own_record(
    finding: FindingBuilder,
    r: &ResolverView<'_>,
    zone: &str,
) -> FindingBuilder {
    let address = public_addresses(r).first().map_or_else(String::new, IpAddr::to_string);
    let finding = finding
        .reasoning(format!(
            "the record is in {zone} itself: Azure's public chain continues through other aliases, \
             and this one ends there"
        ))
        .reasoning(format!(
            "either the public front's address was added to the zone by hand, or the virtual \
             network uses public address space of its own and {address} is the endpoint's address"
        ))
        .ruled_out("a missing link, and one that falls back to the internet")
        .owner("DNS");
    let finding = advice::endpoint_addresses(advice::records(finding, zone));
    record_gap::register(
        finding.step(Step::inspect(format!(
            "if {address} is the endpoint's address, say so in the next check: --expect \
             {address}/{}",
            if address.contains(':') { 128 } else { 32 }
        ))),
        zone,
        "create",
        "otherwise have the endpoint's DNS zone group register its own address",
    )
}

/// The record is in a zone on a server of the operator's own.
pub(super) fn own_server(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    zone: &str,
) -> FindingBuilder {
    let server = zone_soa(r).map_or("<server>", |(soa, _)| soa.mname.as_str());
    let finding = finding.ruled_out("a missing link, and one that falls back to the internet");
    zone_owner::on_own_server(finding, e, zone, server)
}

/// The resolver sees the private zone, and its answer does not come from there.
pub(super) fn record_not_used(
    finding: FindingBuilder,
    e: &View<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let (label, suffix) = (resolver.label(), reading::public_suffix(e));
    let finding = finding.reasoning(format!(
        "{label} sees the private zone: either the zone lacks this record and its link falls back \
         to the internet (NxDomainRedirect), or {suffix} is forwarded to a different server than \
         {zone}, or the zone's own record holds the public address"
    ));
    let finding = advice::records(resolver.who(finding).owner("DNS"), zone).inspect(
        "see whether the link falls back",
        format!(
            "az network private-dns link vnet list -g <group> -z {} --query \
             \"[].{{link:name,policy:resolutionPolicy}}\" -o table",
            reading::word(zone)
        ),
    );
    let finding = record_gap::register(
        finding,
        zone,
        "create",
        "have the endpoint's DNS zone group register the record",
    );
    match resolver.place() {
        Some(place) => finding.step(
            Step::shared(
                format!("{place}: forward {suffix}, not {zone} alone"),
                advice::whole_suffix(suffix),
            )
            .or()
            .undo(format!("remove the forwarder for {suffix} again")),
        ),
        None => finding,
    }
}

/// The zone holds private and public addresses.
pub(super) fn mixed_records(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let record = zone_record(e, r);
    let outside = public_addresses(r);
    let finding = finding
        .reasoning(format!(
            "{} gives private and public addresses together: the zone that it sees holds both, so \
             some calls go to one and some to the other",
            resolver.label()
        ))
        .owner("DNS")
        .inspect("see every record of the name", text::dig(&e.dns.name, r.seen));
    let place = format!("-g <group> -z {} -n {record}", reading::word(zone));
    let finding = advice::records(resolver.who(finding), zone);
    outside.iter().fold(finding, |finding, address| {
        finding.step(
            Step::shared(
                format!("remove {address} from the record set"),
                format!("every client of {zone} that reaches the account by that address"),
            )
            .command(change_record(Change::Remove, &place, *address))
            .undo(change_record(Change::Add, &place, *address)),
        )
    })
}

/// The resolver sees Azure's public zone, or a private one of the suffix's own name before it.
pub(super) fn public_zone(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    resolver: &Resolver<'_>,
    zone: &str,
) -> FindingBuilder {
    let suffix = reading::public_suffix(e);
    let own = dns_experiments::suffix_soa(e, r.seen)
        .filter(|soa| is_azure_private(soa) && soa.zone.eq_ignore_ascii_case(suffix));
    let finding = match own {
        Some(soa) => finding.reasoning(format!(
            "{} sees a private zone {} of your own, which hides Azure's: the record there decides, \
             and no alias leads into {zone}",
            resolver.label(),
            soa.zone
        )),
        None => finding,
    };
    resolver.see_private(finding)
}

/// The name of the account's record in the private zone.
fn zone_record(e: &View<'_>, r: &ResolverView<'_>) -> String {
    let alias = r.seen.privatelink_alias(&e.dns.name);
    let name = alias.as_deref().unwrap_or(&e.dns.name);
    let in_zone = record_and_zone(name).map(|(record, _)| record);
    reading::word(in_zone.or_else(|| name.split('.').next()).unwrap_or(name))
}
