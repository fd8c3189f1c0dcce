//! A privatelink zone that a resolver sees and that lacks the record: whose zone it is, and how to
//! add the record (facts D7, D50, D51).

use std::net::IpAddr;

use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::contradictions;
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, View, endpoint_of, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::Soa;

use super::advice;
use super::record_gap;

/// The owner of the privatelink zone that a resolver sees.
pub(super) enum ZoneOwner<'a> {
    /// An Azure private DNS zone.
    Azure,
    /// Azure's public zone of that name.
    Public,
    /// A server of the operator's own, by the SOA's primary server (`dc01.corp.example`).
    Own(&'a str),
    /// No SOA shows it.
    Unknown,
}

/// Whose zone denies the record to `r`: by the SOA of its answer, else by that of the zone.
pub(super) fn owner<'a>(r: &ResolverView<'a>) -> ZoneOwner<'a> {
    let answer = resolver_view::message(r.seen);
    let zone = reading::message(&r.seen.zone_soa);
    let soa: Option<&Soa> = [answer, zone]
        .into_iter()
        .flatten()
        .filter_map(|answer| answer.soa.as_ref())
        .find(|soa| record_gap::is_privatelink_zone(&soa.zone));
    match soa {
        Some(soa) if is_azure_private(soa) => ZoneOwner::Azure,
        Some(soa) if contradictions::is_microsoft_zone(soa) => ZoneOwner::Public,
        Some(soa) => ZoneOwner::Own(&soa.mname),
        None => ZoneOwner::Unknown,
    }
}

/// A zone of that name on a server of the operator's own: endpoints do not register themselves
/// there.
pub(super) fn on_own_server(
    finding: FindingBuilder,
    e: &View<'_>,
    zone: &str,
    server: &str,
) -> FindingBuilder {
    let suffix = reading::public_suffix(e);
    let account = reading::account(e);
    let finding = finding
        .reasoning(format!(
            "{server} serves {zone} itself: this is not an Azure private zone, and endpoints do \
             not register their records there"
        ))
        .owner("DNS");
    advice::endpoint_addresses(finding)
        .step(
            Step::shared(
                format!(
                    "on {server}: add an A record {account} with the address of that interface to \
                     {zone}, or correct the one that is there; you must maintain it by hand, also \
                     when the endpoint is created anew"
                ),
                format!("every client of {server}, for this name only"),
            )
            .undo("restore the record as it was, or remove it if there was none"),
        )
        .step(
            Step::shared(
                format!(
                    "on {server}: remove the zone {zone} and forward {suffix} to a resolver \
                     inside the virtual network (an inbound endpoint) that the Azure private zone \
                     is linked to; first see which records the old zone holds"
                ),
                format!(
                    "{}; records that exist only in the old zone are lost",
                    advice::whole_suffix(suffix)
                ),
            )
            .or()
            .undo("restore the zone from a copy: export it first"),
        )
}

/// Whether `r` itself sees a privatelink zone, and that zone denies the name or the address.
pub(super) fn denies_record(r: &ResolverView<'_>) -> bool {
    matches!(r.outcome, ResolverOutcome::NoName(_) | ResolverOutcome::NoAddress(_))
        && matches!(owner(r), ZoneOwner::Azure | ZoneOwner::Own(_))
}

/// One resolver has the private address, and the zone that `r` sees lacks the record: two zones
/// have one name. A link would not help, since a network can link to only one zone of a name.
pub(super) fn fix_second_zone(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    address: IpAddr,
) -> FindingBuilder {
    let zone = reading::private_zone(e);
    let label = r.label();
    let finding = finding.reasoning(format!(
        "{label} sees a zone {zone} too, and it lacks the record: it is another zone of the same \
         name, or an old answer from the same zone"
    ));
    if let ZoneOwner::Own(server) = owner(r) {
        return on_own_server(finding, e, zone, server);
    }
    let place = format!(
        "-g <group of that zone> -z {} -n {}",
        reading::word(zone),
        reading::word(reading::account(e))
    );
    let record = |change: Change| change_record(change, &place, address);
    let finding = finding.owner("DNS").inspect(
        "find every zone of that name in all subscriptions that you can read",
        format!(
            "az graph query -q \"resources | where type =~ 'microsoft.network/privatednszones' | \
             where name =~ '{zone}' | project id\" --query data -o json"
        ),
    );
    let finding = finding.inspect(
        "see which networks are linked to each of them",
        format!(
            "az network private-dns link vnet list -g <group> -z {} -o table",
            reading::word(zone)
        ),
    );
    endpoint_of::look(finding, format!("check that {address} is the endpoint's address"), address)
        .step(
            Step::shared(
                format!(
                    "add the record to the zone that {label} sees; you must maintain it by hand, \
                     also when the endpoint is created anew"
                ),
                "every network that is linked to that zone, for this name only",
            )
            .command(record(Change::Add))
            .undo(record(Change::Remove)),
        )
        .step(
            Step::shared(
                format!(
                    "link the network from which {label} asks Azure DNS to the zone that has \
                     the record: a network can link to only one zone of a name, so remove its link \
                     to the other one first"
                ),
                format!(
                    "every name of {zone} in that network: records that exist only in the old zone \
                     stop resolving there"
                ),
            )
            .or()
            .undo("remove the new link and link the old zone again: note its id first"),
        )
}
