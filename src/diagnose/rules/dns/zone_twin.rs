//! Two private zones of one name, and the resolver's network is linked to the one without the record
//! (facts C25, C49): a network can link to only one zone of a name.

use crate::diagnose::azure::zone_steps;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Link, Record, falls_back};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::record_gap::{self, RecordGap};
use super::{downstream, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-zone-twin",
    Dns,
    "The network is linked to another zone of the same name, without the record",
    Code(check)
)
.explains(&["dns-system-fails"])
.explains_groups(zone_not_linked::SYMPTOMS)
.short("the network is linked to another zone of that name, without the record");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    let (origin, empty) = (case.origin()?, case.linked()?);
    if empty.record != Record::Absent {
        return None;
    }
    let full = case
        .zones
        .iter()
        .find(|state| matches!(state.record, Record::Right(_) | Record::Given(_)))?;
    let level = match (record_gap::of(e), zone_not_linked::unwanted(e)) {
        (Some((_, RecordGap::Record)), _) => downstream::level_without_address(e),
        // Only a link that falls back gives a public address for a record that its zone lacks.
        (_, Some((all, outside))) if matches!(empty.link, Link::Done(link) if falls_back(link)) => {
            zone_not_linked::level(e, all.len() > outside.len())
        }
        _ => return None,
    };
    let read = empty.zone.links.proved().is_some();
    let confidence =
        if origin.decides() && read { Confidence::Proved } else { Confidence::Inferred };
    let (network, r) = (origin.network.name(), case.resolver);
    let (here, there) = (empty.zone.id.group(), full.zone.id.group());
    let headline = match here == there {
        true => Clause::from("the network is linked to another zone of that name"),
        false => Clause::from(format!(
            "{network} is linked to the zone in {here}, the record is in {there}"
        ))
        .or("the network is linked to another zone of that name"),
    };
    let (Record::Right(addresses) | Record::Given(addresses)) = &full.record else { return None };
    let mut finding = FindingBuilder::new(level, confidence, headline)
        .fact(format!(
            "{} in resource group {there}: {} -> {}; not linked to {network} (wanted)",
            case.zone,
            case.record,
            reading::list(addresses)
        ))
        .fact(format!(
            "{} in resource group {here}: no record {}; linked to {network}",
            case.zone, case.record
        ))
        .fact(format!("{} at {}: {}", e.dns.name, r.label(), text::outcome(r)))
        .fact(format!("{} is {}, in {network}", r.label(), origin.server.noun()))
        .cites(r.pointer())
        .cites(format!("/azure{}/links", empty.pointer))
        .cites(format!("/azure{}/record", full.pointer))
        .reasoning(format!(
            "two private zones have the name {}, and a network sees only the one that it is linked \
             to",
            case.zone
        ))
        .ruled_out("a missing record: the other zone has it")
        .owner("DNS")
        .step(zone_steps::see_records(&empty.zone.id))
        .step(zone_steps::see_links(&full.zone.id));
    if let Some(condition) = &origin.provided {
        finding = finding
            .reasoning(format!("this is the cause if {condition}, which Azure does not show"));
    }
    if let Link::Done(link) = empty.link {
        let affects = format!(
            "every name of {} in {network}: records that exist only in the zone of {here} stop \
             resolving there",
            case.zone
        );
        finding = finding
            .step(zone_steps::unlink(&link.id, &empty.zone.id, &origin.network, affects))
            .step(zone_steps::link(&full.zone.id, &origin.network, reading::public_suffix(e)));
    }
    // A zone group cannot hold a second zone of that name next to the first.
    if let Some(one) = azure.right_addresses().first() {
        let add = zone_steps::correct_record(empty, &case.record, &[], one.address);
        finding = add.into_iter().map(Step::or).fold(finding, FindingBuilder::step).reasoning(
            "a record that is added to the linked zone by hand is not updated when the endpoint is \
             created anew",
        );
    }
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}
