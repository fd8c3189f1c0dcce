//! The private zone is linked and lacks the record, and its link falls back to the internet: the
//! answer is public in place of NXDOMAIN (fact C25).

use crate::diagnose::azure::zone_steps;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Link, Record, falls_back};
use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};

use super::{text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-zone-falls-back",
    Dns,
    "The private zone lacks the record, and its link falls back to the internet",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.yields_to(&["dns-zone-twin"])
.short("the private zone lacks the record, and its link falls back");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    let (origin, state, r) = (case.origin()?, case.linked()?, case.resolver);
    let Link::Done(link) = state.link else { return None };
    let given = r.outcome.addresses();
    let public = !given.is_empty() && given.iter().all(|a| resolver_view::could_be_public(*a));
    if state.record != Record::Absent || !falls_back(link) || !public {
        return None;
    }
    let (all, outside) = zone_not_linked::unwanted(e)?;
    let read = state.zone.links.proved().is_some();
    let confidence =
        if origin.decides() && read { Confidence::Proved } else { Confidence::Inferred };
    let network = origin.network.name();
    let level = zone_not_linked::level(e, all.len() > outside.len());
    let headline = Clause::from(format!("{} lacks the record, and its link falls back", case.zone))
        .or("the private zone lacks the record, and its link falls back");
    let mut finding = FindingBuilder::new(level, confidence, headline)
        .fact(zone_not_linked::chain(r, &e.dns.name, &outside))
        .fact(format!(
            "{} (resource group {}) has no record {} (404)",
            case.zone,
            state.zone.id.group(),
            case.record
        ))
        .fact(format!(
            "its link {} to {network} has the resolution policy NxDomainRedirect",
            link.id.name()
        ))
        .fact(format!("{} is {}, in {network}", r.label(), origin.server.noun()))
        .cites(r.pointer())
        .cites(format!("/azure{}/links", state.pointer))
        .cites(format!("/azure{}/record", state.pointer))
        .reasoning(
            "with that policy Azure DNS asks the internet for names that the zone lacks, so calls \
             go to the public address unnoticed",
        )
        .ruled_out("a missing link")
        .owner("DNS");
    if let Some(condition) = &origin.provided {
        finding = finding
            .reasoning(format!("this is the cause if {condition}, which Azure does not show"));
    }
    finding = finding.step(zone_steps::see_records(&state.zone.id));
    finding = match azure.right_addresses().first() {
        Some(one) => finding
            .step(zone_steps::see_groups(&one.endpoint.id))
            .step(zone_steps::register(one.endpoint, &state.zone.id)),
        None => finding.step(Step::inspect(
            "see whether the account has an approved private endpoint: without one no record is \
             registered, and the public address is right",
        )),
    };
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}
