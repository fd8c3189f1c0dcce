//! Why the private zone has no record of the account.

use crate::diagnose::azure::{Proof, Ruling, zone_steps};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Link, Record, ZoneState};
use crate::diagnosis::Effect;
use crate::evidence::azure::{Answer, PrivateEndpoint};

use super::{by_origin, missing, named, not_placed, open, who};

/// Why the zone that the resolver sees has no record.
pub(super) fn record_missing(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let Some(state) = seen_by_resolver(&case, azure) else {
        let zones = missing(
            &azure.estate().zones,
            "Microsoft.Network/privateDnsZones/read",
            format!("the resource group of {}", case.zone),
        );
        return open([zones]).or_else(|| not_placed(azure, &case));
    };
    // The resolver sees a private zone, and no visible one is linked to its network.
    let missing_link = |state: &ZoneState<'_>| matches!(state.link, Link::Missing);
    if let Some(origin) = case.origin().filter(|origin| origin.decides())
        && case.zones.iter().all(missing_link)
    {
        return Some(Ruling::Open(vec![format!(
            "Microsoft.Network/privateDnsZones/read over the resource group of the zone that {} is \
             linked to (none of the visible zones {} is)",
            origin.network.name(),
            case.zone
        )]));
    }
    if state.record == Record::Unknown {
        let right = "Microsoft.Network/privateDnsZones/A/read";
        return open([missing(&state.zone.record, right, state.zone.id.as_str())]);
    }
    match why_absent(azure, &case) {
        Some(proof) => Some(by_zone(&case, proof)),
        None => open(azure.estate().endpoints.items().iter().map(|endpoint| {
            missing(
                &endpoint.zone_groups,
                "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read",
                endpoint.id.as_str(),
            )
        })),
    }
}

/// The same for a zone that is known to lack it: the finding says so already.
pub(super) fn falls_back(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let proof = why_absent(azure, &ZoneCase::of(e, azure)?)?;
    Some(Ruling::Notes(Proof { headline: None, ..proof }))
}

/// Proved where the resolver certainly sees this zone; else suggested, with nothing that changes it.
pub(super) fn by_zone(case: &ZoneCase<'_>, mut proof: Proof) -> Ruling {
    if case.shows_what_is_seen() {
        return Ruling::Proves(proof);
    }
    proof.steps.retain(|step| step.effect == Effect::ReadOnly);
    match case.origin() {
        Some(origin) if !origin.decides() => by_origin(origin, proof),
        _ => {
            Ruling::Suggests(Proof { headline: None, ..proof }.reasoning(format!(
                "it is not certain that {} asks this zone",
                case.resolver.label()
            )))
        }
    }
}

/// The zone that the resolver sees: the linked one, else the only one.
fn seen_by_resolver<'a, 'v>(
    case: &'a ZoneCase<'v>,
    azure: &AzureView<'_>,
) -> Option<&'a ZoneState<'v>> {
    case.linked().or_else(|| case.wanted(azure))
}

/// Why the zone lacks the record, where the zone itself (404) and an endpoint's groups were read.
pub(super) fn why_absent(azure: &AzureView<'_>, case: &ZoneCase<'_>) -> Option<Proof> {
    let state = seen_by_resolver(case, azure)?;
    if state.record != Record::Absent {
        return None;
    }
    let base = || {
        let proof = Proof::default()
            .fact(format!("{} has no record {} (404)", named(&state.zone.id), case.record))
            .cites(format!("{}/record", state.pointer))
            .owner("DNS");
        match case.origin() {
            Some(origin) => {
                proof.fact(who(&case.resolver.label(), origin)).cites(origin.server.pointer())
            }
            None => proof,
        }
    };
    let approved = azure.approved()?;
    if approved.is_empty() {
        return Some(
            base()
                .headline("the account has no approved private endpoint, and its zone no record")
                .fact("the account has no approved private endpoint connection")
                .reasoning(
                    "every connection of the account was read: none is approved, so no endpoint \
                     can register a record",
                )
                .cites("/estate/connections")
                .ruled_out("a record that was registered in another zone"),
        );
    }
    let right = azure.right_addresses();
    let endpoint = right.first()?.endpoint;
    let Answer::Read { value: groups } = &endpoint.zone_groups else { return None };
    let proof = base()
        .cites("/estate/endpoints")
        .step(zone_steps::see_groups(&endpoint.id))
        .step(zone_steps::register(endpoint, &state.zone.id));
    let name = endpoint.id.name();
    if groups.is_empty() {
        return Some(
            proof
                .headline(
                    Clause::from(format!("{name} has no DNS zone group, and the zone no record"))
                        .or("the endpoint has no DNS zone group, and the zone has no record"),
                )
                .fact(format!("the private endpoint {} has no DNS zone group", named(&endpoint.id)))
                .reasoning("no zone group registers the endpoint's address, and no record was added by hand")
                .ruled_out("a record in another zone, and a missing link"),
        );
    }
    if groups.iter().any(|group| group.zone == state.zone.id) {
        return Some(deleted(proof, azure, case, state, endpoint));
    }
    // A group cannot hold two zones of one name: which one is right is a matter of the links.
    if groups.iter().any(|group| group.zone.name().eq_ignore_ascii_case(state.zone.id.name())) {
        return None;
    }
    let zones: Vec<String> = groups.iter().map(|group| named(&group.zone)).collect();
    Some(
        proof
            .headline(
                Clause::from(format!("the zone group of {name} lacks {}", case.zone))
                    .or("the endpoint's zone group lacks the zone"),
            )
            .fact(format!("the zone group of {name} registers in {}", zones.join(", ")))
            .reasoning(format!(
                "the endpoint registers in other zones than {}, which the resolver sees",
                named(&state.zone.id)
            )),
    )
}

/// The group names the zone, and the record is not there: something deleted it.
fn deleted(
    proof: Proof,
    azure: &AzureView<'_>,
    case: &ZoneCase<'_>,
    state: &ZoneState<'_>,
    endpoint: &PrivateEndpoint,
) -> Proof {
    let right = azure.right_addresses().first().map(|one| one.address);
    let mut proof = Proof { steps: Vec::new(), ..proof }
        .headline(
            Clause::from(format!(
                "{} registers in the zone, and its record is gone",
                endpoint.id.name()
            ))
            .or("the endpoint registers in the zone, and its record is gone"),
        )
        .fact(format!("the zone group of {} names this zone", endpoint.id.name()))
        .reasoning(
            "the zone group has registered the record, and it is not there: it was deleted by hand \
             or together with another endpoint of the same name",
        )
        .ruled_out("a missing zone group")
        .step(zone_steps::see_records(&state.zone.id));
    for step in right
        .into_iter()
        .flat_map(|right| zone_steps::correct_record(state, &case.record, &[], right))
    {
        proof = proof.step(step);
    }
    proof
}
